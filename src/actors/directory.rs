//! The directory: which actor runs what on this node.

use super::agent::AgentActor;
use super::committer::Committer;
use super::hub::{HubActor, HubMessage};
use super::lease::ShardLease;
use super::mailbox::Seat;
use super::region::RegionActor;
use super::shard::ShardActor;
use crate::base::id::{AgentId, SessionId, ShardId};
use crate::base::time::Timestamp;
use crate::domain::agent::{Handle, Profile};
use crate::domain::region::{RegionPlan, ShardPlan, World};
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

/// An agent that is in the world.
#[derive(Clone, Debug)]
pub struct Online {
    /// Its display name.
    pub name: String,
    /// The region it is in.
    pub region: Arc<str>,
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
    watchers: DashMap<Handle, SmallVec<[SessionId; 2]>>,
    hubs: RwLock<Arc<[Seat<HubActor>]>>,
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
        }
    }

    /// The regions there are.
    pub fn world(&self) -> Arc<World> {
        Arc::clone(&self.world.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the plan of the world, after a region was made.
    pub fn set_world(&self, world: World) {
        *self.world.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(world);
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

    /// The seats of the shard that holds a point.
    pub fn shard_at(&self, region: &str, at: Vec3) -> Option<(ShardId, ShardSeats)> {
        let shard = self.world().shard_at(region, at)?.id;
        Some((shard, self.shard(shard)?))
    }

    /// The seats of the other shards of a shard's region.
    pub fn siblings(&self, shard: &ShardPlan) -> Vec<ShardSeats> {
        let world = self.world();
        let others = world
            .shards
            .iter()
            .filter(|other| other.region == shard.region && other.id != shard.id);
        others.filter_map(|other| self.shard(other.id)).collect()
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

    /// Notes that an agent is in a region.
    pub fn put_online(&self, profile: &Profile, region: &str) {
        let online = Online {
            name: profile.name.clone(),
            region: region.into(),
            is_public: profile.is_public,
        };
        self.online.insert(profile.handle.clone(), online);
    }

    /// Notes that an agent left a region, unless it is in another one already.
    pub fn remove_online(&self, handle: &Handle, region: &str) {
        self.online
            .remove_if(handle, |_, online| &*online.region == region);
    }

    /// Where an agent is, when it is in the world.
    pub fn online(&self, handle: &Handle) -> Option<Online> {
        self.online.get(handle).map(|row| row.clone())
    }

    /// Agents in the world, at most `limit`, in no order.
    pub fn all_online(&self, limit: usize) -> Vec<(Handle, Online)> {
        self.online
            .iter()
            .take(limit)
            .map(|row| (row.key().clone(), row.value().clone()))
            .collect()
    }

    /// How many agents are in the world.
    pub fn online_count(&self) -> usize {
        self.online.len()
    }

    /// Notes how many agents are in a shard.
    pub fn put_population(&self, shard: ShardId, count: usize) {
        self.populations.insert(shard, count);
    }

    /// How many agents are in a region.
    pub fn population(&self, region: &str) -> usize {
        let world = self.world();
        let shards = world.shards.iter().filter(|shard| shard.region == region);
        shards
            .filter_map(|shard| self.populations.get(&shard.id).map(|count| *count))
            .sum()
    }

    /// Notes an open socket of an agent.
    pub fn put_socket(&self, handle: &Handle, socket: Socket) {
        self.sockets.entry(handle.clone()).or_default().push(socket);
    }

    /// Forgets a socket of an agent.
    pub fn remove_socket(&self, handle: &Handle, session: SessionId) {
        if let Some(mut sockets) = self.sockets.get_mut(handle) {
            sockets.retain(|socket| socket.session != session);
        }
        self.sockets.remove_if(handle, |_, sockets| sockets.is_empty());
    }

    /// All agents with open sockets.
    pub fn all_sockets(&self) -> Vec<(Handle, SmallVec<[Socket; 1]>)> {
        let rows = self.sockets.iter();
        rows.map(|row| (row.key().clone(), row.value().clone())).collect()
    }

    /// An agent's open sockets, oldest first.
    pub fn sockets(&self, handle: &Handle) -> SmallVec<[Socket; 1]> {
        self.sockets
            .get(handle)
            .map(|sockets| sockets.clone())
            .unwrap_or_default()
    }

    /// Notes that a spectator follows an agent.
    pub fn put_watcher(&self, handle: &Handle, spectator: SessionId) {
        let mut watchers = self.watchers.entry(handle.clone()).or_default();
        if !watchers.contains(&spectator) {
            watchers.push(spectator);
        }
    }

    /// Notes that a spectator follows an agent no more.
    pub fn remove_watcher(&self, handle: &Handle, spectator: SessionId) {
        if let Some(mut watchers) = self.watchers.get_mut(handle) {
            watchers.retain(|other| *other != spectator);
        }
        self.watchers.remove_if(handle, |_, watchers| watchers.is_empty());
    }

    /// The spectators that follow an agent.
    pub fn watchers(&self, handle: &Handle) -> SmallVec<[SessionId; 2]> {
        self.watchers
            .get(handle)
            .map(|watchers| watchers.clone())
            .unwrap_or_default()
    }

    /// The hubs of this node's shard threads.
    pub fn hubs(&self) -> Arc<[Seat<HubActor>]> {
        Arc::clone(&self.hubs.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds the hub of a shard thread and returns its index.
    pub fn put_hub(&self, hub: Seat<HubActor>) -> usize {
        let mut hubs = self.hubs.write().unwrap_or_else(PoisonError::into_inner);
        let index = hubs.len();
        *hubs = hubs.iter().cloned().chain([hub]).collect();
        index
    }

    /// Tells every hub. A hub whose mailbox is full misses it, which is counted.
    pub fn tell_hubs(&self, make: impl Fn() -> HubMessage) {
        for hub in self.hubs().iter() {
            // Counted by the mailbox; the sockets of that thread are hopelessly behind by then.
            let _ = hub.tell(make());
        }
    }
}
