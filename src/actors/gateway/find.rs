//! Where an agent is: its actor is on the node that runs its shard.

use crate::actors::agent::{AgentActor, Counted};
use crate::actors::directory::{AgentSeat, Whereabouts};
use crate::actors::lease::moving;
use crate::actors::mailbox::{Reply, answer, wait};
use crate::actors::node::{DEADLINE, Node};
use crate::actors::peer::message::Question;
use crate::actors::peer::read_receipt;
use crate::actors::request::Receipt;
use crate::base::id::{NodeId, ShardId};
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::region::World;
use crate::domain::space::Vec3;
use crate::store::agent::AgentRow;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;

/// How long a call is repeated that meets an actor that is just leaving, or an agent that is just moving.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// Between two tries.
pub(super) const PAUSE: Duration = Duration::from_millis(40);

/// Where an agent is.
pub(super) enum Found {
    /// On this node.
    Here(AgentSeat),
    /// On that node.
    There(NodeId),
    /// Not in the world.
    Absent,
}

impl Node {
    /// Whether who has no actor here is not in the world, as far as this node can tell alone.
    /// Errors: `moving` while that is not known.
    pub(super) fn check_absent(&self) -> Result<(), Refusal> {
        if self.peers.is_on() {
            return Ok(());
        }
        let is_known = self.leases.are_proven(self.clock.monotonic_ms()) && self.directory.is_loaded();
        is_known.then_some(()).ok_or_else(moving)
    }

    /// Counts something against the limits of an agent that has no actor. Errors: `rate_limited`.
    pub(super) fn count_absent(&self, handle: &Handle, what: Counted) -> Result<(), Refusal> {
        self.parked_limits.check(handle, what, &self.limits, &self.clock)
    }

    /// The other node that has an agent, as far as this one heard.
    pub(super) fn home_of(&self, handle: &Handle) -> Option<NodeId> {
        if !self.peers.is_on() {
            return None;
        }
        let home = self.homes.node_of(handle);
        let home = home.or_else(|| self.directory.online(handle)?.node);
        home.filter(|node| *node != self.id)
    }

    /// Where an agent is that somebody wants something from. Errors: `moving` while that is not known, the store's.
    pub(super) async fn find(&self, handle: &Handle) -> Result<Found, Refusal> {
        if let Some(agent) = self.directory.agent(handle) {
            return Ok(Found::Here(agent));
        }
        if let Some(node) = self.home_of(handle) {
            return Ok(Found::There(node));
        }
        self.look_up(handle).await
    }

    /// Where an agent without an actor here is, as the store has it.
    /// Errors: `moving` while its shard is on the move, the store's.
    pub(super) async fn look_up(&self, handle: &Handle) -> Result<Found, Refusal> {
        self.check_absent()?;
        if !self.peers.is_on() {
            return Ok(Found::Absent);
        }
        let row = self.database.agent(handle).await?;
        let Some(shard) = row.filter(|row| row.is_in_world).and_then(|row| row.shard) else {
            return Ok(Found::Absent);
        };
        match self.directory.find(shard) {
            Whereabouts::There(node) => Ok(Found::There(node)),
            // It loads, or nobody has it.
            Whereabouts::Here(_) => self.directory.agent(handle).map(Found::Here).ok_or_else(moving),
            Whereabouts::Nowhere => Err(moving()),
        }
    }

    /// Where an agent's actor is or should be; started when that is here. Errors: `agent_not_found`, `moving`.
    pub(super) async fn find_or_start(
        self: &Arc<Self>,
        handle: &Handle,
        spawn_region: Option<&str>,
    ) -> Result<Found, Refusal> {
        if let Some(agent) = self.directory.agent(handle) {
            return Ok(Found::Here(agent));
        }
        let row = self.database.agent(handle).await?;
        let row = row.ok_or_else(|| Refusal::new(Code::AgentNotFound, "no such agent"))?;
        let directory = &self.directory;
        let shard = shard_of(&row, spawn_region, &directory.world()).ok_or_else(Refusal::unavailable)?;
        match directory.find(shard) {
            Whereabouts::Here(seats) => {
                let id = row.id;
                let start = || AgentActor::start(self, &seats.arbiter, id, handle.clone());
                Ok(Found::Here(directory.agent_or_start(handle, start)))
            }
            Whereabouts::There(node) if self.peers.is_on() => Ok(Found::There(node)),
            Whereabouts::There(_) | Whereabouts::Nowhere => Err(moving()),
        }
    }

    /// Asks another node.
    pub(in crate::actors) async fn ask_there<T: DeserializeOwned + Send + 'static>(
        &self,
        node: NodeId,
        question: Question,
    ) -> Result<T, Refusal> {
        let (reply, told) = Reply::awaited();
        self.peers.ask(node, question, reply);
        wait(DEADLINE, told).await
    }

    /// Asks another node for something that is answered with a receipt.
    pub(super) async fn ask_for_receipt(&self, node: NodeId, question: Question) -> Result<Receipt, Refusal> {
        let (reply, told) = Reply::awaited();
        self.peers.ask_then(node, question, DEADLINE, move |told| {
            answer(reply, told.into_result().and_then(|bytes| read_receipt(&bytes)));
        });
        wait(DEADLINE, told).await
    }
}

/// The shard that an agent is in, or where it will enter.
fn shard_of(row: &AgentRow, spawn_region: Option<&str>, world: &World) -> Option<ShardId> {
    if let Some(shard) = row.shard.filter(|_| row.is_in_world) {
        return Some(shard);
    }
    let entry = entry_of(row, spawn_region, world)?;
    world
        .shard_at(&entry.region, entry.at.unwrap_or(entry.spawn))
        .map(|shard| shard.id)
}

/// Where an agent enters.
pub struct Entry {
    /// The region.
    pub region: String,
    /// Where it was last in it, if it was.
    pub at: Option<Vec3>,
    /// Where the region takes newcomers.
    pub spawn: Vec3,
}

/// Where an agent enters: where it is wanted to, else where it was last, else at home. None: there is no region.
pub fn entry_of(row: &AgentRow, wanted: Option<&str>, world: &World) -> Option<Entry> {
    let last = row.region.as_deref().filter(|_| wanted.is_none());
    let region = wanted.or(last).unwrap_or(&row.default_region);
    let plan = world.region(region).or_else(|| world.regions.first())?;
    Some(Entry {
        region: plan.name.clone(),
        at: row.at.filter(|_| last == Some(region)),
        spawn: plan.spawn,
    })
}
