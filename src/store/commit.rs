//! Group commit: what a shard hands to the database as one transaction, and what comes back.

mod answers;
mod columns;
mod command;
mod decide;
mod deltas;
mod engine;
mod many;
mod moves;
mod read;
mod rows;
mod talk;
mod together;
mod write;

pub use command::Poison;
pub(crate) use read::{MINT_ACCOUNT, Resolver};
pub use together::Committed;

use crate::base::id::{AgentId, EventId, NodeId, ShardId};
use crate::base::time::{Tick, Timestamp};
use crate::domain::action::Durability;
use crate::domain::agent::Handle;
use crate::domain::event::Event;
use crate::domain::refusal::Refusal;
use crate::domain::write::Write;
use serde_json::Value;

/// Most commits in one transaction.
pub const BATCH_MAX: usize = crate::base::limit::COMMIT_BATCH_MAX;

/// The right of a node to write for a shard: what the fence checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The shard.
    pub shard: ShardId,
    /// Who holds it.
    pub owner: NodeId,
    /// The fencing token; only ever grows.
    pub epoch: i64,
}

/// What one shard commits in one transaction, in order.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The fence.
    pub lease: Lease,
    /// From the commit on the lease holds for this long at least. Units: milliseconds.
    pub lease_ttl_ms: i64,
    /// The time written to the rows. The store never lets it fall within a shard.
    pub now: Timestamp,
    /// At most `BATCH_MAX`.
    pub commits: Vec<Commit>,
}

/// The key by which a command is executed once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandKey {
    /// The client's id, or one that the server made; 1 to 64 characters.
    pub id: String,
    /// SHA-256 of the action's name and its canonical parameters.
    pub body_hash: [u8; 32],
    /// The action's name.
    pub action: &'static str,
    /// What its answer says of durability.
    pub durability: Durability,
}

/// One durable action, or one happening of the server's own (then without a command).
#[derive(Clone, Debug)]
pub struct Commit {
    /// Whose wallet, items and place the writes are about.
    pub agent: AgentId,
    /// Its public handle.
    pub handle: Handle,
    /// Its display name, kept beside what it says.
    pub name: String,
    /// The command, when an agent asked for it.
    pub command: Option<CommandKey>,
    /// The id of the event.
    pub event_id: EventId,
    /// What happened.
    pub event: Event,
    /// The region it happened in.
    pub region: String,
    /// When in the world.
    pub tick: Tick,
    /// What to write beside the event.
    pub writes: Vec<Write>,
    /// The answer's `result`; the store may add to it.
    pub result: Value,
}

/// Where a new inbox entry went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxPosition {
    /// Whose inbox.
    pub owner: Handle,
    /// The owner's id.
    pub agent: AgentId,
    /// Dense from 1.
    pub offset: i64,
}

/// What became of one commit.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is on disk.
    Committed {
        /// The event's number in the shard.
        seq: i64,
        /// The answer's `result`, complete.
        result: Value,
        /// The inboxes it lies in.
        inbox: Vec<InboxPosition>,
    },
    /// The same command was committed before; nothing was done.
    Replayed(StoredAnswer),
    /// It was refused: inside the transaction (then the refusal is stored under the command's id), or `command_mismatch`.
    Refused(Refusal),
}

/// The stored outcome of a command.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAnswer {
    /// The action's name.
    pub action: String,
    /// The answer, or the refusal.
    pub outcome: Result<Value, Refusal>,
    /// The shard that it was committed in.
    pub shard: ShardId,
    /// The event's number there; zero for a refusal.
    pub seq: i64,
    /// The region it was committed in.
    pub region: String,
    /// When in the world.
    pub tick: Tick,
    /// The hash of the body it was asked with.
    pub body_hash: [u8; 32],
}

/// Why a whole batch was not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Another owner has the shard: drop its state, never retry with this epoch.
    #[error("the lease of {0} is lost")]
    Fenced(ShardId),
    /// Nothing was written; the same batch may be tried again.
    #[error("the batch of {shard} was not committed")]
    NotCommitted {
        /// The shard.
        shard: ShardId,
        /// Whether the disk is full.
        is_disk_full: bool,
        /// What the database said.
        #[source]
        source: super::StoreError,
    },
}
