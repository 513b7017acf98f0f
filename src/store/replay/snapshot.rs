//! Snapshots: the state of a shard after an event, taken from the tables behind the fence, so that a replay need not begin with
//! the world. A wrong one is passed over: its checksum tells.

use super::standing::standing;
use crate::base::id::ShardId;
use crate::base::time::Timestamp;
use crate::domain::replay::ShardState;
use crate::store::commit::Lease;
use crate::store::connection::{Conn, load_for_update, on_conn};
use crate::store::schema::{shard::dsl as s, shard_snapshot, shard_snapshot::dsl as n};
use crate::store::sql_types::Id;
use crate::store::{Result, Store, shard};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, RunQueryDsl};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Snapshots of a shard that are kept.
const KEPT: i64 = 3;
/// Events after which a new one is due.
const EVERY_EVENTS: i64 = 1_000;
/// After this time a new one is due, whatever happened: meanwhile the others' logs have grown. Units: milliseconds.
const EVERY_MS: i64 = 3_600_000;

/// What became of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is kept, of the state after this event.
    Kept(i64),
    /// The last one will do.
    NotDue,
    /// The lease is not the current one; nothing was written.
    NotOurs,
}

/// What a snapshot holds.
#[derive(Serialize, Deserialize)]
struct Body {
    state: ShardState,
    /// Where all logs ended.
    heads: BTreeMap<ShardId, i64>,
}

/// What a replay starts from.
pub(super) struct Start {
    pub state: ShardState,
    pub epoch: i64,
    pub heads: BTreeMap<ShardId, i64>,
    /// The beginning of the world, no snapshot.
    pub is_empty: bool,
}

impl Start {
    pub(super) fn empty(shard: ShardId) -> Self {
        Self {
            state: ShardState::empty(shard),
            epoch: 0,
            heads: BTreeMap::new(),
            is_empty: true,
        }
    }
}

/// The snapshots of a shard that were looked at.
#[derive(Default)]
pub(super) struct Found {
    /// Newest first.
    pub sound: Vec<Start>,
    /// Those whose checksums do not match.
    pub corrupt: Vec<i64>,
}

impl Store {
    /// Takes a snapshot of a shard when one is due: after 1,000 events, after an hour, and as the `last` one before a stop after any event.
    /// Nothing is written unless the lease is the current one, which this transaction makes sure that it stays.
    pub fn take_snapshot(&mut self, lease: Lease, is_last: bool, now: Timestamp) -> Result<Taken> {
        self.write("take a snapshot", |conn| take(conn, lease, is_last, now))
    }
}

fn take(conn: &mut Conn, lease: Lease, is_last: bool, now: Timestamp) -> QueryResult<Taken> {
    let id = lease.shard;
    let Some(region) = shard::region_of(conn, id)? else {
        return Ok(Taken::NotOurs);
    };
    // All shards of the region, in their order: each may change its objects.
    let rows =
        s::shard
            .filter(s::region.eq(&region))
            .order(s::id)
            .select((s::id, s::owner, s::epoch, s::last_seq));
    let locked: Vec<(i32, Option<Id>, i64, i64)> = load_for_update!(conn, rows)?;
    let mine = locked.into_iter().find(|(shard, owner, epoch, _)| {
        *shard == id.0 && *owner == Some(Id(lease.owner.0)) && *epoch == lease.epoch
    });
    let Some((_, _, epoch, last_seq)) = mine else {
        return Ok(Taken::NotOurs);
    };
    let query = || {
        n::shard_snapshot
            .filter(n::shard_id.eq(id.0))
            .order(n::seq.desc())
            .select((n::seq, n::at))
    };
    let newest: Option<(i64, i64)> = on_conn!(conn, |c| query().first(c).optional())?;
    let is_due = newest.is_none_or(|(seq, at)| {
        let behind = last_seq.saturating_sub(seq);
        behind >= EVERY_EVENTS || (is_last && behind > 0) || now.0.saturating_sub(at) >= EVERY_MS
    });
    if !is_due {
        return Ok(Taken::NotDue);
    }
    let Some(standing) = standing(conn, id)? else {
        return Ok(Taken::NotDue);
    };
    // What it holds of other shards is never later than its time, whatever their clocks say.
    let at = now.max(standing.latest);
    let body = Body {
        state: standing.state,
        heads: standing.heads,
    };
    // Plain numbers and texts always serialise.
    let body = serde_json::to_vec(&body).unwrap_or_default();
    let row = (
        n::shard_id.eq(id.0),
        n::seq.eq(last_seq),
        (
            n::epoch.eq(epoch),
            n::at.eq(at.0),
            n::checksum.eq(checksum(&body).to_vec()),
            n::body.eq(body),
        ),
    );
    on_conn!(conn, |c| diesel::insert_into(shard_snapshot::table)
        .values(row.clone())
        .on_conflict((n::shard_id, n::seq))
        .do_update()
        .set(row.2.clone())
        .execute(c))?;
    forget_old(conn, id)?;
    Ok(Taken::Kept(last_seq))
}

fn forget_old(conn: &mut Conn, id: ShardId) -> QueryResult<()> {
    let query = || {
        n::shard_snapshot
            .filter(n::shard_id.eq(id.0))
            .order(n::seq.desc())
            .offset(KEPT)
            .select(n::seq)
    };
    // The few newest stand first.
    let old: Option<i64> = on_conn!(conn, |c| query().first(c).optional())?;
    if let Some(seq) = old {
        let past = n::shard_snapshot
            .filter(n::shard_id.eq(id.0))
            .filter(n::seq.le(seq));
        on_conn!(conn, |c| diesel::delete(past).execute(c))?;
    }
    Ok(())
}

fn checksum(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

type Row = (i64, i64, i64, Vec<u8>, Vec<u8>);

/// All snapshots of a shard, newest first.
fn rows(conn: &mut Conn, id: ShardId) -> QueryResult<Vec<Row>> {
    let query = || {
        let all = n::shard_snapshot
            .filter(n::shard_id.eq(id.0))
            .order(n::seq.desc());
        all.select((n::seq, n::epoch, n::at, n::body, n::checksum))
    };
    on_conn!(conn, |c| query().load(c))
}

/// None: it is not as it was written.
fn read(id: ShardId, (seq, epoch, _, body, sum): &Row) -> Option<Start> {
    let body: Body = (checksum(body).as_slice() == sum).then(|| serde_json::from_slice(body).ok())??;
    (body.state.shard == id && body.state.last_seq == *seq).then_some(Start {
        state: body.state,
        epoch: *epoch,
        heads: body.heads,
        is_empty: false,
    })
}

/// The newest snapshots of a shard: at most so many that match their checksums. Only those of a state not after the event `own_last` and
/// taken before a time.
pub(super) fn find(
    conn: &mut Conn,
    id: ShardId,
    (own_last, before): (i64, i64),
    most: usize,
) -> QueryResult<Found> {
    let mut found = Found::default();
    let rows = rows(conn, id)?.into_iter();
    for row in rows.filter(|row| row.0 <= own_last && row.2 < before) {
        if found.sound.len() >= most {
            break;
        }
        match read(id, &row) {
            Some(start) => found.sound.push(start),
            None => found.corrupt.push(row.0),
        }
    }
    Ok(found)
}
