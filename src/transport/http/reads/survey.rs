//! Who stands where, asked of all regions at most twice a second, however many ask.

use crate::actors::node::Node;
use crate::actors::survey;
pub use crate::actors::survey::Standing;
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

/// The latest survey and the latest counts; one task at a time makes a new one, the others wait for it.
#[derive(Default)]
pub struct Surveys {
    survey: Mutex<Option<(i64, Arc<Survey>)>>,
    totals: Mutex<Option<(i64, Totals)>>,
}

impl Surveys {
    /// Who stands where, at most half a second old.
    pub async fn survey(&self, node: &Node) -> Arc<Survey> {
        let mut latest = self.survey.lock().await;
        let now_ms = node.clock.monotonic_ms();
        if let Some((made_ms, survey)) = &*latest
            && now_ms.saturating_sub(*made_ms) < FRESH_MS
        {
            return Arc::clone(survey);
        }
        let survey = Arc::new(ask_all(node).await);
        *latest = Some((now_ms, Arc::clone(&survey)));
        survey
    }

    /// Counts of the whole world, at most half a second old. Errors: the store's.
    pub async fn totals(&self, node: &Node) -> Result<Totals, Refusal> {
        let mut latest = self.totals.lock().await;
        let now_ms = node.clock.monotonic_ms();
        if let Some((made_ms, totals)) = &*latest
            && now_ms.saturating_sub(*made_ms) < FRESH_MS
        {
            return Ok(*totals);
        }
        let totals = node.database.read(|reader| reader.totals()).await?;
        *latest = Some((now_ms, totals));
        Ok(totals)
    }
}

async fn ask_all(node: &Node) -> Survey {
    let agents = survey::everywhere(node).await.into_iter();
    Survey {
        agents: agents.map(|agent| (agent.handle.clone(), agent)).collect(),
    }
}
