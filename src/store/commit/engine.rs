//! The transaction of a batch: fence, read, decide, write, commit.

#[cfg(test)]
mod tests;

use super::decide::{self, Staged};
use super::read::{self, Resolver};
use super::{BATCH_MAX, Batch, CommitError, Lease, Outcome, write};
use crate::base::time::Timestamp;
use crate::host::fault;
use crate::store::connection::{ATTEMPTS_MAX, Conn, on_conn, pause};
use crate::store::error::{Class, class_of};
use crate::store::{Store, StoreError, retention};
use diesel::result::{DatabaseErrorKind, Error as Sql};
use diesel::sql_types::{BigInt, Integer};
use diesel::{OptionalExtension, QueryResult, QueryableByName, RunQueryDsl, sql_query};

/// What the fence gives: where the shard's events end.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub(super) struct Fence {
    #[diesel(sql_type = BigInt)]
    pub last_seq: i64,
    #[diesel(sql_type = BigInt)]
    pub last_at: i64,
}

/// Why one try failed.
enum Failure {
    Fenced,
    NotCommitted(StoreError),
    /// The connection was lost while it committed.
    Unknown {
        before: i64,
        after: i64,
        outcomes: Vec<Outcome>,
        source: StoreError,
    },
}

impl Store {
    /// Commits a batch in one transaction; its first statement is the fence. Gives one outcome a commit, in order, never
    /// before the database has committed. A commit that is refused is refused alone; a temporary refusal is not stored.
    /// Errors: `Fenced`; `NotCommitted`, after which the same batch may be tried again: commands are executed once.
    pub fn commit(&mut self, batch: &Batch) -> Result<Vec<Outcome>, CommitError> {
        let shard = batch.lease.shard;
        let fail = |source: StoreError| CommitError::NotCommitted {
            shard,
            is_disk_full: source.is_disk_full(),
            source,
        };
        if batch.commits.len() > BATCH_MAX {
            return Err(fail(StoreError::Unsupported("a batch has at most 1,000 commits")));
        }
        let mut attempt = 0;
        loop {
            attempt += 1;
            let source = match self.attempt(batch) {
                Ok(outcomes) => {
                    self.committed(outcomes.len());
                    return Ok(outcomes);
                }
                Err(Failure::Fenced) => return Err(CommitError::Fenced(shard)),
                Err(Failure::NotCommitted(source)) => source,
                Err(Failure::Unknown {
                    before,
                    after,
                    outcomes,
                    source,
                }) => match self.last_seq_after_loss(batch)? {
                    Some(last_seq) if last_seq == after && after > before => return Ok(outcomes),
                    // Nothing was numbered, or nothing was committed: both may be done again.
                    Some(_) => source,
                    None => return Err(fail(source)),
                },
            };
            if attempt >= ATTEMPTS_MAX || !self.may_repeat(&source, batch.now) {
                return Err(fail(source));
            }
            pause(attempt);
        }
    }

    /// Whether another try may succeed; mends what can be mended.
    fn may_repeat(&mut self, error: &StoreError, now: Timestamp) -> bool {
        match error {
            StoreError::Connect { .. } => true,
            // Another shard committed the same command a moment ago; the next try finds it.
            StoreError::Query {
                source: Sql::DatabaseError(DatabaseErrorKind::UniqueViolation, _),
                ..
            } => true,
            StoreError::Query { source, .. } => match class_of(source) {
                Class::Retry => true,
                Class::Lost => {
                    self.disconnect();
                    true
                }
                Class::NoPartition => self
                    .conn()
                    .is_ok_and(|conn| retention::make_partitions(conn, now).is_ok()),
                Class::DiskFull | Class::Fatal => false,
            },
            _ => false,
        }
    }

    /// Runs the transaction once.
    fn attempt(&mut self, batch: &Batch) -> Result<Vec<Outcome>, Failure> {
        let query = |source| StoreError::Query {
            operation: "commit a batch",
            source,
        };
        let (conn, resolver) = self.parts().map_err(Failure::NotCommitted)?;
        let failed = |source| Failure::NotCommitted(query(source));
        if let Err(error) = conn.begin() {
            self.disconnect();
            return Err(failed(error));
        }
        let (fence, staged) = match transact(conn, resolver, batch) {
            Ok(Some(done)) => done,
            Ok(None) => {
                conn.rollback();
                return Err(Failure::Fenced);
            }
            Err(error) => {
                if !conn.rollback() {
                    self.disconnect();
                }
                return Err(failed(error));
            }
        };
        let after = fence.last_seq.saturating_add(staged.count());
        match conn.commit() {
            Ok(()) => {
                // All is committed by now, and nobody told.
                fault::panic_if("store.committed", || format!("{:?}", batch.commits));
                if fault::is_mutant("dedupe_in_redis_only") {
                    let keys = batch
                        .commits
                        .iter()
                        .filter_map(|commit| Some((commit.agent, commit.command.as_ref()?)));
                    keys.for_each(|(agent, command)| fault::cache(format!("{agent} {}", command.id)));
                }
                Ok(staged.outcomes)
            }
            Err(error) if class_of(&error) == Class::Lost => {
                let source = query(error);
                self.disconnect();
                Err(Failure::Unknown {
                    before: fence.last_seq,
                    after,
                    outcomes: staged.outcomes,
                    source,
                })
            }
            Err(error) => {
                if !conn.rollback() {
                    self.disconnect();
                }
                Err(failed(error))
            }
        }
    }

