//! Agents: registration, keys, profiles and counters.

use super::{Reader, Result, Store};
use crate::base::id::{AgentId, ShardId};
use crate::base::time::Timestamp;
use crate::domain::agent::{Handle, Name, Permissions, Profile};
use crate::domain::space::Vec3;
use serde_json::Value;

/// An agent as the store knows it.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it; columns of table agents")]
pub struct AgentRow {
    pub id: AgentId,
    pub handle: Handle,
    pub name: String,
    pub owner_id: Option<String>,
    pub description: Option<String>,
    pub avatar: Value,
    pub skills_map: Value,
    pub permissions: Permissions,
    pub default_region: String,
    pub region: Option<String>,
    pub shard: Option<ShardId>,
    pub at: Option<Vec3>,
    pub hop: i64,
    pub is_in_world: bool,
    pub is_public: bool,
    pub accepts_prompts: bool,
    pub inbox_epoch: String,
    pub message_count: i64,
    pub action_count: i64,
    pub total_online_seconds: i64,
    pub last_seen: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl AgentRow {
    /// What everybody may rely on about the agent. Its look is the avatar's `type`, or the avatar itself when it is a text.
    pub fn profile(&self) -> Profile {
        let look = self.avatar.get("type").unwrap_or(&self.avatar).as_str().unwrap_or("default");
        Profile {
            id: self.id,
            handle: self.handle.clone(),
            name: self.name.clone(),
            permissions: self.permissions,
            avatar_type: look.to_owned(),
            is_public: self.is_public,
            accepts_prompts: self.accepts_prompts,
        }
    }
}

/// An agent to register.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "as in AgentRow")]
pub struct NewAgent {
    pub id: AgentId,
    pub handle: Handle,
    pub name: Name,
    pub owner_id: Option<String>,
    pub description: Option<String>,
    pub avatar: Value,
    pub skills_map: Value,
    pub default_region: String,
    pub permissions: Permissions,
    /// The public part of its key. None: it has no key.
    pub key_id: Option<String>,
    /// The key's PHC string.
    pub key_hash: Option<String>,
    pub inbox_epoch: String,
}

/// What became of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// The agent exists, with its wallet and grant.
    Done,
    /// Somebody has a name that looks the same.
    NameTaken,
    /// Somebody has the handle.
    HandleTaken,
}

/// What an agent may change of itself; `None` leaves it.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "as in AgentRow")]
pub struct AgentPatch {
    pub description: Option<String>,
    pub avatar: Option<Value>,
    pub is_public: Option<bool>,
    pub accepts_prompts: Option<bool>,
}

/// What to add to an agent's counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in AgentRow")]
pub struct Counters {
    pub messages: i64,
    pub actions: i64,
    pub online_seconds: i64,
    pub last_seen: Option<Timestamp>,
}

/// What a leaderboard ranks by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Messages spoken.
    Messages,
    /// Actions done.
    Actions,
    /// Seconds online.
    OnlineSeconds,
    /// Money.
    Balance,
}

/// A place on a leaderboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rank {
    /// Who.
    pub handle: Handle,
    /// Its display name.
    pub name: String,
    /// How much.
    pub value: i64,
}

/// Counts of the whole world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Registered agents.
    pub agents: i64,
    /// Chat messages kept.
    pub messages: i64,
    /// Events ever stored.
    pub events: i64,
    /// Transfers.
    pub transfers: i64,
}

impl Store {
    /// Registers an agent: its row, wallet, inbox and the grant from the mint, in one transaction.
    pub fn register_agent(&mut self, agent: &NewAgent, now: Timestamp) -> Result<Registered> {
        todo!("{agent:?}{now:?}")
    }

    /// Registers many agents, in transactions of a bounded size. Stops at the first that is taken and says which.
    pub fn register_agents_bulk(&mut self, agents: &[NewAgent], now: Timestamp) -> Result<std::result::Result<(), Handle>> {
        todo!("{agents:?}{now:?}")
    }

    /// Sets the hash of an agent's key, for example with new parameters.
    pub fn set_key_hash(&mut self, agent: AgentId, phc: &str) -> Result<()> {
        todo!("{agent}{phc}")
    }

    /// Changes what an agent may change of itself. None: no such agent.
    pub fn update_agent(&mut self, agent: AgentId, patch: &AgentPatch, now: Timestamp) -> Result<Option<AgentRow>> {
        todo!("{agent}{patch:?}{now:?}")
    }

    /// Adds to counters.
    pub fn add_counters(&mut self, additions: &[(AgentId, Counters)]) -> Result<()> {
        todo!("{additions:?}")
    }
}

impl Reader {
    /// The agent with this handle.
    pub fn agent_by_handle(&mut self, handle: &Handle) -> Result<Option<AgentRow>> {
        todo!("{handle}")
    }

    /// The agent with this id.
    pub fn agent_by_id(&mut self, id: AgentId) -> Result<Option<AgentRow>> {
        todo!("{id}")
    }

    /// Agents by handle, after one.
    pub fn agents(&mut self, after: Option<&Handle>, limit: i64) -> Result<Vec<AgentRow>> {
        todo!("{after:?}{limit}")
    }

    /// How many agents there are.
    pub fn count_agents(&mut self) -> Result<i64> {
        todo!()
    }

    /// The owner of a key, and its PHC string.
    pub fn key(&mut self, key_id: &str) -> Result<Option<(AgentId, Handle, String)>> {
        todo!("{key_id}")
    }

    /// The id and PHC string of an agent that has a key.
    pub fn key_of(&mut self, handle: &Handle) -> Result<Option<(AgentId, String)>> {
        todo!("{handle}")
    }

    /// The first agents by a metric.
    pub fn leaderboard(&mut self, metric: Metric, limit: i64) -> Result<Vec<Rank>> {
        todo!("{metric:?}{limit}")
    }

    /// Counts of the whole world.
    pub fn totals(&mut self) -> Result<Totals> {
        todo!()
    }
}
