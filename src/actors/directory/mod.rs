//! The directory: which actor runs what on this node.

mod hubs;
mod online;
mod sockets;

use super::agent::AgentActor;
use super::committer::Committer;
use super::hub::HubActor;
use super::lease::ShardLease;
use super::mailbox::Seat;
use super::region::RegionActor;
use super::shard::ShardActor;
use crate::base::id::{AgentId, NodeId, SessionId, ShardId};
use crate::base::time::Timestamp;
use crate::domain::agent::Handle;
use crate::domain::region::{RegionPlan, ShardPlan, World};
#[cfg(test)]
use crate::domain::space::Vec3;
use actix_rt::ArbiterHandle;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use smallvec::SmallVec;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// The seats of a shard's actors.
#[derive(Clone)]
pub struct ShardSeats {
    /// Keeps the others going.
    pub keeper: Seat<ShardActor>,
    /// What it runs under.
    pub lease: Arc<ShardLease>,
    /// Decides.
    pub region: Seat<RegionActor>,
    /// Commits.
    pub committer: Seat<Committer>,
    /// The thread that they run on.
    pub arbiter: ArbiterHandle,
}

/// An agent that has an actor.
#[derive(Clone)]
pub struct AgentSeat {
    /// Its id inside.
    pub id: AgentId,
    /// Its actor.
    pub seat: Seat<AgentActor>,
}

/// Where a shard runs.
#[derive(Clone)]
pub enum Whereabouts {
    /// On this node.
    Here(ShardSeats),
    /// On that node.
    There(NodeId),
    /// Nowhere, as far as this node knows.
    Nowhere,
}

/// An agent that is in the world.
#[derive(Clone, Debug)]
pub struct Online {
    /// Its id inside.
    pub id: AgentId,
    /// How many hand-offs it went through.
    pub hop: i64,
    /// The other node that has it; none for this one.
    pub node: Option<NodeId>,
    /// Its display name.
    pub name: String,
    /// The region it is in.
    pub region: Arc<str>,
    /// The shard of it, when that is known.
    pub shard: Option<ShardId>,
    /// Whether spectators may follow its inner life.
    pub is_public: bool,
}

/// An open socket of an agent.
#[derive(Clone, Debug)]
pub struct Socket {
    /// Its session.
    pub session: SessionId,
    /// The id of its token; never the token.
    pub token_id: String,
    /// When it connected.
    pub connected_at: Timestamp,
    /// The other node that it is connected to; none for this one.
    pub node: Option<NodeId>,
    /// The index of the hub by which it is reached.
    pub hub: usize,
}

/// Which actor runs what on this node.
pub struct Directory {
    world: RwLock<Arc<World>>,
    threads: OnceLock<Box<[ArbiterHandle]>>,
    shards: DashMap<ShardId, ShardSeats>,
    agents: DashMap<Handle, AgentSeat>,
    online: DashMap<Handle, Online>,
    populations: DashMap<ShardId, usize>,
    sockets: DashMap<Handle, SmallVec<[Socket; 1]>>,
    watchers: DashMap<Handle, SmallVec<[Watcher; 2]>>,
    hubs: RwLock<Arc<[Hub]>>,
    /// Who holds what, and under which epoch.
    owners: DashMap<ShardId, (NodeId, i64)>,
    /// Shards that sockets of other nodes watch, by the index of that node's hub.
    watched: DashMap<(ShardId, usize), ()>,
    /// Agents whose clients speak to other nodes, and may not watch here.
    guests: DashMap<AgentId, SmallVec<[NodeId; 1]>>,
    /// The other nodes of the sockets of agents that shards of this node know beyond their borders.
    beside: DashMap<(ShardId, AgentId), Vec<NodeId>>,
}

/// A hub, by which sockets are reached.
#[derive(Clone)]
pub struct Hub {
    /// Its actor.
    pub seat: Seat<HubActor>,
    /// The other node whose sockets it has; none for a thread of this one.
    pub node: Option<NodeId>,
    /// That node is gone: the next hub that is added takes the place of this one.
    pub is_free: bool,
}

