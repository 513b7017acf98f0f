//! Replay: the durable state of a shard, from its events alone.
//!
//! What belongs to a shard and follows from events is ([`ShardState`]):
//!
//! - the agents that are in the world and stand in it: where by their row, after how many hand-offs, and what they took along;
//! - the objects of its region that were ever used, each with its state and version;
//! - its conversations that are not closed, whole;
//! - the number and the time of its last event.
//!
//! Each event carries what it changed of that as [`Delta`]s. An agent's place has the count of its hand-offs, an object's state its
//! version: both only ever grow, whichever shard writes them, and the highest counts. So a shard's own log is read in order, without
//! a gap, and the logs of other shards (who took an agent away; which neighbour used an object of the region) may be read before or after it
//! and as often as one likes: the result is the same. Money, items and inboxes belong to agents, not to shards: their own chains prove them
//! (`rookery verify`). Ways, cooldowns and statuses are checkpointed, epochs are leases': neither is an event.

mod fold;
#[cfg(test)]
mod tests;

pub use fold::{Broken, Logged, Replay};

use crate::base::id::{AgentId, ConversationId, ShardId};
use crate::base::time::Timestamp;
use crate::domain::conversation::Conversation;
use crate::domain::space::Vec3;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What an event changed of durable state, absolute: the new value with its version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delta {
    /// An agent stands here now, or left the world from here.
    Agent(AgentId, Place),
    /// An object has this state now.
    Object(String, ObjectState),
    /// A conversation is like this now; none when it is closed.
    Conversation(ConversationId, Option<Box<Conversation>>),
}

/// Where an agent durably is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The shard.
    pub shard: ShardId,
    /// The region.
    pub region: String,
    /// The point.
    pub at: Vec3,
    /// The count of its hand-offs; only ever grows.
    pub hop: i64,
    /// Whether it is in the world.
    pub is_in_world: bool,
    /// What it took along from another shard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<String>,
}

/// What an object is like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectState {
    /// Counts its changes; only ever grows.
    pub version: i64,
    /// A JSON object, by kind.
    pub state: Value,
}

/// The durable state of a shard. Two are the same when their hashes are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShardState {
    /// Which.
    pub shard: ShardId,
    /// The number of its last event.
    pub last_seq: i64,
    /// When that was.
    pub last_at: Timestamp,
    /// Who is in the world and stands here.
    pub agents: BTreeMap<AgentId, Place>,
    /// The objects of its region that were used.
    pub objects: BTreeMap<String, ObjectState>,
    /// The conversations that are not closed.
    pub conversations: BTreeMap<ConversationId, Conversation>,
}

impl ShardState {
    /// A shard in which nothing has happened yet.
    pub fn empty(shard: ShardId) -> Self {
        Self {
            shard,
            last_seq: 0,
            last_at: Timestamp(0),
            agents: BTreeMap::new(),
            objects: BTreeMap::new(),
            conversations: BTreeMap::new(),
        }
    }

    /// The canonical form: everything in the order of its key, fields of objects too.
    pub fn to_json(&self) -> Value {
        // Plain numbers and texts always serialise.
        let mut json = serde_json::to_value(self).unwrap_or_default();
        json.sort_all_objects();
        json
    }

    /// SHA-256 of the canonical form. Shape: 64 hexadecimal digits.
    pub fn hash(&self) -> String {
        let digest = Sha256::digest(self.to_json().to_string());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What is not the same in another state, one line each, at most `most`.
    pub fn differences(&self, other: &Self, most: usize) -> Vec<String> {
        let mut lines = Vec::new();
        if (self.last_seq, self.last_at) != (other.last_seq, other.last_at) {
            lines.push(format!(
                "ends with event {} at {}, should be {} at {}",
                other.last_seq, other.last_at.0, self.last_seq, self.last_at.0
            ));
        }
        compare("agent", &self.agents, &other.agents, &mut lines);
        compare("object", &self.objects, &other.objects, &mut lines);
        compare(
            "conversation",
            &self.conversations,
            &other.conversations,
            &mut lines,
        );
        lines.truncate(most);
        lines
    }
}

fn compare<K: Ord + std::fmt::Display, V: PartialEq + Serialize>(
    kind: &str,
    expected: &BTreeMap<K, V>,
    found: &BTreeMap<K, V>,
    lines: &mut Vec<String>,
) {
    let text = |value: Option<&V>| {
        value.map_or_else(
            || "absent".to_owned(),
            |value| serde_json::json!(value).to_string(),
        )
    };
    let keys: std::collections::BTreeSet<&K> = expected.keys().chain(found.keys()).collect();
    for key in keys {
        let (expected, found) = (expected.get(key), found.get(key));
        if expected != found {
            lines.push(format!(
                "{kind} {key} is {}, should be {}",
                text(found),
                text(expected)
            ));
        }
    }
}
