//! What an agent heard, for clients without a socket: pages by a cursor, and a wait for the next one.

use super::{Answer, Query, limit_of, ok};
use crate::actors::agent::Counted;
use crate::actors::gateway::Caller;
use crate::actors::node::Node;
use crate::base::limit::EVENTS_WAIT_MAX_S;
use crate::domain::refusal::{Code, Refusal};
use crate::store::event::{HeardQuery, InboxEntry};
use crate::store::{Reader, StoreError};
use crate::transport::http::Bearer;
use crate::transport::web::Web;
use actix_web::web::{Data, Path};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How often the store is asked while a client waits.
const INTERVAL: Duration = Duration::from_millis(200);
/// Most clients that wait at a time on one worker thread.
const WAITING_MAX: usize = 256;
/// Longest cursor that is read at all. Units: bytes; a position a shard needs about ten.
const CURSOR_MAX_BYTES: usize = 4_096;

/// Query of an agent's events.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeardBy {
    /// Where the last page ended; without one, the latest events. Opaque.
    pub cursor: Option<String>,
    /// How long to wait for something when there is nothing: 0 to 25 seconds, 0 when left out. Too many waiting clients
    /// make the server answer at once.
    pub wait_s: Option<u32>,
    /// How many: 1 to 200, 50 when left out.
    pub limit: Option<i64>,
}

/// A page of what an agent heard or was told.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HeardPage {
    /// Oldest first: `{type, shard, seq, source?, target?, content, location?, tick}`. An event may come twice on two
    /// pages; `shard` and `seq` tell.
    pub events: Vec<Value>,
    /// Where the next page begins.
    pub cursor: String,
}

/// The clients of a worker thread that wait.
pub struct Waiting(Semaphore);

impl Default for Waiting {
    fn default() -> Self {
        Self(Semaphore::new(WAITING_MAX))
    }
}

