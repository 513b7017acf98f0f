//! Who stands where, asked of all regions at most twice a second, however many ask.

use crate::actors::node::Node;
use crate::actors::survey;
pub use crate::actors::survey::Standing;
use crate::actors::users::Everywhere;
use crate::domain::agent::Handle;
use crate::domain::refusal::Refusal;
use crate::store::agent::Totals;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// How long a survey counts as fresh. Units: milliseconds.
const FRESH_MS: i64 = 500;

/// All agents in the world, by handle.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Who is in the world, by handle.
    pub agents: BTreeMap<Handle, Standing>,
}

impl Survey {
    /// How many agents are in a region.
    pub fn count(&self, region: &str) -> usize {
        self.agents
            .values()
            .filter(|agent| agent.region == region)
            .count()
    }
}

/// The latest of what is asked of many; one task at a time makes a new one, the others wait for it.
struct Latest<T>(Mutex<Option<(i64, T)>>);

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Latest<T> {
    /// At most half a second old. Errors: those of `make`.
    async fn get(&self, node: &Node, make: impl AsyncFnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
        let mut latest = self.0.lock().await;
        let now_ms = node.clock.monotonic_ms();
        if let Some((made_ms, known)) = &*latest
            && now_ms.saturating_sub(*made_ms) < FRESH_MS
        {
            return Ok(known.clone());
        }
        let made = make().await?;
        // From now on: those who waited meanwhile do not all ask again, however long it took.
        *latest = Some((node.clock.monotonic_ms(), made.clone()));
        Ok(made)
    }
}

/// The latest survey and the latest counts.
#[derive(Default)]
pub struct Surveys {
    survey: Latest<Arc<Survey>>,
    totals: Latest<Totals>,
    stats: Latest<Arc<Everywhere>>,
    activity: Latest<Arc<Everywhere>>,
}

impl Surveys {
    /// Who stands where, at most half a second old.
    pub async fn survey(&self, node: &Node) -> Arc<Survey> {
        let survey = self.survey.get(node, async || Ok(Arc::new(ask_all(node).await)));
        // Asking all does not fail: who does not answer is left out.
        survey.await.unwrap_or_default()
    }

    /// Counts of the whole world, at most half a second old. Errors: the store's.
    pub async fn totals(&self, node: &Node) -> Result<Totals, Refusal> {
        let read = async || node.database.read(|reader| reader.totals()).await;
        self.totals.get(node, read).await
    }

    /// What all nodes count, at most half a second old. Errors: temporary ones.
    pub async fn stats(&self, node: &Node) -> Result<Arc<Everywhere>, Refusal> {
        let ask = async || Ok(Arc::new(node.stats_everywhere(true).await?));
        self.stats.get(node, ask).await
    }

    /// What all nodes count without asking their hubs, at most half a second old. Errors: as `stats`.
    pub async fn activity(&self, node: &Node) -> Result<Arc<Everywhere>, Refusal> {
        let ask = async || Ok(Arc::new(node.stats_everywhere(false).await?));
        self.activity.get(node, ask).await
    }
}

async fn ask_all(node: &Node) -> Survey {
    let agents = survey::everywhere(node).await.into_iter();
    Survey {
        agents: agents.map(|agent| (agent.handle.clone(), agent)).collect(),
    }
}
