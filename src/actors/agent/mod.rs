//! The actor of an agent: its limits, its commands under way, its sockets. One an agent in the whole world.

mod act;
mod lookup;
mod presence;
mod prompt;
mod rates;

pub(super) use act::replay;
pub use presence::{Join, Joined, Joiner};
pub use prompt::{Suggestion, refused as prompts_refused};

use super::directory::AgentSeat;
use super::mailbox::{Reply, Seat, answer};
use super::node::{Limiter, Node};
use super::quarantine::Culprit;
use super::region::RegionActor;
use super::request::{Receipt, Request};
use super::watch::{self, Role, Stage};
use crate::base::id::{AgentId, SessionId, ShardId};
use crate::base::time::Timestamp;
use crate::config::Bucket;
use crate::domain::agent::{Handle, Profile};
use crate::domain::refusal::Refusal;
use crate::store::agent::AgentRow;
use std::collections::HashMap;
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
    /// The agent wants to leave the world at once.
    Disconnect(Reply<()>),
    /// What is known of the agent changed.
    Changed(Box<AgentRow>),
    /// May a new connection be opened.
    Connect(Reply<()>),
    /// May this agent ask about the world now. Counts as activity.
    Perceive(Reply<()>),
    /// A spectator suggests something.
    Suggest(Box<Suggestion>),
}

/// The actor of one agent.
pub struct AgentActor {
    node: Arc<Node>,
    handle: Handle,
    row: Option<AgentRow>,
    profile: Option<Arc<Profile>>,
    place: Option<Place>,
    presence: presence::Presence,
    limits: AgentLimits,
    in_flight: HashMap<String, InFlight>,
    rates: rates::Rates,
}

/// The shard that an agent is in.
#[derive(Clone)]
struct Place {
    shard: ShardId,
    region_name: String,
    region: Seat<RegionActor>,
    /// The hand-off that it came by, as far as is known: news of an earlier one is no news.
    hop: i64,
}

/// The limits of one agent, kept by its one owner.
struct AgentLimits {
    actions: Limiter,
    perceptions: Limiter,
    connections: Limiter,
    suggestions: Limiter,
}

/// A durable command under way, with those who asked for the same.
struct InFlight {
    body_hash: [u8; 32],
    waiters: Vec<Reply<Receipt>>,
}

impl AgentActor {
    /// An agent's actor, empty until it begins.
    pub fn new(node: Arc<Node>, handle: Handle) -> Self {
        let limits = AgentLimits {
            actions: node.limiter(Bucket::Actions),
            perceptions: node.limiter(Bucket::Perceptions),
            connections: node.limiter(Bucket::Connections),
            suggestions: node.limiter(Bucket::PromptsToAgent),
        };
        let presence = presence::Presence::default();
        Self {
            node,
            handle,
            row: None,
            profile: None,
            place: None,
            presence,
            limits,
            in_flight: HashMap::new(),
            rates: rates::Rates::default(),
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
        let work = async move {
            node.database
                .read(move |reader| reader.agent_by_handle(&handle))
                .await
        };
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
        watch::every(stage, Duration::from_secs(1), Self::look_after);
    }

    fn set_place(&mut self, shard: ShardId, region_name: String, hop: i64) {
        let seats = self.node.directory.shard(shard);
        self.place = seats.map(|seats| Place {
            shard,
            region_name,
            region: seats.region,
            hop,
        });
    }

    /// The profile, once loaded. Errors: `unavailable` while loading.
    fn profile(&self) -> Result<Arc<Profile>, Refusal> {
        self.profile.clone().ok_or_else(Refusal::unavailable)
    }

    /// Ends this actor for good.
    fn end(&mut self, stage: &mut Stage<Self>) {
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

    // The sockets are still there: they stay. Commands under way lose their waiters, who hear `unavailable`.
    fn forget(&mut self) {
        (self.row, self.profile, self.place) = (None, None, None);
        self.in_flight.clear();
        self.presence.forget_joining();
    }

    fn culprit(message: &AgentMessage) -> Option<Culprit> {
        match message {
            AgentMessage::Act(request) => Some(request.culprit(request.agent)),
            _ => None,
        }
    }

    fn take(&mut self, message: AgentMessage, stage: &mut Stage<Self>) {
        let clock = &self.node.clock;
        match message {
            AgentMessage::Act(request) => self.act(*request, stage),
            AgentMessage::Join(join) => self.join(*join, stage),
            AgentMessage::Part(session) => self.part(session),
            AgentMessage::Moved(shard, region, hop) => self.moved(shard, region, hop),
            AgentMessage::Disconnect(reply) => self.leave_world(Some(reply), stage),
            AgentMessage::Changed(row) => self.changed(*row),
            AgentMessage::Connect(reply) => answer(reply, self.limits.connections.check(clock)),
            AgentMessage::Perceive(reply) => {
                let now = self.node.now();
                self.presence.note_seen(now);
                answer(reply, self.limits.perceptions.check(clock));
            }
            AgentMessage::Suggest(suggestion) => self.suggest(*suggestion),
        }
    }
}
