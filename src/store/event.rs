//! Reading what happened.

use super::connection::{Conn, on_conn};
use super::schema::{events, events::dsl as e, inbox, inbox_head, shard};
use super::sql_types::{Doc, Id};
use super::{Reader, Result};
use crate::base::id::{AgentId, ShardId};
use crate::base::time::{Tick, Timestamp};
use crate::domain::agent::Handle;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::{
    BoolExpressionMethods, EscapeExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods,
    OptionalExtension, QueryDsl, QueryResult, Queryable, RunQueryDsl, Selectable, SelectableHelper,
    TextExpressionMethods,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Events and where to go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// In wire form with `shard`, `seq`, `tick`, `region` and `created_at`, oldest first.
    pub events: Vec<Value>,
    /// Where the next page begins. Opaque.
    pub cursor: String,
}

/// What to ask of `heard`.
#[derive(Clone, Debug, Default)]
pub struct HeardQuery<'a> {
    /// The shards to look into; empty for all.
    pub shards: &'a [ShardId],
    /// Only these kinds; empty for all.
    pub kinds: &'a [String],
    /// After this cursor.
    pub cursor: Option<&'a str>,
    /// Not before this time.
    pub since: Option<Timestamp>,
    /// How many.
    pub limit: i64,
}

/// An entry of an inbox.
#[derive(Clone, Debug, PartialEq)]
pub struct InboxEntry {
    /// Dense from 1.
    pub offset: i64,
    /// The shard of the event.
    pub shard: ShardId,
    /// The event's number there.
    pub seq: i64,
    /// When in the world.
    pub tick: Tick,
    /// The event in wire form: as `Event::to_wire` with its position.
    pub payload: Value,
}

/// The ends of an inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxHead {
    /// Fixed at registration.
    pub epoch: String,
    /// The newest offset; zero when nothing ever came.
    pub top: i64,
    /// Entries up to here are gone.
    pub floor: i64,
}

impl Reader {
    /// What an agent did, heard or was told, by an opaque cursor with one position a shard. Without a cursor and a time: the latest.
    /// Scans a bounded number of events, so a page may be short or empty while its cursor goes on. None: the cursor is not one of ours.
    pub fn heard(&mut self, agent: &Handle, query: &HeardQuery<'_>) -> Result<Option<Page>> {
        let Some(from) = query
            .cursor
            .map(read_cursor)
            .map_or(Some(None), |cursor| cursor.map(Some))
        else {
            return Ok(None);
        };
        let page = self.read("read what an agent heard", |conn| {
            heard_page(conn, agent, query, from.as_ref())
        })?;
        Ok(Some(page))
    }

    /// The latest public events, without those of hidden regions, oldest first.
    pub fn world_events(&mut self, limit: i64, since: Option<Tick>, hidden: &[String]) -> Result<Vec<Value>> {
        let since = since.unwrap_or(Tick(i64::MIN));
        self.read("read the world's events", |conn| {
            let query = || {
                let public = events::table
                    .filter(e::is_public)
                    .filter(e::world_tick.ge(since.0))
                    .filter(e::region.ne_all(hidden));
                public
                    .order((e::created_at.desc(), e::shard_id.desc(), e::seq.desc()))
                    .limit(limit)
            };
            let rows: Vec<EventRow> = on_conn!(conn, |c| query().select(EventRow::as_select()).load(c))?;
            Ok(rows.into_iter().rev().map(EventRow::into_listed).collect())
        })
    }

    /// The last public events of a region, oldest first, as outside tools get them. Shape: `{type, source, content, tick}`.
    pub fn public_events_of(&mut self, region: &str, limit: i64) -> Result<Vec<String>> {
        self.read("read a region's public events", |conn| {
            let query = || {
                let public = events::table.filter(e::is_public).filter(e::region.eq(region));
                public
                    .order((e::created_at.desc(), e::shard_id.desc(), e::seq.desc()))
                    .limit(limit)
            };
            let rows: Vec<EventRow> = on_conn!(conn, |c| query().select(EventRow::as_select()).load(c))?;
            let told = |row: EventRow| {
                json!({"type": row.event_type, "source": row.source_agent, "content": row.content.0, "tick": row.world_tick})
                    .to_string()
            };
            Ok(rows.into_iter().rev().map(told).collect())
        })
    }

