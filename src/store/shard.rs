//! Who runs which shard, and what a shard is rebuilt from.

use super::agent::AgentRow;
use super::commit::Lease;
use super::{Reader, Result, Store};
use crate::base::id::{NodeId, ShardId};
use crate::base::time::{Tick, Timestamp};
use crate::domain::conversation::Conversation;
use crate::domain::object::SceneObject;

/// A shard that a node took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The right to write for it.
    pub lease: Lease,
    /// The number of its last event.
    pub last_seq: i64,
}

/// Where the agents of a shard were going, at a tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// When in the world.
    pub tick: Tick,
    /// The state, as its writer encoded it.
    pub body: Vec<u8>,
}

/// What a shard is rebuilt from.
#[derive(Clone, Debug)]
pub struct ShardLoad {
    /// The last checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// The agents that stand in it.
    pub agents: Vec<AgentRow>,
    /// The objects of its region.
    pub objects: Vec<SceneObject>,
    /// Its conversations that are not closed.
    pub conversations: Vec<Conversation>,
    /// The number of its last event.
    pub last_seq: i64,
}

/// A node, as the admin sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// Its id, made anew at each start.
    pub id: NodeId,
    /// Its configured name.
    pub name: String,
    /// Where other nodes reach it.
    pub addr: String,
    /// Of the program.
    pub version: String,
    /// `active` or `gone`.
    pub state: String,
    /// When it was last heard of.
    pub seen_at: Timestamp,
}

impl Store {
    /// Makes a node known.
    pub fn register_node(&mut self, node: NodeId, name: &str, addr: &str, version: &str, now: Timestamp) -> Result<()> {
        todo!("{node}{name}{addr}{version}{now:?}")
    }

    /// Takes every shard that is free or whose lease ran out, with a new epoch. `is_forced` takes those of others too:
    /// only for a start on SQLite, where the file lock proves that the former owner is gone.
    pub fn claim_shards(&mut self, node: NodeId, ttl_ms: i64, is_forced: bool, now: Timestamp) -> Result<Vec<Claim>> {
        todo!("{node}{ttl_ms}{is_forced}{now:?}")
    }

    /// Prolongs the leases of a node. A shard that is missing from the answer, or has another epoch, is lost.
    pub fn renew_leases(&mut self, node: NodeId, ttl_ms: i64, now: Timestamp) -> Result<Vec<Lease>> {
        todo!("{node}{ttl_ms}{now:?}")
    }

    /// Gives all shards of a node back. Their epochs stay.
    pub fn release_leases(&mut self, node: NodeId, now: Timestamp) -> Result<()> {
        todo!("{node}{now:?}")
    }

    /// Keeps a shard's checkpoint in place of the last. `false`: the lease is not the current one, nothing was written.
    pub fn save_checkpoint(&mut self, lease: Lease, checkpoint: &Checkpoint, now: Timestamp) -> Result<bool> {
        todo!("{lease:?}{checkpoint:?}{now:?}")
    }
}

impl Reader {
    /// What a shard is rebuilt from. None: there is no such shard.
    pub fn load_shard(&mut self, shard: ShardId) -> Result<Option<ShardLoad>> {
        todo!("{shard}")
    }

    /// The nodes that were heard of.
    pub fn nodes(&mut self) -> Result<Vec<NodeRow>> {
        todo!()
    }

    /// The database's clock, by which leases are judged. Units: milliseconds since 1970. None: SQLite has none of its own.
    pub fn database_time(&mut self) -> Result<Option<Timestamp>> {
        todo!()
    }
}
