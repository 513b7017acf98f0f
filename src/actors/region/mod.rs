//! The actor of a region's shard: owns who is where. Everything here is memory; what must last goes through the committer.

mod act;
mod afar;
mod border;
mod checkpoint;
mod coming;
mod conversation;
mod crossing;
mod mirror;
mod neighbours;
mod offer;
#[cfg(test)]
mod tests;
mod tick;
mod tracking;
mod viewers;

pub use act::check_settled;
pub use checkpoint::{bodies, encode};
pub use coming::{Entered, Entering};
pub use crossing::Arrival;
pub use neighbours::Sightings;
pub use offer::{Destination, Fate, Overtaken, Step, overtaken};
pub use viewers::{Centre, Focus, Viewer};

use super::committer::Committer;
use super::fanout::Fanout;
use super::hub::{HubMessage, Whom};
use super::lease::ShardLease;
use super::mailbox::{Reply, Seat, answer};
use super::node::{DEADLINE, Node};
use super::quarantine::Culprit;
use super::request::Request;
use super::watch::{self, Role, Stage};
use crate::base::id::{AgentId, ConversationId, SessionId, ShardId};
use crate::base::time::Tick;
use crate::domain::agent::Profile;
use crate::domain::conversation::Conversation;
use crate::domain::object::ObjectChange;
use crate::domain::refusal::Refusal;
use crate::domain::region::{Beyond, RegionPlan, RegionState, ShardPlan};
use crate::domain::scene::Change;
use crate::domain::space::Vec3;
use crate::wire::Disconnect;
use conversation::Conversations;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use viewers::Viewers;

/// A look at a region's state, for reads that transports make.
pub type Look = Box<dyn FnOnce(&RegionState, Tick) + Send>;

/// What a region's actor is told.
pub enum RegionMessage {
    /// An agent acts.
    Act(Arc<Profile>, Box<Request>),
    /// An agent comes into the world here.
    Enter(Box<Entering>),
    /// An agent goes out of the world.
    Leave(AgentId, Reply<()>),
    /// An agent comes from another shard.
    Arrive(Box<Arrival>),
    /// What became of an agent that was offered elsewhere under this hand-off, or that wanted to leave.
    HandedOver(AgentId, i64, Fate),
    /// An agent is in another shard by this hand-off, which this one may not know of.
    Overtaken(AgentId, i64, Destination),
    /// Agents of that shard follow these: it wants to know where they go.
    Track(ShardId, Vec<AgentId>),
    /// What that shard knows of an agent that is followed from here; none when it is gone.
    Tracked(AgentId, ShardId, Option<Beyond>),
    /// What that shard, a neighbour, sees near this one's land.
    Sightings(ShardId, Arc<Sightings>),
    /// That shard, a neighbour, wants to know all that is seen near its land.
    AskSightings(ShardId),
    /// A commit of this agent is on disk: memory follows.
    Settled(AgentId, Vec<Settled>),
    /// An agent that entered is on disk.
    Entered(Box<Entered>),
    /// An agent that left is on disk.
    Left(Arc<Profile>),
    /// A session watches from now on; answers where its focus is.
    Watch(Viewer, Reply<Option<Vec3>>),
    /// A session watches no more.
    Unwatch(SessionId),
    /// Another node is gone whose sockets were reached by this hub.
    HubGone(usize),
    /// Another node, whose sockets are reached by this hub, missed something.
    HubMissed(usize),
    /// What is known of an agent changed.
    Profile(Arc<Profile>),
    /// Somebody wants to look.
    Look(Look),
    /// A conversation here is on disk as it is now.
    Conversed(Box<Conversation>),
    /// The actor of a conversation failed too often: nobody is in it any more.
    ConversationLost(ConversationId),
    /// The shard was claimed anew: load it from the store.
    Reload,
    /// Another node runs the shard: end.
    End,
    /// Save the positions now; answered when they are on disk.
    Save(Reply<()>),
}

/// Looks at a region's state on its own thread.
/// Errors: `unavailable` while it loads, `busy`, `timeout`.
pub async fn look<T: Send + 'static>(
    region: &Seat<RegionActor>,
    look: impl FnOnce(&RegionState, Tick) -> T + Send + 'static,
) -> Result<T, Refusal> {
    region
        .ask(DEADLINE, |reply| {
            RegionMessage::Look(Box::new(move |state, tick| answer(reply, Ok(look(state, tick)))))
        })
        .await
}