    /// The events of a shard after a number, in order.
    pub fn events_of_shard(&mut self, shard: ShardId, after_seq: i64, limit: i64) -> Result<Vec<Value>> {
        self.read("read a shard's events", |conn| {
            let query = || {
                events::table
                    .filter(e::shard_id.eq(shard.0))
                    .filter(e::seq.gt(after_seq))
                    .order(e::seq)
                    .limit(limit)
            };
            let rows: Vec<EventRow> = on_conn!(conn, |c| query().select(EventRow::as_select()).load(c))?;
            Ok(rows.into_iter().map(EventRow::into_listed).collect())
        })
    }

    /// The entries of an inbox after an offset, in order.
    pub fn inbox(&mut self, agent: AgentId, after: i64, limit: i64) -> Result<Vec<InboxEntry>> {
        self.read("read an inbox", |conn| {
            // The whole primary key of `events` is in the entry, so only the partition with the event is looked into.
            let on = || {
                e::created_at
                    .eq(inbox::created_at)
                    .and(e::shard_id.eq(inbox::shard_id))
                    .and(e::seq.eq(inbox::seq))
            };
            let rows: Vec<(i64, EventRow)> = on_conn!(conn, |c| inbox::table
                .inner_join(events::table.on(on()))
                .filter(inbox::agent_id.eq(Id(agent.0)))
                .filter(inbox::offset.gt(after))
                .order(inbox::offset)
                .limit(limit)
                .select((inbox::offset, EventRow::as_select()))
                .load(c))?;
            let entry = |(offset, event): (i64, EventRow)| InboxEntry {
                offset,
                shard: ShardId(event.shard_id),
                seq: event.seq,
                tick: Tick(event.world_tick),
                payload: event.into_wire(),
            };
            Ok(rows.into_iter().map(entry).collect())
        })
    }

    /// The ends of an inbox. None: no such agent.
    pub fn inbox_head(&mut self, agent: AgentId) -> Result<Option<InboxHead>> {
        self.read("read an inbox's head", |conn| {
            let query = || {
                inbox_head::table.find(Id(agent.0)).select((
                    inbox_head::epoch,
                    inbox_head::top,
                    inbox_head::floor,
                ))
            };
            let row: Option<(String, i64, i64)> = on_conn!(conn, |c| query().first(c).optional())?;
            Ok(row.map(|(epoch, top, floor)| InboxHead { epoch, top, floor }))
        })
    }
}

/// Events of a shard that one call looks at.
const SCAN_MAX: i64 = 10_000;

/// An event from the table.
#[derive(Queryable, Selectable)]
#[diesel(table_name = events, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(super) struct EventRow {
    pub(super) created_at: i64,
    shard_id: i32,
    pub(super) seq: i64,
    event_type: String,
    source_agent: Option<String>,
    target_agent: Option<String>,
    pub(super) region: String,
    content: Doc,
    location: Option<Doc>,
    pub(super) world_tick: i64,
}

impl EventRow {
    /// As `Event::to_wire` makes it.
    pub(super) fn into_wire(self) -> Value {
        let mut entry = serde_json::Map::new();
        entry.insert("type".to_owned(), json!(self.event_type));
        entry.insert("shard".to_owned(), json!(self.shard_id));
        entry.insert("seq".to_owned(), json!(self.seq));
        if let Some(source) = self.source_agent {
            entry.insert("source".to_owned(), json!(source));
        }
        if let Some(target) = self.target_agent {
            entry.insert("target".to_owned(), json!(target));
        }
        entry.insert("content".to_owned(), self.content.0);
        if let Some(location) = self.location {
            entry.insert("location".to_owned(), location.0);
        }
        Value::Object(entry)
    }

    /// The same with when and where, for lists.
    fn into_listed(self) -> Value {
        let more = [
            ("tick", json!(self.world_tick)),
            ("region", json!(self.region)),
            ("created_at", json!(self.created_at)),
        ];
        let mut entry = self.into_wire();
        if let Some(fields) = entry.as_object_mut() {
            fields.extend(more.map(|(key, value)| (key.to_owned(), value)));
        }
        entry
    }
}

/// The last number seen of each shard.
type Positions = BTreeMap<i32, i64>;

fn write_cursor(positions: &Positions) -> String {
    let parts: Vec<String> = positions
        .iter()
        .map(|(shard, seq)| format!("{shard}:{seq}"))
        .collect();
    URL_SAFE_NO_PAD.encode(format!("1/{}", parts.join(",")))
}

fn read_cursor(cursor: &str) -> Option<Positions> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let list = text.strip_prefix("1/")?;
    let position = |part: &str| {
        let (shard, seq) = part.split_once(':')?;
        Some((shard.parse().ok()?, seq.parse().ok().filter(|seq| *seq >= 0)?))
    };
    list.split(',')
        .filter(|part| !part.is_empty())
        .map(position)
        .collect()
}

