//! What travels with an action, and what comes back.

use super::agent::AgentMessage;
use super::directory::AgentSeat;
use super::mailbox::{Reply, answer};
use super::peer::message::Act;
use super::quarantine::Culprit;
use crate::base::id::{AgentId, ShardId};
use crate::base::time::Tick;
use crate::domain::action::{Action, Durability};
use crate::domain::agent::{Handle, Permissions};
use crate::domain::output::Output;
use crate::domain::refusal::Refusal;
use crate::store::commit::{CommandKey, StoredAnswer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// An action as it was asked for, before anybody waits for what comes of it.
pub struct Order {
    /// Who acts.
    pub agent: AgentId,
    /// What to do.
    pub action: Action,
    /// The key by which it is executed once.
    pub command: CommandKey,
    /// Whether the client chose the command's id.
    pub has_own_id: bool,
    /// The ceiling that the token sets.
    pub permissions: Permissions,
}

impl Order {
    /// Reads an action by name. `id`: the command's, and whether the client chose it. Errors: as `Action::decode`.
    pub fn read(
        agent: AgentId,
        permissions: Permissions,
        name: &str,
        params: &str,
        (id, has_own_id): (String, bool),
    ) -> Result<Self, Refusal> {
        let action = Action::decode(name, params)?;
        let command = CommandKey {
            id,
            body_hash: body_hash(&action),
            action: action.name(),
            durability: action.durability(),
        };
        Ok(Self {
            agent,
            action,
            command,
            has_own_id,
            permissions,
        })
    }

    /// As another node is asked to do it, for an agent of this name. `params`: the action's, as JSON text.
    pub fn into_act(self, handle: Handle, params: String) -> Act {
        Act {
            handle,
            agent: self.agent,
            permissions: self.permissions,
            name: self.command.action.to_owned(),
            params,
            command_id: self.command.id,
            has_own_id: self.has_own_id,
        }
    }

    /// Has an agent's actor do it.
    pub fn hand(self, agent: &AgentSeat, reply: Reply<Receipt>) {
        agent
            .seat
            .hand(reply, |reply| AgentMessage::Act(Box::new(self.to(reply))));
    }

    /// On its way, with where the answer goes.
    pub fn to(self, reply: Reply<Receipt>) -> Request {
        let Self {
            agent,
            action,
            command,
            has_own_id,
            permissions,
        } = self;
        Request {
            agent,
            action,
            command,
            has_own_id,
            permissions,
            reply,
        }
    }
}

impl Act {
    /// As this node does it. Errors: as `Action::decode`.
    pub fn into_order(self) -> Result<Order, Refusal> {
        let id = (self.command_id, self.has_own_id);
        Order::read(self.agent, self.permissions, &self.name, &self.params, id)
    }

    /// Has an agent's actor here do it.
    pub fn hand(self, agent: &AgentSeat, reply: Reply<Receipt>) {
        match self.into_order() {
            Ok(order) => order.hand(agent, reply),
            Err(refusal) => answer(reply, Err(refusal)),
        }
    }
}

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
    /// As another node is asked to do it, for an agent of this name; and where the answer goes.
    pub fn into_act(self, handle: Handle) -> (Act, Reply<Receipt>) {
        let Self {
            agent,
            action,
            command,
            has_own_id,
            permissions,
            reply,
        } = self;
        // Parameters are plain structs of numbers and texts; they always serialise.
        let params = serde_json::to_string(&action).unwrap_or_default();
        let order = Order {
            agent,
            action,
            command,
            has_own_id,
            permissions,
        };
        (order.into_act(handle, params), reply)
    }

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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// What the action says.
    pub result: Output,
    /// What this acknowledgement means.
    pub durability: Durability,
    /// The command's id.
    pub command_id: String,
    /// The region that the agent was in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The shard that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardId>,
    /// The event's number in the shard, of a durable action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// When in the world.
    pub tick: Tick,
    /// Whether this is the stored answer of an earlier request.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
}

impl Receipt {
    /// The receipt of a stored answer.
    pub fn replayed(stored: &StoredAnswer, command_id: String, result: Value) -> Self {
        Self {
            result: result.into(),
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