/// What memory does after a commit.
pub enum Settled {
    /// A change of the agent.
    Change(Change),
    /// A change of an object.
    Object(String, ObjectChange),
    /// A conversation as it is on disk now.
    Conversation(Box<Conversation>),
    /// The agent stands somewhere else, after so many hand-offs.
    Stand(Vec3, i64),
}

impl Settled {
    /// The same, when it is about an object.
    fn of_object(&self) -> Option<Self> {
        match self {
            Settled::Object(object, change) => Some(Settled::Object(object.clone(), change.clone())),
            Settled::Change(_) | Settled::Conversation(_) | Settled::Stand(..) => None,
        }
    }
}

/// Before the first tick.
const NEVER: Tick = Tick(i64::MIN);

/// The actor of one shard.
pub struct RegionActor {
    node: Arc<Node>,
    plan: RegionPlan,
    shard: ShardPlan,
    committer: Seat<Committer>,
    lease: Arc<ShardLease>,
    fanout: Fanout,
    state: Option<RegionState>,
    viewers: Viewers,
    /// Agents on their way in: they have a place in the capacity already.
    coming: HashSet<AgentId>,
    conversations: Conversations,
    tick: Tick,
    spell: i64,
    is_ticking: bool,
    beat_at: Option<Tick>,
    /// When it was last looked whether a snapshot is due.
    snapshot_at: Option<Tick>,
    /// What agents showed that nobody came back for since the start.
    away: HashMap<AgentId, String>,
    /// Agents that another shard took lately: when, and where those go who walked there.
    departed: HashMap<AgentId, (Tick, Option<Beyond>)>,
    /// Agents that wait at the border for a hand-off.
    waiting: HashMap<AgentId, border::Waiting>,
    tracked: tracking::Tracked,
    neighbours: neighbours::Neighbours,
}

impl RegionActor {
    /// The actor of a shard, empty until it begins.
    pub fn new(
        node: Arc<Node>,
        plan: RegionPlan,
        shard: ShardPlan,
        committer: Seat<Committer>,
        lease: Arc<ShardLease>,
    ) -> Self {
        let fanout = Fanout::new(Arc::clone(&node), shard.id);
        let viewers = Viewers::default();
        let (coming, tick) = (HashSet::new(), NEVER);
        let conversations = Conversations::default();
        let (state, spell, is_ticking) = (None, 0, false);
        Self {
            node,
            plan,
            shard,
            committer,
            lease,
            fanout,
            state,
            viewers,
            coming,
            conversations,
            tick,
            spell,
            is_ticking,
            beat_at: None,
            snapshot_at: None,
            away: HashMap::new(),
            departed: HashMap::new(),
            waiting: HashMap::new(),
            tracked: HashMap::new(),
            neighbours: neighbours::Neighbours::default(),
        }
    }

    fn load(&mut self, stage: &mut Stage<Self>) {
        let (node, shard) = (Arc::clone(&self.node), self.shard.id);
        watch::first(
            stage,
            async move { node.database.read(move |reader| reader.load_shard(shard)).await },
            |me, loaded, stage| match loaded {
                Ok(Some(loaded)) => me.install(loaded),
                Ok(None) => {
                    tracing::error!(shard.id = %me.shard.id, "shard {} is not in the store", me.shard.id)
                }
                Err(refusal) => {
                    tracing::error!(shard.id = %me.shard.id, "shard {} could not be loaded: {refusal}", me.shard.id);
                    watch::later(stage, Duration::from_millis(500), Self::load);
                }
            },
        );
    }

    /// Whether the lease is proven to hold: only then is anything decided here.
    fn is_ours(&self) -> bool {
        self.node.leases.hold(&self.lease, self.node.clock.monotonic_ms())
    }

    /// Another node runs the shard: whoever watches here is sent there, by way of connecting again.
    fn end(&mut self, stage: &mut Stage<Self>) {
        let directory = &self.node.directory;
        for body in self.state.iter().flat_map(RegionState::bodies) {
            self.node.note_absent(&body.profile.handle, &self.plan.name);
        }
        let hubs = directory.hubs();
        // Where shards are shared, sockets stay: who watches looks where the shard is.
        let closed = self.viewers.all().filter(|_| !self.node.peers.is_on());
        for (session, hub) in closed {
            if let Some(hub) = hubs.get(hub) {
                hub.seat.order(HubMessage::Close(
                    Whom::Session(session),
                    Disconnect::FORCE_RECONNECT,
                ));
            }
        }
        for (hub, _) in hubs.iter().enumerate() {
            directory.note_watched(self.shard.id, hub, false);
        }
        directory.forget_beside(self.shard.id);
        self.conversations.end();
        self.state = None;
        self.show_online();
        watch::finish(stage);
    }