fn heard_page(
    conn: &mut Conn,
    agent: &Handle,
    query: &HeardQuery<'_>,
    from: Option<&Positions>,
) -> QueryResult<Page> {
    let heads = || shard::table.order(shard::id).select((shard::id, shard::last_seq));
    let heads: Vec<(i32, i64)> = on_conn!(conn, |c| heads().load(c))?;
    let mut positions = from.cloned().unwrap_or_default();
    let is_latest = from.is_none() && query.since.is_none();
    let limit = query.limit.max(0);
    let mut found: Vec<EventRow> = Vec::new();
    let mut scanned = Positions::new();
    for (id, head) in heads {
        let is_asked = query.shards.is_empty() || query.shards.iter().any(|asked| asked.0 == id);
        if !is_asked {
            continue;
        }
        let after = match positions.get(&id) {
            Some(after) => *after,
            None if query.since.is_some() => first_since(conn, id, query.since)?.unwrap_or(head),
            // A shard that the cursor does not know, or no cursor: the latest events.
            None => head.saturating_sub(SCAN_MAX).max(0),
        };
        if after >= head {
            positions.insert(id, head.max(after));
            continue;
        }
        let until = head.min(after.saturating_add(SCAN_MAX));
        let rows = scan(conn, agent, query, id, (after, until), is_latest)?;
        // A full answer may not reach the end of the range.
        let is_full = i64::try_from(rows.len()).is_ok_and(|count| count >= limit);
        let last = rows.iter().map(|row| row.seq).max();
        scanned.insert(
            id,
            if is_full && !is_latest {
                last.unwrap_or(after)
            } else {
                until
            },
        );
        positions.insert(id, after);
        found.extend(rows);
    }
    // Between shards the order is that of ticks; within one that of numbers, and ticks never fall there.
    found.sort_by_key(|row| (row.world_tick, row.shard_id, row.seq));
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    if is_latest {
        let surplus = found.len().saturating_sub(most);
        found.drain(..surplus);
        positions.extend(scanned);
    } else {
        let rest = found.split_off(most.min(found.len()));
        for (id, end) in scanned {
            // Where events of a shard were cut off, the next page begins at the first of them.
            let cut = rest
                .iter()
                .filter(|row| row.shard_id == id)
                .map(|row| row.seq)
                .min();
            positions.insert(id, cut.map_or(end, |seq| seq.saturating_sub(1)));
        }
    }
    Ok(Page {
        events: found.into_iter().map(EventRow::into_listed).collect(),
        cursor: write_cursor(&positions),
    })
}

/// The number before the first event of a shard that is not older than `since`.
fn first_since(conn: &mut Conn, id: i32, since: Option<Timestamp>) -> QueryResult<Option<i64>> {
    let since = since.unwrap_or_default().0;
    let query = || {
        events::table
            .filter(e::shard_id.eq(id))
            .filter(e::created_at.ge(since))
            .order(e::seq)
            .select(e::seq)
    };
    let first: Option<i64> = on_conn!(conn, |c| query().first(c).optional())?;
    Ok(first.map(|seq| seq.saturating_sub(1)))
}

/// The events of a shard in a range of numbers that concern an agent; the first ones, or the latest.
fn scan(
    conn: &mut Conn,
    agent: &Handle,
    query: &HeardQuery<'_>,
    id: i32,
    (after, until): (i64, i64),
    is_latest: bool,
) -> QueryResult<Vec<EventRow>> {
    let name = agent.as_str();
    let pattern = format!("%,{},%", name.replace('_', "\\_"));
    macro_rules! concerning {
        () => {{
            let range = events::table
                .filter(e::shard_id.eq(id))
                .filter(e::seq.gt(after))
                .filter(e::seq.le(until));
            let mine = e::source_agent
                .eq(name)
                .or(e::target_agent.eq(name))
                .assume_not_null();
            let heard = e::hearers.like(pattern.as_str()).escape('\\');
            range.filter(heard.or(mine)).into_boxed()
        }};
    }
    macro_rules! run {
        ($c:expr) => {{
            let mut some = concerning!();
            if !query.kinds.is_empty() {
                some = some.filter(e::event_type.eq_any(query.kinds));
            }
            some = if is_latest {
                some.order(e::seq.desc())
            } else {
                some.order(e::seq.asc())
            };
            some.limit(query.limit.max(0))
                .select(EventRow::as_select())
                .load($c)
        }};
    }
    on_conn!(conn, |c| run!(c))
}