impl Hub {
    /// The hub of a thread of this node, or of another node.
    pub fn new(seat: Seat<HubActor>, node: Option<NodeId>) -> Self {
        Self {
            seat,
            node,
            is_free: false,
        }
    }

    fn is_own(&self) -> bool {
        self.node.is_none()
    }

    /// Whether it is the hub of a node that is there.
    fn is_of(&self, is_meant: impl FnOnce(NodeId) -> bool) -> bool {
        !self.is_free && self.node.is_some_and(is_meant)
    }
}

/// A spectator that follows an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watcher {
    /// Its session.
    pub session: SessionId,
    /// The other node that it is connected to; none for this one.
    pub node: Option<NodeId>,
}

impl Directory {
    /// A directory of a world that nobody runs yet.
    pub fn new(world: World) -> Self {
        Self {
            world: RwLock::new(Arc::new(world)),
            threads: OnceLock::new(),
            shards: DashMap::new(),
            agents: DashMap::new(),
            online: DashMap::new(),
            populations: DashMap::new(),
            sockets: DashMap::new(),
            watchers: DashMap::new(),
            hubs: RwLock::new(Arc::from([])),
            owners: DashMap::new(),
            watched: DashMap::new(),
            guests: DashMap::new(),
            beside: DashMap::new(),
        }
    }