/// `GET /api/v1/agents/{agent_id}/events`
pub async fn page(
    web: Data<Web>,
    waiting: Data<Waiting>,
    path: Path<String>,
    query: Query<HeardBy>,
    bearer: Bearer,
) -> Answer {
    bearer.own(&web, &path).await?;
    let caller = bearer.caller;
    let limit = limit_of(query.0.limit, 50)?;
    let wait_s = query.0.wait_s.unwrap_or(0);
    if wait_s > EVENTS_WAIT_MAX_S {
        return Err(Refusal::invalid(format!("wait_s must be 0 to {EVENTS_WAIT_MAX_S}")).into());
    }
    let mut position = query.0.cursor.as_deref().map(Position::read).transpose()?;
    web.gateway.count(&caller.handle, Counted::Perception).await?;
    let node = &web.gateway.node;
    let until_ms = node
        .clock
        .monotonic_ms()
        .saturating_add(i64::from(wait_s) * 1_000);
    let permit = if wait_s > 0 {
        waiting.0.try_acquire().ok()
    } else {
        None
    };
    loop {
        let (events, next) = ask(node, &caller, position, limit).await?;
        let is_over = permit.is_none() || node.clock.monotonic_ms() >= until_ms;
        if !events.is_empty() || is_over {
            return ok(&HeardPage {
                events,
                cursor: next.write(),
            });
        }
        position = Some(next);
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Where a page ends: the last offset of the inbox, and the store's own cursor for what was heard.
#[derive(Clone, Debug, PartialEq)]
struct Position {
    inbox: i64,
    heard: String,
}

impl Position {
    fn write(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("e/{}/{}", self.inbox, self.heard))
    }

    /// Errors: `malformed` when the cursor is not one of ours.
    fn read(cursor: &str) -> Result<Self, Refusal> {
        let read = || {
            let bytes = (cursor.len() <= CURSOR_MAX_BYTES)
                .then(|| URL_SAFE_NO_PAD.decode(cursor).ok())
                .flatten()?;
            let text = String::from_utf8(bytes).ok()?;
            let (inbox, heard) = text.strip_prefix("e/")?.split_once('/')?;
            let inbox = inbox.parse().ok().filter(|offset| *offset >= 0)?;
            Some(Self {
                inbox,
                heard: heard.to_owned(),
            })
        };
        read().ok_or_else(forged)
    }
}

fn forged() -> Refusal {
    Refusal::new(Code::Malformed, "the cursor is not one of this server's")
}

async fn ask(
    node: &Node,
    caller: &Caller,
    position: Option<Position>,
    limit: i64,
) -> Result<(Vec<Value>, Position), Refusal> {
    let caller = caller.clone();
    let found = node
        .database
        .read(move |reader| read(reader, &caller, position.as_ref(), limit))
        .await?;
    found.ok_or_else(forged)
}

/// What was heard and what came into the inbox after a position. None: the cursor is not one of ours.
fn read(
    reader: &mut Reader,
    caller: &Caller,
    position: Option<&Position>,
    limit: i64,
) -> Result<Option<(Vec<Value>, Position)>, StoreError> {
    let query = HeardQuery {
        cursor: position.map(|position| position.heard.as_str()),
        limit,
        ..HeardQuery::default()
    };
    let Some(page) = reader.heard(&caller.handle, &query)? else {
        return Ok(None);
    };
    let after = match position {
        Some(position) => position.inbox,
        // Without a cursor the latest; what is older can be had from the inbox on a socket.
        None => reader
            .inbox_head(caller.id)?
            .map_or(0, |head| head.top.saturating_sub(limit).max(0)),
    };
    let inbox = reader.inbox(caller.id, after, limit)?;
    let top = inbox.last().map_or(after, |entry| entry.offset);
    let heard = page.cursor;
    Ok(Some((
        merge(caller.handle.as_str(), page.events, inbox),
        Position { inbox: top, heard },
    )))
}

/// What was heard with what only the inbox has: most of its entries name the agent, and those are heard too.
fn merge(me: &str, mut events: Vec<Value>, inbox: Vec<InboxEntry>) -> Vec<Value> {
    let known: HashSet<(i64, i64)> = events.iter().filter_map(place_of).collect();
    let is_heard = |payload: &Value| {
        ["source", "target"]
            .iter()
            .any(|key| payload.get(*key).and_then(Value::as_str) == Some(me))
    };
    for entry in inbox {
        if known.contains(&(i64::from(entry.shard.0), entry.seq)) || is_heard(&entry.payload) {
            continue;
        }
        let mut event = entry.payload;
        if let Some(fields) = event.as_object_mut() {
            fields.entry("tick").or_insert_with(|| entry.tick.0.into());
        }
        events.push(event);
    }
    let number = |event: &Value, key: &str| event.get(key).and_then(Value::as_i64).unwrap_or(0);
    events.sort_by_key(|event| {
        (
            number(event, "tick"),
            number(event, "shard"),
            number(event, "seq"),
        )
    });
    events
}

fn place_of(event: &Value) -> Option<(i64, i64)> {
    Some((event.get("shard")?.as_i64()?, event.get("seq")?.as_i64()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::ShardId;
    use crate::base::time::Tick;
    use serde_json::json;

    #[test]
    fn only_own_cursors_are_read() {
        let position = Position {
            inbox: 7,
            heard: "MS8xOjU".to_owned(),
        };
        assert_eq!(Position::read(&position.write()).unwrap(), position);
        let long = "A".repeat(CURSOR_MAX_BYTES + 1);
        for bad in ["", "x", "ZS8tMS8", long.as_str()] {
            assert_eq!(Position::read(bad).unwrap_err().code, Code::Malformed, "{bad}");
        }
    }

    #[test]
    fn inbox_entries_that_were_heard_come_once() {
        let entry = |seq, payload| InboxEntry {
            offset: seq,
            shard: ShardId(1),
            seq,
            tick: Tick(seq),
            payload,
        };
        let heard = vec![json!({"type": "speech", "shard": 1, "seq": 2, "tick": 2})];
        let inbox = vec![
            entry(1, json!({"type": "system_message", "shard": 1, "seq": 1})),
            entry(2, json!({"type": "speech", "shard": 1, "seq": 2})),
            entry(
                3,
                json!({"type": "payment", "target": "me", "shard": 1, "seq": 3}),
            ),
        ];
        let events = merge("me", heard, inbox);
        let seqs: Vec<i64> = events
            .iter()
            .map(|event| event["seq"].as_i64().unwrap())
            .collect();
        assert_eq!(seqs, [1, 2]);
        assert_eq!(events[0]["tick"], 1);
    }
}
