//! Who stands where, asked of all regions at most twice a second, however many ask.

use crate::actors::mailbox::answer;
use crate::actors::node::Node;
use crate::actors::region::RegionMessage;
use crate::base::time::Tick;
use crate::domain::agent::Handle;
use crate::domain::refusal::Refusal;
use crate::domain::space::Vec3;
use crate::store::agent::Totals;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How long a survey counts as fresh. Units: milliseconds.
const FRESH_MS: i64 = 500;
/// How long one region may take to answer; a region that is slower is left out.
const DEADLINE: Duration = Duration::from_secs(2);

/// An agent in the world.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Who.
    pub handle: Handle,
    /// Its display name.
    pub name: String,
    /// The region it is in.
    pub region: String,
    /// Where.
    pub at: Vec3,
    /// What it shows.
    pub status: String,
}

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
    let asks = node.directory.shards().into_iter().map(|(_, seats)| async move {
        let ask = |reply| {
            RegionMessage::Look(Box::new(move |state, tick: Tick| {
                let standing = state.bodies().map(|body| Standing {
                    handle: body.profile.handle.clone(),
                    name: body.profile.name.clone(),
                    region: state.plan.name.clone(),
                    at: state.position(body, tick).rounded(),
                    status: body.status.clone(),
                });
                answer(reply, Ok(standing.collect::<Vec<_>>()));
            }))
        };
        seats.region.ask(DEADLINE, ask).await
    });
    let answers = futures_util::future::join_all(asks).await;
    // A region that loads or is too busy answers nothing; its agents are missing from this survey only.
    let agents = answers
        .into_iter()
        .flatten()
        .flatten()
        .map(|agent| (agent.handle.clone(), agent))
        .collect();
    Survey { agents }
}
