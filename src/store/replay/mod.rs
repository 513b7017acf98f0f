//! Rebuilding a shard from its newest snapshot and the events after it. What is rebuilt, and why that follows from events:
//! `domain/replay`. All is read on one consistent snapshot of the database.

mod log;
mod snapshot;
mod standing;
mod verify;

pub use snapshot::Taken;
pub use verify::Checked;

use super::connection::{Conn, on_conn};
use super::schema::shard::dsl as s;
use super::{Reader, Result};
use crate::base::id::ShardId;
use crate::base::time::Timestamp;
use crate::domain::replay::{Broken, Replay, ShardState};
use diesel::connection::SimpleConnection;
use diesel::{OptionalExtension, QueryDsl, QueryResult, RunQueryDsl};
use snapshot::Start;
use std::collections::BTreeMap;

/// How far to replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// To the end; compared with the tables then.
    Now,
    /// To this event: the shard as it was just before its next one.
    Seq(i64),
    /// To this time, its millisecond included.
    Time(Timestamp),
}

/// A shard rebuilt.
#[derive(Clone, Debug, PartialEq)]
pub struct Rebuilt {
    /// What the events say.
    pub state: ShardState,
    /// What the tables say, when it was replayed to the end.
    pub tables: Option<ShardState>,
    /// The number of the event that the snapshot was taken after; zero for a replay from the beginning.
    pub from_seq: i64,
    /// How many events of the shard's own log were replayed.
    pub events: i64,
    /// Snapshots that were passed over, because their checksums do not match.
    pub corrupt: Vec<i64>,
}

/// Why a shard cannot be rebuilt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreplayable {
    /// There is no such shard.
    #[error("there is no shard {0}")]
    NoShard(ShardId),
    /// It did not happen yet.
    #[error("the last event is {0}")]
    NotYet(i64),
    /// Older events are gone, or are of a program that did not write what they changed, and no snapshot is there.
    #[error("no snapshot to start from: events up to {0} are gone, or do not tell what they changed")]
    NoStart(i64),
    /// Another shard's log does not reach back to the snapshot.
    #[error("events up to {seq} of shard {shard}, which are needed too, are gone")]
    ForeignGone {
        /// The other shard.
        shard: ShardId,
        /// Up to where its events are gone.
        seq: i64,
    },
    /// There are more events than were to be read.
    #[error("there are more than {0} events to read")]
    TooLong(i64),
    /// The log says what cannot be.
    #[error("the log is broken: {0}")]
    Broken(#[from] Broken),
    /// An event's deltas cannot be read.
    #[error("the deltas of event {seq} of shard {shard} cannot be read")]
    Unreadable {
        /// Whose.
        shard: ShardId,
        /// Its number.
        seq: i64,
    },
}

/// Where a replay ends.
struct Cut {
    own_last: i64,
    /// Of other shards, only events before this time.
    before: i64,
    /// Of other shards, only events up to these; none for all.
    heads: Option<BTreeMap<ShardId, i64>>,
}

/// A shard's row, as far as replay needs it.
struct Row {
    region: String,
    last_seq: i64,
    /// Events up to here are of no use.
    blind_to: i64,
}

impl Reader {
    /// Rebuilds a shard.
    pub fn rebuild(
        &mut self,
        shard: ShardId,
        until: Until,
    ) -> Result<std::result::Result<Rebuilt, Unreplayable>> {
        self.consistently("rebuild a shard", |conn| rebuild(conn, shard, until))
    }

    /// Runs selects that all see the same state of the database.
    pub(super) fn consistently<T>(
        &mut self,
        operation: &'static str,
        mut body: impl FnMut(&mut Conn) -> QueryResult<T>,
    ) -> Result<T> {
        self.read(operation, |conn| {
            let begin = match conn {
                Conn::Sqlite(_) => "BEGIN",
                Conn::Pg(_) => {
                    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0"
                }
            };
            on_conn!(conn, |c| c.batch_execute(begin))?;
            let found = body(conn);
            on_conn!(conn, |c| c.batch_execute("ROLLBACK"))?;
            found
        })
    }
}