    /// Asks the database how a commit ended. The fence waits for the row's lock, so an old transaction that still runs is over then.
    /// None: the database did not come back in time. Errors: `Fenced`.
    fn last_seq_after_loss(&mut self, batch: &Batch) -> Result<Option<i64>, CommitError> {
        for attempt in 1..=(ATTEMPTS_MAX * 10) {
            let fence = match self.conn() {
                Ok(conn) => conn.begin().and_then(|()| {
                    let fence = fence(conn, batch);
                    conn.rollback();
                    fence
                }),
                Err(_) => Err(Sql::BrokenTransactionManager),
            };
            match fence {
                Ok(Some(fence)) => return Ok(Some(fence.last_seq)),
                Ok(None) => return Err(CommitError::Fenced(batch.lease.shard)),
                Err(_) => {
                    self.disconnect();
                    pause(attempt);
                }
            }
        }
        Ok(None)
    }
}

/// The body of the transaction. None: fenced.
pub(super) fn transact(
    conn: &mut Conn,
    resolver: &mut Resolver,
    batch: &Batch,
) -> QueryResult<Option<(Fence, Staged)>> {
    let Some(fence) = fence(conn, batch)? else {
        return Ok(None);
    };
    let at = Timestamp(batch.now.0.max(fence.last_at));
    let view = read::view(conn, resolver, batch)?;
    let staged = decide::decide(batch, fence.last_seq, view);
    write::write(conn, batch, at, &staged)?;
    if staged.count() > 0 {
        let advanced = advance(conn, batch.lease, staged.count(), at)?;
        if advanced != 1 {
            return Err(Sql::RollbackTransaction);
        }
    }
    // All is written by now, and nothing committed.
    fault::panic_if("store.commit", || format!("{:?}", batch.commits));
    Ok(Some((fence, staged)))
}

/// The fence: takes the lock of the shard's row, and proves that the lease is the current one. Source: durability.md §2.3.
/// It renews the lease too, so that a shard that commits keeps it. It adds nothing to `last_seq` yet, because only commits
/// that turn out to be new get a number; the lock is held until the end.
fn fence(conn: &mut Conn, batch: &Batch) -> QueryResult<Option<Fence>> {
    use crate::store::sql_types::{Id, Uid};
    let (lease, now, ttl_ms) = (batch.lease, batch.now, batch.lease_ttl_ms);
    // Leases are judged by the database's own clock where it has one; SQLite has one process, so its clock is ours.
    match conn {
        Conn::Sqlite(c) => sql_query(sqlite_fence_text())
            // SQLite counts parameters as they come in the text.
            .bind::<BigInt, _>(fault::database_ms().unwrap_or(now.0))
            .bind::<BigInt, _>(ttl_ms)
            .bind::<Integer, _>(lease.shard.0)
            .bind::<Uid, _>(Id(lease.owner.0))
            .bind::<BigInt, _>(lease.epoch)
            .get_result(c)
            .optional(),
        Conn::Pg(c) => sql_query(fence_text())
            .bind::<Integer, _>(lease.shard.0)
            .bind::<Uid, _>(Id(lease.owner.0))
            .bind::<BigInt, _>(lease.epoch)
            .bind::<BigInt, _>(ttl_ms)
            .get_result(c)
            .optional(),
    }
}

/// The fence on SQLite, whose one writer makes it hold until the end of the transaction.
fn sqlite_fence_text() -> &'static str {
    if fault::is_mutant("fence_without_epoch") {
        return "UPDATE shard SET lease_until = MAX(lease_until, $1 + $2) \
                WHERE id = $3 AND owner = $4 AND $5 > 0 AND lease_until > $1 RETURNING last_seq, last_at";
    }
    "UPDATE shard SET last_seq = last_seq + 0, lease_until = MAX(lease_until, $1 + $2) \
     WHERE id = $3 AND owner = $4 AND epoch = $5 AND lease_until > $1 RETURNING last_seq, last_at"
}

/// The fence on PostgreSQL.
fn fence_text() -> &'static str {
    if fault::is_mutant("fence_without_epoch") {
        return "UPDATE shard SET lease_until = GREATEST(lease_until, (extract(epoch FROM clock_timestamp()) * 1000)::bigint + $4) \
                WHERE id = $1 AND owner = $2 AND $3 > 0 \
                AND lease_until > (extract(epoch FROM clock_timestamp()) * 1000)::bigint RETURNING last_seq, last_at";
    }
    if fault::is_mutant("fence_that_only_reads") {
        return "SELECT last_seq, last_at FROM shard WHERE id = $1 AND owner = $2 AND epoch = $3 AND $4 >= 0 \
                AND lease_until > (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    }
    if fault::is_mutant("lease_by_transaction_start") {
        return "UPDATE shard SET lease_until = GREATEST(lease_until, (extract(epoch FROM now()) * 1000)::bigint + $4) \
                WHERE id = $1 AND owner = $2 AND epoch = $3 \
                AND lease_until > (extract(epoch FROM now()) * 1000)::bigint RETURNING last_seq, last_at";
    }
    "UPDATE shard SET last_seq = last_seq + 0, \
     lease_until = GREATEST(lease_until, (extract(epoch FROM clock_timestamp()) * 1000)::bigint + $4) \
     WHERE id = $1 AND owner = $2 AND epoch = $3 \
     AND lease_until > (extract(epoch FROM clock_timestamp()) * 1000)::bigint RETURNING last_seq, last_at"
}

fn advance(conn: &mut Conn, lease: Lease, count: i64, at: Timestamp) -> QueryResult<usize> {
    use crate::store::schema::shard;
    use diesel::{ExpressionMethods, QueryDsl};
    on_conn!(conn, |c| diesel::update(
        shard::table
            .find(lease.shard.0)
            .filter(shard::epoch.eq(lease.epoch))
    )
    .set((
        shard::last_seq.eq(shard::last_seq + count),
        shard::last_at.eq(at.0)
    ))
    .execute(c))
}
