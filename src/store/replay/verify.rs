//! I12: what a shard's events say is what the tables and its snapshots say.

use super::{Cut, Start, Unreplayable, replay, row_of, snapshot, standing};
use crate::base::id::ShardId;
use crate::domain::replay::ShardState;
use crate::store::connection::Conn;
use crate::store::verify::{TOLD_MAX, Violation};
use crate::store::{Reader, Result};
use diesel::QueryResult;

/// What became of the check of a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// These were found; empty: it holds.
    Told(Vec<Violation>),
    /// It could not be checked: there is nothing to start from, or too much to read.
    Not(Unreplayable),
}

impl Reader {
    /// Checks I12 of a shard: its tables against its newest snapshot with the events after it, and that snapshot against the one
    /// before it, or the beginning. Reads at most `most` events at a time.
    pub fn verify_shard(&mut self, shard: ShardId, most: i64) -> Result<Checked> {
        self.consistently("verify a shard by replay", |conn| check(conn, shard, most))
    }
}

fn check(conn: &mut Conn, shard: ShardId, most: i64) -> QueryResult<Checked> {
    let Some(row) = row_of(conn, shard)? else {
        return Ok(Checked::Not(Unreplayable::NoShard(shard)));
    };
    let snapshots = snapshot::find(conn, shard, (i64::MAX, i64::MAX), usize::MAX)?;
    let corrupt = snapshots
        .corrupt
        .into_iter()
        .map(|seq| format!("the snapshot of shard {shard} after event {seq} does not match its checksum"));
    let mut found: Vec<String> = corrupt.collect();
    let mut snapshots = snapshots
        .sound
        .into_iter()
        .filter(|start| start.state.last_seq >= row.blind_to);
    let beginning = || (row.blind_to == 0).then(|| Start::empty(shard));
    let newest = snapshots.next();
    let before = snapshots.next().or_else(beginning);
    let whole = Cut {
        own_last: row.last_seq,
        before: i64::MAX,
        heads: None,
    };
    let mut steps: Vec<(Start, Cut, ShardState, &str)> = Vec::new();
    if let (Some(newest), Some(before)) = (&newest, before) {
        let cut = Cut {
            own_last: newest.state.last_seq,
            before: i64::MAX,
            heads: Some(newest.heads.clone()),
        };
        steps.push((before, cut, newest.state.clone(), "snapshot"));
    }
    let start = newest.or_else(beginning);
    let is_startless = start.is_none();
    if let (Some(start), Some(standing)) = (start, standing::standing(conn, shard)?) {
        steps.push((start, whole, standing.state, "table"));
    }
    let mut unchecked = is_startless.then_some(Unreplayable::NoStart(row.blind_to));
    for (start, cut, stored, kind) in steps {
        match replay(conn, start, &row.region, &cut, most)? {
            Ok(replayed) => {
                let differences = replayed.differences(&stored, TOLD_MAX);
                found.extend(
                    differences
                        .into_iter()
                        .map(|what| format!("shard {shard}, {kind} against replay: {what}")),
                );
            }
            Err(Unreplayable::Broken(broken)) => {
                found.push(format!("the log of shard {shard} is broken: {broken}"))
            }
            Err(Unreplayable::Unreadable { shard, seq }) => {
                found.push(format!(
                    "the deltas of event {seq} of shard {shard} cannot be read"
                ));
            }
            Err(unfit) => unchecked = Some(unfit),
        }
    }
    found.truncate(TOLD_MAX);
    let told = found.into_iter().map(|detail| Violation {
        invariant: "I12",
        detail,
    });
    let told: Vec<Violation> = told.collect();
    Ok(match unchecked {
        Some(unfit) if told.is_empty() => Checked::Not(unfit),
        _ => Checked::Told(told),
    })
}
