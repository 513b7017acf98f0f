//! Several shards in one transaction, where the database has one writer anyway: they wait for the disk once, not each in turn.

use super::engine::transact;
use super::{BATCH_MAX, Batch, CommitError, Outcome};
use crate::store::Store;

/// What became of one batch.
pub type Committed = Result<Vec<Outcome>, CommitError>;

impl Store {
    /// Whether batches of several shards are better committed together: SQLite has one writer, PostgreSQL has many.
    pub fn has_one_writer(&mut self) -> bool {
        self.conn().is_ok_and(|conn| !conn.is_postgres())
    }

    /// Commits batches of several shards, each as [`Store::commit`] does and behind its own fence. Gives one result a batch, in
    /// order.
    pub fn commit_together(&mut self, batches: &[Batch]) -> Vec<Committed> {
        if batches.len() > 1
            && self.has_one_writer()
            && let Some(results) = self.attempt_together(batches)
        {
            self.committed(batches.iter().map(|batch| batch.commits.len()).sum());
            return results;
        }
        batches.iter().map(|batch| self.commit(batch)).collect()
    }

    /// Runs one transaction for all. None: nothing was committed, so each may be tried alone; one that fails alone fails alone.
    fn attempt_together(&mut self, batches: &[Batch]) -> Option<Vec<Committed>> {
        if batches.iter().any(|batch| batch.commits.len() > BATCH_MAX) {
            return None;
        }
        let (conn, resolver) = self.parts().ok()?;
        conn.begin().ok()?;
        let mut results = Vec::with_capacity(batches.len());
        for batch in batches {
            match transact(conn, resolver, batch) {
                Ok(Some((_, staged))) => results.push(Ok(staged.outcomes)),
                // The fence wrote nothing.
                Ok(None) => results.push(Err(CommitError::Fenced(batch.lease.shard))),
                Err(error) => {
                    tracing::warn!(error = %error, "shards could not be committed together");
                    results.clear();
                    break;
                }
            }
        }
        if results.len() == batches.len() && conn.commit().is_ok() {
            return Some(results);
        }
        if !conn.rollback() {
            self.disconnect();
        }
        None
    }
}