    /// Notes which other nodes have sockets that watch here.
    fn note_watched(&mut self) {
        for (hub, is_watching) in self.viewers.take_changed_hubs() {
            self.node.directory.note_watched(self.shard.id, hub, is_watching);
        }
    }

    fn look(&self, look: Look) {
        // A look that is dropped tells its asker `unavailable`.
        if let Some(state) = &self.state {
            look(state, self.node.tick());
        }
    }
}

impl Role for RegionActor {
    type Message = RegionMessage;
    const NAME: &'static str = "region";
    const CAPACITY: usize = 16_384;

    fn begin(&mut self, stage: &mut Stage<Self>) {
        self.load(stage);
        self.start_ticking(stage);
        watch::every(stage, self.node.checkpoint_every, |me, stage| {
            me.save(stage, None)
        });
        watch::every(stage, Duration::from_secs(1), |me, _| {
            me.attend_conversations();
            me.ask_for_followed();
            me.attend_neighbours();
        });
    }

    // Who watches is kept: the sockets are still there. So are the actors of conversations.
    fn forget(&mut self) {
        self.state = None;
        self.coming.clear();
        self.away.clear();
        self.waiting.clear();
        self.tracked.clear();
        self.conversations.forget_engaging();
        self.is_ticking = false;
        self.tick = NEVER;
    }

    fn culprit(message: &RegionMessage) -> Option<Culprit> {
        match message {
            RegionMessage::Act(profile, request) => Some(request.culprit(profile.id)),
            _ => None,
        }
    }

    fn take(&mut self, message: RegionMessage, stage: &mut Stage<Self>) {
        match message {
            RegionMessage::Act(profile, request) => {
                self.note_back(profile.id);
                self.act(&profile, *request, stage);
            }
            RegionMessage::Enter(entering) => self.enter(*entering, stage),
            RegionMessage::Leave(agent, reply) => self.leave(agent, reply, stage),
            RegionMessage::Arrive(arrival) => self.arrive(*arrival, stage),
            RegionMessage::HandedOver(agent, hop, fate) => self.handed_over(agent, hop, fate, stage),
            RegionMessage::Overtaken(agent, hop, to) => self.overtaken(agent, hop, to, stage),
            RegionMessage::Track(by, agents) => self.track(by, agents),
            RegionMessage::Tracked(agent, from, beyond) => self.hear_of(agent, from, beyond),
            RegionMessage::Sightings(from, sightings) => self.hear_sightings(from, &sightings),
            RegionMessage::AskSightings(by) => self.give_sightings(by),
            RegionMessage::Settled(agent, changes) => self.settled(agent, changes),
            RegionMessage::Entered(entered) => self.entered(*entered),
            RegionMessage::Left(profile) => self.left(&profile),
            RegionMessage::Watch(viewer, reply) => {
                let at = self.watch(viewer);
                self.note_watched();
                answer(
                    reply,
                    self.state.as_ref().map(|_| at).ok_or_else(Refusal::unavailable),
                );
            }
            RegionMessage::Unwatch(session) => {
                self.viewers.remove(session);
                self.note_watched();
            }
            RegionMessage::HubGone(hub) => {
                for session in self.viewers.of_hub(hub) {
                    self.viewers.remove(session);
                }
                self.note_watched();
            }
            RegionMessage::HubMissed(hub) => self.viewers.refresh_of_hub(hub),
            RegionMessage::Profile(profile) => {
                self.viewers.note_met(profile.id);
                if let Some(state) = &mut self.state {
                    state.set_profile(profile);
                }
            }
            RegionMessage::Look(look) => self.look(look),
            RegionMessage::End => self.end(stage),
            RegionMessage::Save(reply) => self.save(stage, Some(reply)),
            RegionMessage::Conversed(conversation) => self.conversed(&conversation),
            RegionMessage::ConversationLost(id) => self.conversation_lost(id),
            RegionMessage::Reload => {
                self.state = None;
                self.waiting.clear();
                self.conversations.reload();
                self.load(stage);
            }
        }
    }
}
