//! A connection that writes: transactions, again when they lost against another.

#[cfg(test)]
use super::on_conn;
use super::{ATTEMPTS_MAX, Conn, LOCK_WAIT_MS, Reader, pause};
use crate::store::checkpointer::Checkpointer;
use crate::store::commit::Resolver;
use crate::store::error::{Class, class_of};
use crate::store::{Result, StoreError, Target};
use diesel::QueryResult;
#[cfg(test)]
use diesel::connection::SimpleConnection;
use std::ops::{Deref, DerefMut};

/// Reads and writes. One for each writer thread; connects again by itself.
pub struct Store {
    reader: Reader,
    /// Facts that never change, kept in memory.
    pub(crate) resolver: Resolver,
    checkpointer: Checkpointer,
}

impl Deref for Store {
    type Target = Reader;
    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl DerefMut for Store {
    fn deref_mut(&mut self) -> &mut Reader {
        &mut self.reader
    }
}

impl Store {
    /// Connects. The schema must be up to date: see `migrate`. Errors: `Connect`.
    pub fn open(target: &Target) -> Result<Self> {
        Self::open_waiting(target, LOCK_WAIT_MS)
    }

    /// Connects, with another wait for SQLite's lock. Units: milliseconds. Errors: as `open`.
    pub fn open_waiting(target: &Target, lock_wait_ms: u32) -> Result<Self> {
        Ok(Self {
            reader: Reader::connect(target, true, lock_wait_ms)?,
            resolver: Resolver::default(),
            checkpointer: Checkpointer::default(),
        })
    }

    /// Whether a commit on PostgreSQL is on disk when it is answered.
    #[cfg(test)]
    pub(crate) fn waits_for_the_disk(&mut self) -> bool {
        let sql = "DO $$ BEGIN ASSERT current_setting('synchronous_commit') = 'on'; END $$";
        self.reader
            .conn()
            .is_ok_and(|conn| on_conn!(conn, |c| c.batch_execute(sql)).is_ok())
    }

    /// Forgets the connection and what was learnt on it, after a job that did not end in order. The next use connects again.
    pub fn reset(&mut self) {
        self.reader.reset();
        self.resolver = Resolver::default();
    }

    /// Counts actions that were committed.
    pub(crate) fn committed(&mut self, actions: usize) {
        self.checkpointer.committed(self.reader.target(), actions);
    }

    /// The connection and the facts kept in memory, apart.
    pub(crate) fn parts(&mut self) -> Result<(&mut Conn, &mut Resolver)> {
        Ok((self.reader.conn()?, &mut self.resolver))
    }

    /// Runs a body in a transaction, again when it lost against another. The body must have no effect but on the database.
    pub(crate) fn write<T>(
        &mut self,
        operation: &'static str,
        mut body: impl FnMut(&mut Conn) -> QueryResult<T>,
    ) -> Result<T> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.write_once(operation, &mut body) {
                Err(StoreError::Query { source, .. })
                    if attempt < ATTEMPTS_MAX && class_of(&source) == Class::Retry =>
                {
                    pause(attempt)
                }
                result => return result,
            }
        }
    }

    /// Runs a body in a transaction, once.
    pub(crate) fn write_once<T>(
        &mut self,
        operation: &'static str,
        mut body: impl FnMut(&mut Conn) -> QueryResult<T>,
    ) -> Result<T> {
        self.reader.transact(&mut body).map_err(|error| match error {
            StoreError::Query { source, .. } => StoreError::Query { operation, source },
            error => error,
        })
    }
}
