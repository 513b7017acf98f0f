//! What travels with an action, and what comes back.

use super::mailbox::Reply;
use super::quarantine::Culprit;
use crate::base::id::{AgentId, ShardId};
use crate::base::time::Tick;
use crate::domain::action::{Action, Durability};
use crate::domain::agent::Permissions;
use crate::store::commit::{CommandKey, StoredAnswer};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// An action on its way to its owner.
pub struct Request {
    /// Who acts.
    pub agent: AgentId,
    /// What to do.
    pub action: Action,
    /// The key by which it is executed once.
    pub command: CommandKey,
    /// Whether the client chose the command's id: only then may a repeat be looked for.
    pub has_own_id: bool,
    /// The ceiling that the token sets.
    pub permissions: Permissions,
    /// Where the answer goes.
    pub reply: Reply<Receipt>,
}

impl Request {
    /// Whose command this is, should it make an actor fail.
    pub fn culprit(&self, agent: AgentId) -> Culprit {
        Culprit {
            agent,
            command: self.command.clone(),
        }
    }
}

/// The hash by which two bodies are the same: the action's name and its canonical parameters.
pub fn body_hash(action: &Action) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(action.name().as_bytes());
    hasher.update([0]);
    // Parameters are plain structs of numbers and texts; they always serialise.
    hasher.update(serde_json::to_vec(action).unwrap_or_default());
    hasher.finalize().into()
}

/// The answer to an action. Its shape is that of `api.md` §3.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Receipt {
    /// What the action says.
    pub result: Value,
    /// What this acknowledgement means.
    pub durability: Durability,
    /// The command's id.
    pub command_id: String,
    /// The region that the agent was in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The shard that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardId>,
    /// The event's number in the shard, of a durable action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// When in the world.
    pub tick: Tick,
    /// Whether this is the stored answer of an earlier request.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
}

impl Receipt {
    /// The receipt of a stored answer.
    pub fn replayed(stored: &StoredAnswer, command_id: String, result: Value) -> Self {
        Self {
            result,
            durability: Durability::Durable,
            command_id,
            region: Some(stored.region.clone()),
            shard: Some(stored.shard),
            seq: Some(stored.seq),
            tick: stored.tick,
            replayed: true,
        }
    }
}
