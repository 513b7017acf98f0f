//! Reading what happened.

use super::{Reader, Result};
use crate::base::id::{AgentId, ShardId};
use crate::base::time::{Tick, Timestamp};
use crate::domain::agent::Handle;
use serde_json::Value;

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
        todo!("{agent}{query:?}")
    }

    /// The latest public events, oldest first.
    pub fn world_events(&mut self, limit: i64, since: Option<Tick>) -> Result<Vec<Value>> {
        todo!("{limit}{since:?}")
    }

    /// The events of a shard after a number, in order.
    pub fn events_of_shard(&mut self, shard: ShardId, after_seq: i64, limit: i64) -> Result<Vec<Value>> {
        todo!("{shard}{after_seq}{limit}")
    }

    /// The entries of an inbox after an offset, in order.
    pub fn inbox(&mut self, agent: AgentId, after: i64, limit: i64) -> Result<Vec<InboxEntry>> {
        todo!("{agent}{after}{limit}")
    }

    /// The ends of an inbox. None: no such agent.
    pub fn inbox_head(&mut self, agent: AgentId) -> Result<Option<InboxHead>> {
        todo!("{agent}")
    }
}
