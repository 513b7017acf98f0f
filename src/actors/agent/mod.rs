//! The actor of an agent: its limits, its commands under way, its sockets. One an agent in the whole world.

mod act;
pub mod commands;
mod figures;
mod join;
mod leave;
mod limits;
mod lookup;
mod parked;
mod place;
mod presence;
mod prompt;
mod rates;
mod sight;
#[cfg(test)]
mod tests;

use commands::Commands;
pub(super) use commands::replay;
pub use join::{Join, Joined, Joiner};
pub use limits::{AgentLimits, Counted};
pub use parked::ParkedLimits;
pub use prompt::{Suggestion, refused as prompts_refused};

use super::directory::AgentSeat;
use super::mailbox::{Reply, Seat, answer};
use super::node::Node;
use super::quarantine::Culprit;
use super::region::RegionActor;
use super::request::Request;
use super::watch::{self, Role, Stage};
use crate::base::id::{AgentId, SessionId, ShardId};
use crate::base::time::Timestamp;
use crate::domain::agent::{Handle, Profile};
use crate::domain::refusal::{Code, Refusal};
use crate::store::agent::AgentRow;
use actix::SpawnHandle;
use std::sync::Arc;
use std::time::Duration;

/// What an agent's actor is told.
pub enum AgentMessage {
    /// Do this.
    Act(Box<Request>),
    /// A socket or a REST client comes.
    Join(Box<Join>),
    /// A socket is gone.
    Part(SessionId),
    /// The agent is in this shard of this region now, after so many hand-offs.
    Moved(ShardId, String, i64),
    /// Another node runs this shard now, and with it the agents in it.
    ShardEnded(ShardId),
    /// The agent wants to leave the world at once.
    Disconnect(Reply<()>),
    /// What is known of the agent changed.
    Changed(Box<AgentRow>),
    /// Counts something that is no action against the agent's limits. A perception is activity too.
    Count(Counted, Reply<()>),
    /// A spectator suggests something.
    Suggest(Box<Suggestion>),
    /// What it used up of its limits on the node that it comes from. Units: milliseconds until each is as good as new.
    Limits([i64; 4]),
}

/// The actor of one agent.
pub struct AgentActor {
    node: Arc<Node>,
    handle: Handle,
    row: Option<AgentRow>,
    profile: Option<Arc<Profile>>,
    place: Option<Place>,
    presence: presence::Presence,
    /// None once the actor ends and has left them to the node.
    limits: Option<AgentLimits>,
    /// The next look after itself.
    next_look: Option<SpawnHandle>,
    commands: Commands,
    rates: rates::Rates,
    /// Its agent is another node's: it ends when its last commands are answered.
    is_departed: bool,
}

/// The shard that an agent is in.
#[derive(Clone)]
struct Place {
    shard: ShardId,
    region_name: String,
    /// Whether outside tools may know of it.
    is_public: bool,
    region: Seat<RegionActor>,
    /// The hand-off that it came by, as far as is known: news of an earlier one is no news.
    hop: i64,
}

impl AgentActor {
    /// An agent's actor, empty until it begins; it takes over what the agent used up before.
    pub fn new(node: Arc<Node>, handle: Handle) -> Self {
        let parked = node.parked_limits.take(&handle);
        let limits = Some(parked.unwrap_or_else(|| AgentLimits::new(&node.limits)));
        let presence = presence::Presence::default();
        Self {
            node,
            handle,
            row: None,
            profile: None,
            place: None,
            presence,
            limits,
            next_look: None,
            commands: Commands::default(),
            rates: rates::Rates::default(),
            is_departed: false,
        }
    }

    /// Starts an agent's actor on a shard's thread.
    pub fn start(
        node: &Arc<Node>,
        arbiter: &actix_rt::ArbiterHandle,
        id: AgentId,
        handle: Handle,
    ) -> AgentSeat {
        let shared = Arc::clone(node);
        AgentSeat {
            id,
            seat: watch::start_in(arbiter, &node.quarantine, move || Self::new(shared, handle)),
        }
    }

    fn load(&mut self, stage: &mut Stage<Self>) {
        let (node, handle) = (Arc::clone(&self.node), self.handle.clone());
        let work = async move { node.database.agent(&handle).await };
        watch::first(stage, work, |me, row, stage| match row {
            Ok(Some(row)) => me.install(row, stage),
            Ok(None) => me.end(stage),
            Err(refusal) => {
                tracing::error!(agent.handle = %me.handle, "agent {} could not be loaded: {refusal}", me.handle);
                watch::later(stage, Duration::from_millis(500), Self::load);
            }
        });
    }

