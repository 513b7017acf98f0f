//! Reading logs for a replay: the shard's own whole, of the others' what changed something.

use super::snapshot::Start;
use super::{Cut, Replayed, Unreplayable, fit};
use crate::base::id::ShardId;
use crate::base::time::Timestamp;
use crate::domain::replay::{Broken, Delta, Logged, Replay};
use crate::store::connection::{Conn, on_conn};
use crate::store::schema::{events, events::dsl as e, shard::dsl as s};
use crate::store::sql_types::Doc;
use diesel::dsl::{max, sql};
use diesel::sql_types::Bool;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, RunQueryDsl};

/// Events in memory at a time.
const PAGE: i64 = 5_000;

/// A part of another shard's log.
pub(super) struct Range {
    shard: ShardId,
    region: String,
    after: i64,
    until: i64,
}

impl Range {
    /// How many events it has at most.
    pub(super) fn len(&self) -> i64 {
        self.until.saturating_sub(self.after).max(0)
    }
}

/// What to read of the other shards' logs: from where the start knows them.
pub(super) fn foreign_ranges(
    conn: &mut Conn,
    shard: ShardId,
    start: &Start,
    cut: &Cut,
) -> Replayed<Vec<Range>> {
    let query = || {
        let others = s::shard.filter(s::id.ne(shard.0)).order(s::id);
        others.select((s::id, s::region, s::last_seq, s::floor_seq))
    };
    let rows: Vec<(i32, String, i64, i64)> = on_conn!(conn, |c| query().load(c))?;
    let mut ranges = Vec::with_capacity(rows.len());
    for (id, region, last_seq, floor_seq) in rows {
        let id = ShardId(id);
        let after = start.heads.get(&id).copied().unwrap_or(0);
        let until = cut
            .heads
            .as_ref()
            .map_or(last_seq, |heads| heads.get(&id).copied().unwrap_or(0));
        // From the beginning, an event that is gone could only tell of an agent that this shard's log, which is whole, never had.
        if !start.is_empty && after < floor_seq && after < until {
            return Ok(Err(Unreplayable::ForeignGone {
                shard: id,
                seq: floor_seq,
            }));
        }
        ranges.push(Range {
            shard: id,
            region,
            after,
            until,
        });
    }
    Ok(Ok(ranges))
}

/// Folds the shard's own log up to an event.
pub(super) fn read_own(conn: &mut Conn, replay: &mut Replay, last: i64) -> Replayed<()> {
    let shard = replay.shard();
    while replay.last_seq() < last {
        let after = replay.last_seq();
        let query = || {
            let log = events::table.filter(e::shard_id.eq(shard.0));
            let part = log
                .filter(e::seq.gt(after))
                .filter(e::seq.le(last))
                .order(e::seq)
                .limit(PAGE);
            part.select((e::seq, e::epoch, e::created_at, e::deltas))
        };
        let rows: Vec<(i64, i64, i64, Option<Doc>)> = on_conn!(conn, |c| query().load(c))?;
        if rows.is_empty() {
            let expected = after.saturating_add(1);
            return Ok(Err(Broken::Gap {
                expected,
                found: last.saturating_add(1),
            }
            .into()));
        }
        for (seq, epoch, at, deltas) in rows {
            let logged = Logged {
                seq,
                epoch,
                at: Timestamp(at),
                deltas: fit!(deltas_of(shard, seq, deltas)),
            };
            fit!(replay.own(logged));
        }
    }
    Ok(Ok(()))
}

/// Folds what other shards did that concerns this one.
pub(super) fn read_foreign(
    conn: &mut Conn,
    replay: &mut Replay,
    range: &Range,
    region: &str,
    before: i64,
) -> Replayed<()> {
    let mut after = range.after;
    while after < range.until {
        let query = || {
            let log = events::table.filter(e::shard_id.eq(range.shard.0));
            let part = log
                .filter(e::seq.gt(after))
                .filter(e::seq.le(range.until))
                .filter(e::created_at.lt(before));
            part.filter(sql::<Bool>("deltas IS NOT NULL"))
                .order(e::seq)
                .limit(PAGE)
                .select((e::seq, e::deltas))
        };
        let rows: Vec<(i64, Option<Doc>)> = on_conn!(conn, |c| query().load(c))?;
        let Some((last, _)) = rows.last() else { break };
        after = *last;
        for (seq, deltas) in rows {
            let mut deltas = fit!(deltas_of(range.shard, seq, deltas));
            // Each region has its own objects.
            deltas.retain(|delta| range.region == region || matches!(delta, Delta::Agent(..)));
            replay.foreign(deltas);
        }
    }
    Ok(Ok(()))
}

fn deltas_of(shard: ShardId, seq: i64, deltas: Option<Doc>) -> Result<Vec<Delta>, Unreplayable> {
    deltas.map_or(Ok(Vec::new()), |doc| {
        serde_json::from_value(doc.0).map_err(|_broken| Unreplayable::Unreadable { shard, seq })
    })
}

/// When an event happened. None: there is no such event.
pub(super) fn time_of(conn: &mut Conn, shard: ShardId, seq: i64) -> QueryResult<Option<i64>> {
    let query = || {
        let log = events::table.filter(e::shard_id.eq(shard.0));
        log.filter(e::seq.eq(seq)).select(e::created_at)
    };
    on_conn!(conn, |c| query().first(c).optional())
}

/// The number of the last event up to a time. None: all that are there are later.
pub(super) fn last_until(conn: &mut Conn, shard: ShardId, at: Timestamp) -> QueryResult<Option<i64>> {
    let query = || {
        let log = events::table.filter(e::shard_id.eq(shard.0));
        log.filter(e::created_at.le(at.0)).select(max(e::seq))
    };
    on_conn!(conn, |c| query().first(c))
}