    /// The regions there are.
    pub fn world(&self) -> Arc<World> {
        Arc::clone(&self.world.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds a region that was made, with its shards; two at a time do not lose one another.
    pub fn add_region(&self, plan: RegionPlan, shards: &[ShardPlan]) {
        let mut guard = self.world.write().unwrap_or_else(PoisonError::into_inner);
        let mut world = World::clone(&guard);
        if world.region(&plan.name).is_none() {
            world.regions.push(plan);
        }
        for shard in shards {
            if !world.shards.iter().any(|known| known.id == shard.id) {
                world.shards.push(shard.clone());
            }
        }
        *guard = Arc::new(world);
    }

    /// The seats of a shard that this node runs.
    pub fn shard(&self, shard: ShardId) -> Option<ShardSeats> {
        self.shards.get(&shard).map(|seats| seats.clone())
    }

    /// The seats of the shard that holds a point, when this node runs it.
    #[cfg(test)]
    pub fn shard_at(&self, region: &str, at: Vec3) -> Option<(ShardId, ShardSeats)> {
        let shard = self.world().shard_at(region, at)?.id;
        Some((shard, self.shard(shard)?))
    }

    /// Where a shard runs.
    pub fn find(&self, shard: ShardId) -> Whereabouts {
        if let Some(seats) = self.shard(shard) {
            return Whereabouts::Here(seats);
        }
        self.owner(shard).map_or(Whereabouts::Nowhere, Whereabouts::There)
    }

    /// The node that holds a shard, as far as this one knows.
    pub fn owner(&self, shard: ShardId) -> Option<NodeId> {
        self.owners.get(&shard).map(|owner| owner.0)
    }

    /// The node that holds a shard, and under which epoch, as far as this one knows.
    pub fn holder(&self, shard: ShardId) -> Option<(NodeId, i64)> {
        self.owners.get(&shard).map(|holder| *holder)
    }

    /// The shards that a node holds, as far as this one knows.
    pub fn shards_of(&self, node: NodeId) -> Vec<ShardId> {
        let of_node = self.owners.iter().filter(|row| row.0 == node);
        of_node.map(|row| *row.key()).collect()
    }

    /// Whether any shard is held by such a node.
    pub fn is_held(&self, by: impl Fn(NodeId) -> bool) -> bool {
        self.owners.iter().any(|owner| by(owner.0))
    }

    /// Notes who holds a shard. Gives the node that held it before when that is news; the epoch tells what is newer.
    pub fn note_owner(&self, shard: ShardId, node: Option<NodeId>, epoch: i64) -> Option<Option<NodeId>> {
        let Some(node) = node else {
            let gone = self.owners.remove_if(&shard, |_, known| known.1 <= epoch);
            return gone.map(|(_, (before, _))| Some(before));
        };
        match self.owners.entry(shard) {
            Entry::Vacant(row) => {
                row.insert((node, epoch));
                Some(None)
            }
            Entry::Occupied(mut row) => {
                let (before, known) = *row.get();
                if known >= epoch {
                    return None;
                }
                row.insert((node, epoch));
                (before != node).then_some(Some(before))
            }
        }
    }

    /// The other shards of a shard's region.
    pub fn siblings(&self, shard: &ShardPlan) -> Vec<ShardId> {
        let world = self.world();
        let others = world
            .shards
            .iter()
            .filter(|other| other.region == shard.region && other.id != shard.id);
        others.map(|other| other.id).collect()
    }

    /// The thread that a shard of this node should run on: they take turns. None: there are no threads yet.
    pub fn thread_for(&self, shard: ShardId) -> Option<ArbiterHandle> {
        let threads = self.threads.get()?;
        let turn = usize::try_from(shard.0).ok()?.checked_rem(threads.len())?;
        threads.get(turn).cloned()
    }

    /// The threads that shards and what belongs to them run on; set once.
    pub fn set_threads(&self, threads: impl IntoIterator<Item = ArbiterHandle>) {
        // A second call changes nothing.
        let _ = self.threads.set(threads.into_iter().collect());
    }

    /// The first of the threads.
    pub fn first_thread(&self) -> Option<ArbiterHandle> {
        self.threads.get()?.first().cloned()
    }

    /// All shards that this node runs.
    pub fn shards(&self) -> Vec<(ShardId, ShardSeats)> {
        self.shards
            .iter()
            .map(|row| (*row.key(), row.value().clone()))
            .collect()
    }

    /// This node runs a shard from now on; its actors are started unless they run already.
    pub fn run_shard(&self, shard: ShardId, start: impl FnOnce() -> ShardSeats) {
        self.shards.entry(shard).or_insert_with(start);
    }

    /// This node runs a shard no more under this lease. Gives its seats, if it did.
    pub fn end_shard(&self, shard: ShardId, lease: &Arc<ShardLease>) -> Option<ShardSeats> {
        let ended = self
            .shards
            .remove_if(&shard, |_, seats| Arc::ptr_eq(&seats.lease, lease));
        let (_, seats) = ended?;
        self.populations.remove(&shard);
        Some(seats)
    }

    /// Whether this node runs the world's first shard: what is done once in the whole world is done there.
    pub fn runs_first(&self) -> bool {
        let first = self.world().shards.iter().map(|shard| shard.id).min();
        first.is_some_and(|first| self.shards.contains_key(&first))
    }

    /// Whether this node runs any shard.
    pub fn runs_any(&self) -> bool {
        !self.shards.is_empty()
    }

    /// Whether this node runs shards, none of which is lost, and all of which have been loaded once.
    pub fn is_loaded(&self) -> bool {
        let is_well = |shard: &ShardId, seats: &ShardSeats| {
            !seats.lease.is_lost() && self.populations.contains_key(shard)
        };
        self.runs_any() && self.shards.iter().all(|row| is_well(row.key(), row.value()))
    }

    /// All agents that have an actor.
    pub fn agents(&self) -> Vec<AgentSeat> {
        self.agents.iter().map(|row| row.value().clone()).collect()
    }

    /// An agent's actor, if it has one.
    pub fn agent(&self, handle: &Handle) -> Option<AgentSeat> {
        self.agents
            .get(handle)
            .filter(|agent| agent.seat.is_open())
            .map(|agent| agent.clone())
    }

    /// An agent's actor; starts it when there is none. Exactly one exists at any time.
    pub fn agent_or_start(&self, handle: &Handle, start: impl FnOnce() -> AgentSeat) -> AgentSeat {
        match self.agents.entry(handle.clone()) {
            Entry::Occupied(mut row) => {
                if !row.get().seat.is_open() {
                    row.insert(start());
                }
                row.get().clone()
            }
            Entry::Vacant(row) => row.insert(start()).clone(),
        }
    }

    /// Forgets an agent's actor, if it is still this one.
    pub fn remove_agent(&self, handle: &Handle, seat: &Seat<AgentActor>) {
        self.agents.remove_if(handle, |_, row| row.seat.is_same(seat));
    }

    /// How many agents have an actor.
    pub fn agent_count(&self) -> usize {
        self.agents.len()
    }
}