    fn install(&mut self, row: AgentRow, stage: &mut Stage<Self>) {
        self.profile = Some(Arc::new(row.profile()));
        if let Some(shard) = row.shard.filter(|_| row.is_in_world) {
            self.set_place(shard, row.region.clone().unwrap_or_default(), row.hop);
        }
        self.row = Some(row);
        self.presence.begin(self.node.now());
        self.watch_again();
        self.look_again(stage);
    }

    fn set_place(&mut self, shard: ShardId, region_name: String, hop: i64) {
        let directory = &self.node.directory;
        let is_public = directory.world().is_public(&region_name);
        self.place = directory.shard(shard).map(|seats| Place {
            shard,
            region_name,
            is_public,
            region: seats.region,
            hop,
        });
    }

    /// The profile, once loaded. Errors: `unavailable` while loading.
    fn profile(&self) -> Result<Arc<Profile>, Refusal> {
        self.profile.clone().ok_or_else(Refusal::unavailable)
    }

    /// Counts against the agent's limits. Errors: `rate_limited`; `moving` when the actor has left them to the node.
    fn check(&mut self, what: Counted) -> Result<(), Refusal> {
        let limits = self.limits.as_mut().ok_or_else(leaving)?;
        limits.check(what, &self.node.clock)
    }

    /// Ends this actor for good. Its limits go first: whoever finds no actor any more finds them with the node.
    fn end(&mut self, stage: &mut Stage<Self>) {
        if let Some(profile) = &self.profile {
            self.node.directory.note_guest(profile.id, None);
        }
        if let Some(limits) = self.limits.take() {
            self.node
                .parked_limits
                .park(&self.handle, limits, &self.node.clock);
        }
        if let Some(me) = self.node.directory.agent(&self.handle) {
            self.node.directory.remove_agent(&self.handle, &me.seat);
        }
        watch::finish(stage);
    }

    fn changed(&mut self, row: AgentRow) {
        let profile = Arc::new(row.profile());
        if let Some(place) = &self.place {
            place
                .region
                .order(super::region::RegionMessage::Profile(Arc::clone(&profile)));
        }
        self.profile = Some(profile);
        if let Some(old) = &mut self.row {
            let place = (old.region.take(), old.shard, old.at, old.hop, old.is_in_world);
            *old = row;
            (old.region, old.shard, old.at, old.hop, old.is_in_world) = place;
        }
    }

    fn now(&self) -> Timestamp {
        self.node.now()
    }
}

impl Role for AgentActor {
    type Message = AgentMessage;
    const NAME: &'static str = "agent";
    const CAPACITY: usize = 1_024;

    fn begin(&mut self, stage: &mut Stage<Self>) {
        self.load(stage);
    }

    // The sockets are still there: they stay, and so do the limits. Commands under way lose their waiters, who hear `unavailable`.
    fn forget(&mut self) {
        (self.row, self.profile, self.place) = (None, None, None);
        self.commands.clear();
        self.next_look = None;
        self.presence.forget_joining();
    }

    fn culprit(message: &AgentMessage) -> Option<Culprit> {
        match message {
            AgentMessage::Act(request) => Some(request.culprit(request.agent)),
            _ => None,
        }
    }

    fn take(&mut self, message: AgentMessage, stage: &mut Stage<Self>) {
        match message {
            AgentMessage::Act(request) => self.act(*request, stage),
            AgentMessage::Join(join) => self.join(*join, stage),
            AgentMessage::Part(session) => {
                self.part(session);
                self.look_again(stage);
            }
            AgentMessage::Moved(shard, region, hop) => {
                self.moved(shard, region, hop);
                self.strand_if_lost(stage);
            }
            AgentMessage::ShardEnded(shard) => self.shard_ended(shard, stage),
            AgentMessage::Disconnect(reply) => self.leave_world(Some(reply), stage),
            AgentMessage::Changed(row) => self.changed(*row),
            AgentMessage::Count(what, reply) => {
                if what == Counted::Perception {
                    let now = self.node.now();
                    self.presence.note_seen(now);
                }
                answer(reply, self.check(what));
            }
            AgentMessage::Suggest(suggestion) => self.suggest(*suggestion),
            AgentMessage::Limits(idle_in_ms) => {
                let (limits, clock) = (&self.node.limits, &self.node.clock);
                let used = AgentLimits::idle_in(limits, idle_in_ms, clock);
                if let Some(limits) = &mut self.limits {
                    limits.merge(&used);
                }
            }
        }
    }
}

/// The refusal of an actor that ends.
fn leaving() -> Refusal {
    Refusal::new(Code::Moving, "the agent is leaving the world").retry_after(100)
}
