//! Agents: the list, what is public of one, what it holds, what it did.

use super::{Answer, Query, agent_of, limit_of, ok};
use crate::base::time::Timestamp;
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::store::agent::AgentRow;
use crate::transport::http::Bearer;
use crate::transport::web::Web;
use actix_web::web::{Data, Path};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Query of the list of agents.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentsQuery {
    /// Where the last page ended. Opaque.
    pub cursor: Option<String>,
    /// How many: 1 to 200, 50 when left out.
    pub limit: Option<i64>,
}

/// A page of agents, by handle.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AgentList {
    /// The agents.
    pub agents: Vec<AgentEntry>,
    /// Where the next page begins; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// An agent in a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AgentEntry {
    /// Its handle.
    pub agent_id: Handle,
    /// Its display name.
    pub name: String,
    /// Whether it is in the world.
    pub online: bool,
}

/// What is public of an agent.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AgentConfig {
    /// Its handle.
    pub agent_id: Handle,
    /// Its display name.
    pub name: String,
    /// Whether it is in the world.
    pub online: bool,
    /// The region it is in, while it is in the world.
    pub region: Option<String>,
    /// A label that nobody checked.
    pub owner_id: Option<String>,
    /// How it describes itself.
    pub description: Option<String>,
    /// What it looks like.
    pub avatar: Value,
    /// What it can do, as it says.
    pub skills_map: Value,
    /// What it may do.
    pub permissions: Vec<&'static str>,
    /// Where it enters the world at first.
    pub default_region: String,
    /// Whether spectators may follow its inner life.
    pub public: bool,
    /// Whether spectators may send it prompts.
    pub accepts_prompts: bool,
    /// When it was registered. Units: milliseconds since 1970.
    #[schemars(with = "i64")]
    pub created_at: Timestamp,
    /// When it last did something. Units: milliseconds since 1970.
    #[schemars(with = "Option<i64>")]
    pub last_seen: Option<Timestamp>,
}

/// What an agent did so far. Counters are written every few seconds.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AgentStats {
    /// Its handle.
    pub agent_id: Handle,
    /// Its display name.
    pub name: String,
    /// Whether it is in the world.
    pub online: bool,
    /// Messages that it said.
    pub messages: i64,
    /// Actions that it did.
    pub actions: i64,
    /// Units: seconds.
    pub online_seconds: i64,
    /// Units: milliseconds since 1970.
    #[schemars(with = "i64")]
    pub created_at: Timestamp,
    /// Units: milliseconds since 1970.
    #[schemars(with = "Option<i64>")]
    pub last_seen: Option<Timestamp>,
}

/// What an agent holds.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Inventory {
    /// Stacks of items.
    pub items: Vec<Held>,
}

/// A stack of items.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Held {
    /// The stack.
    pub item_id: String,
    /// The kind.
    pub item: String,
    /// How many.
    pub quantity: i32,
}

impl AgentConfig {
    /// What is public of a row.
    pub fn of(web: &Web, row: AgentRow) -> Self {
        let online = web.gateway.node.directory.online(&row.handle);
        Self {
            online: online.is_some(),
            region: online.map(|online| online.region.to_string()),
            agent_id: row.handle,
            name: row.name,
            owner_id: row.owner_id,
            description: row.description,
            avatar: row.avatar,
            skills_map: row.skills_map,
            permissions: row.permissions.names(),
            default_region: row.default_region,
            public: row.is_public,
            accepts_prompts: row.accepts_prompts,
            created_at: row.created_at,
            last_seen: row.last_seen,
        }
    }
}

/// `GET /api/v1/agents`
pub async fn list(web: Data<Web>, query: Query<AgentsQuery>) -> Answer {
    let limit = limit_of(query.0.limit, 50)?;
    let after = query.0.cursor.as_deref().map(read_cursor).transpose()?;
    let node = &web.gateway.node;
    // One more than asked for tells whether there is another page.
    let mut rows = node
        .database
        .read(move |reader| reader.agents(after.as_ref(), limit.saturating_add(1)))
        .await?;
    let length = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > length;
    rows.truncate(length);
    let cursor = rows
        .last()
        .filter(|_| has_more)
        .map(|row| write_cursor(&row.handle));
    let entry = |row: AgentRow| {
        let online = node.directory.online(&row.handle).is_some();
        AgentEntry {
            agent_id: row.handle,
            name: row.name,
            online,
        }
    };
    ok(&AgentList {
        agents: rows.into_iter().map(entry).collect(),
        cursor,
    })
}

/// `GET /api/v1/agents/{agent_id}`
pub async fn one(web: Data<Web>, path: Path<String>) -> Answer {
    let row = agent_of(&web, &path).await?;
    ok(&AgentConfig::of(&web, row))
}

/// `GET /api/v1/agents/{agent_id}/stats`
pub async fn stats(web: Data<Web>, path: Path<String>) -> Answer {
    let row = agent_of(&web, &path).await?;
    ok(&AgentStats {
        online: web.gateway.node.directory.online(&row.handle).is_some(),
        agent_id: row.handle,
        name: row.name,
        messages: row.message_count,
        actions: row.action_count,
        online_seconds: row.total_online_seconds,
        created_at: row.created_at,
        last_seen: row.last_seen,
    })
}

/// `GET /api/v1/agents/{agent_id}/inventory`
pub async fn inventory(web: Data<Web>, path: Path<String>, bearer: Bearer) -> Answer {
    bearer.own(&web, &path).await?;
    let agent = bearer.caller.id;
    let held = web
        .gateway
        .node
        .database
        .read(move |reader| reader.inventory(agent))
        .await?;
    let items = held.into_iter().map(|held| Held {
        item_id: held.item_id.to_string(),
        item: held.item,
        quantity: held.quantity,
    });
    ok(&Inventory {
        items: items.collect(),
    })
}

fn write_cursor(handle: &Handle) -> String {
    URL_SAFE_NO_PAD.encode(format!("a/{handle}"))
}

/// Errors: `malformed` when the cursor is not one of ours.
fn read_cursor(cursor: &str) -> Result<Handle, Refusal> {
    let forged = || Refusal::new(Code::Malformed, "the cursor is not one of this server's");
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_not_base64| forged())?;
    let text = String::from_utf8(bytes).map_err(|_not_text| forged())?;
    Handle::new(text.strip_prefix("a/").ok_or_else(forged)?).map_err(|_not_a_handle| forged())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_cursors_are_read() {
        let alice = Handle::new("alice").unwrap();
        assert_eq!(read_cursor(&write_cursor(&alice)).unwrap(), alice);
        for forged in ["", "alice", "YS8", "%00", "YS9BbGljZQ", &"A".repeat(10_000)] {
            assert_eq!(read_cursor(forged).unwrap_err().code, Code::Malformed, "{forged}");
        }
    }
}