/// A replay that may find the log unfit.
type Replayed<T> = QueryResult<std::result::Result<T, Unreplayable>>;

/// Gives back from a `Replayed` function what kept it from going on.
macro_rules! fit {
    ($outcome:expr) => {
        match $outcome {
            Ok(value) => value,
            Err(unfit) => return Ok(Err(unfit.into())),
        }
    };
}
use fit;

fn rebuild(conn: &mut Conn, shard: ShardId, until: Until) -> Replayed<Rebuilt> {
    let Some(row) = row_of(conn, shard)? else {
        return Ok(Err(Unreplayable::NoShard(shard)));
    };
    let cut = fit!(cut_at(conn, shard, &row, until)?);
    let found = snapshot::find(conn, shard, (cut.own_last, cut.before), 1)?;
    for seq in &found.corrupt {
        tracing::warn!(shard.id = %shard, "the snapshot of shard {shard} after event {seq} does not match its checksum: the one before is used");
    }
    let start = match found.sound.into_iter().next() {
        Some(start) if start.state.last_seq >= row.blind_to => start,
        _ if row.blind_to == 0 => Start::empty(shard),
        _ => return Ok(Err(Unreplayable::NoStart(row.blind_to))),
    };
    let from_seq = start.state.last_seq;
    let is_whole = cut.own_last == row.last_seq && cut.before == i64::MAX;
    let state = fit!(replay(conn, start, &row.region, &cut, i64::MAX)?);
    let tables = match is_whole {
        true => standing::standing(conn, shard)?.map(|standing| standing.state),
        false => None,
    };
    Ok(Ok(Rebuilt {
        events: state.last_seq.saturating_sub(from_seq),
        state,
        tables,
        from_seq,
        corrupt: found.corrupt,
    }))
}

/// Folds the shard's own log and what concerns it of the others'. Reads at most `most` events.
fn replay(conn: &mut Conn, start: Start, region: &str, cut: &Cut, most: i64) -> Replayed<ShardState> {
    let shard = start.state.shard;
    let foreign = fit!(log::foreign_ranges(conn, shard, &start, cut)?);
    let own = cut.own_last.saturating_sub(start.state.last_seq);
    if foreign.iter().map(log::Range::len).fold(own, i64::saturating_add) > most {
        return Ok(Err(Unreplayable::TooLong(most)));
    }
    let mut replay = Replay::from(start.state, start.epoch);
    fit!(log::read_own(conn, &mut replay, cut.own_last)?);
    for range in foreign {
        fit!(log::read_foreign(conn, &mut replay, &range, region, cut.before)?);
    }
    Ok(Ok(replay.into_state()))
}

fn row_of(conn: &mut Conn, shard: ShardId) -> QueryResult<Option<Row>> {
    let query = || {
        s::shard
            .find(shard.0)
            .select((s::region, s::last_seq, s::floor_seq, s::replay_from))
    };
    let row: Option<(String, i64, i64, i64)> = on_conn!(conn, |c| query().first(c).optional())?;
    Ok(row.map(|(region, last_seq, floor_seq, replay_from)| Row {
        region,
        last_seq,
        blind_to: floor_seq.max(replay_from),
    }))
}

fn cut_at(conn: &mut Conn, shard: ShardId, row: &Row, until: Until) -> Replayed<Cut> {
    let (own_last, before) = match until {
        Until::Now => (row.last_seq, i64::MAX),
        Until::Seq(seq) if seq > row.last_seq => return Ok(Err(Unreplayable::NotYet(row.last_seq))),
        Until::Seq(seq) if seq < row.blind_to => return Ok(Err(Unreplayable::NoStart(row.blind_to))),
        Until::Seq(seq) => (
            seq,
            log::time_of(conn, shard, seq.saturating_add(1))?.unwrap_or(i64::MAX),
        ),
        Until::Time(at) => {
            let last = log::last_until(conn, shard, at)?;
            (
                last.unwrap_or(row.blind_to).max(row.blind_to),
                at.0.saturating_add(1),
            )
        }
    };
    Ok(Ok(Cut {
        own_last,
        before,
        heads: None,
    }))
}
