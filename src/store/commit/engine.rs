//! The transaction of a batch.

use super::{Batch, CommandKey, CommitError, Outcome, StoredAnswer};
use crate::base::id::AgentId;
use crate::base::time::Timestamp;
use crate::store::{Reader, Result, Store};

/// Facts that never change, kept in memory.
#[derive(Debug, Default)]
pub(crate) struct Resolver {}

impl Store {
    /// Commits a batch in one transaction; its first statement is the fence. Gives one outcome a commit, in order, never before
    /// the database has committed. A commit that is refused is refused alone.
    /// Errors: `Fenced`, `NotCommitted`.
    pub fn commit(&mut self, batch: &Batch) -> std::result::Result<Vec<Outcome>, CommitError> {
        todo!("{batch:?}")
    }

    /// Stores that a command made its actor fail: later tries are refused with `poison`. An outcome that is there stays.
    pub fn quarantine_command(&mut self, agent: AgentId, command: &CommandKey, now: Timestamp) -> Result<()> {
        todo!("{agent}{command:?}{now:?}")
    }
}

impl Reader {
    /// The stored outcome of a command, also of one that was paid for long ago.
    pub fn find_command(&mut self, agent: AgentId, id: &str) -> Result<Option<StoredAnswer>> {
        todo!("{agent}{id}")
    }
}
