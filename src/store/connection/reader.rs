//! A connection that selects, and all that is run on one.

use super::{ATTEMPTS_MAX, Conn, LOCK_WAIT_MS, on_conn};
use crate::host::fault;
use crate::store::error::{Class, class_of};
use crate::store::{Result, StoreError, Target};
use diesel::QueryResult;
use diesel::connection::SimpleConnection;
use diesel::result::Error as Sql;

/// Selects. One for each reader thread; connects again by itself.
pub struct Reader {
    target: Target,
    is_writer: bool,
    lock_wait_ms: u32,
    conn: Option<Conn>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a password.
        f.debug_struct("Reader")
            .field("is_writer", &self.is_writer)
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// Connects. Errors: `Connect`.
    pub fn open(target: &Target) -> Result<Self> {
        Self::open_waiting(target, LOCK_WAIT_MS)
    }

    /// Connects, with another wait for SQLite's lock. Units: milliseconds. Errors: as `open`.
    pub fn open_waiting(target: &Target, lock_wait_ms: u32) -> Result<Self> {
        Self::connect(target, false, lock_wait_ms)
    }

    pub(super) fn connect(target: &Target, is_writer: bool, lock_wait_ms: u32) -> Result<Self> {
        Ok(Self {
            target: target.clone(),
            is_writer,
            lock_wait_ms,
            conn: Some(Conn::open(target, is_writer, lock_wait_ms)?),
        })
    }

    /// Which database this is.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Whether the database answers. Errors: what it said.
    pub fn ping(&mut self) -> Result<()> {
        self.read("reach the database", |conn| {
            on_conn!(conn, |c| c.batch_execute("SELECT 1"))
        })
    }

    /// The connection, made again when it was lost.
    pub(crate) fn conn(&mut self) -> Result<&mut Conn> {
        if !fault::is_reachable() {
            self.disconnect();
        }
        match self.conn {
            Some(ref mut conn) => Ok(conn),
            None => {
                let conn = Conn::open(&self.target, self.is_writer, self.lock_wait_ms)?;
                Ok(self.conn.insert(conn))
            }
        }
    }

    /// Forgets the connection after a job that did not end in order: a transaction may be open on it. The next use connects again.
    pub fn reset(&mut self) {
        self.disconnect();
    }

    /// Forgets a connection that is of no more use.
    pub(crate) fn disconnect(&mut self) {
        self.conn = None;
    }

    /// Runs selects, on a new connection when the old one was lost.
    pub(crate) fn read<T>(
        &mut self,
        operation: &'static str,
        mut body: impl FnMut(&mut Conn) -> QueryResult<T>,
    ) -> Result<T> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match body(self.conn()?) {
                Ok(value) => return Ok(value),
                Err(source) => match class_of(&source) {
                    Class::Lost if attempt == 1 => self.disconnect(),
                    Class::Retry if attempt < ATTEMPTS_MAX => pause(attempt),
                    class => {
                        if class == Class::Lost {
                            self.disconnect();
                        }
                        return Err(StoreError::Query { operation, source });
                    }
                },
            }
        }
    }

    /// Runs a body in one transaction, once.
    pub(super) fn transact<T>(&mut self, body: &mut impl FnMut(&mut Conn) -> QueryResult<T>) -> Result<T> {
        if let Err(source) = self.conn()?.begin() {
            // An idle connection that was lost: nothing was done yet, so a new one may be used.
            self.disconnect();
            if class_of(&source) != Class::Lost {
                return Err(StoreError::Query {
                    operation: "begin a transaction",
                    source,
                });
            }
            self.conn()?.begin().map_err(|source| StoreError::Query {
                operation: "begin a transaction",
                source,
            })?;
        }
        let result = run(self.conn()?, body);
        if let Err(source) = &result
            && class_of(source) == Class::Lost
        {
            self.disconnect();
        }
        result.map_err(|source| StoreError::Query {
            operation: "run a transaction",
            source,
        })
    }
}

/// Runs the rest of a transaction that has begun.
fn run<T>(conn: &mut Conn, body: &mut impl FnMut(&mut Conn) -> QueryResult<T>) -> QueryResult<T> {
    match body(conn) {
        Ok(value) => {
            if let Err(error) = conn.commit() {
                conn.rollback();
                return Err(error);
            }
            Ok(value)
        }
        Err(error) => {
            if conn.rollback() {
                Err(error)
            } else {
                Err(Sql::BrokenTransactionManager)
            }
        }
    }
}

/// Waits a little before another attempt, each thread for another time.
#[expect(
    clippy::disallowed_methods,
    reason = "a database thread has nothing else to do between two attempts"
)]
pub(crate) fn pause(attempt: u32) {
    crate::telemetry::metric::commit_retries().increment(1);
    if fault::is_paused_for() {
        return;
    }
    use std::hash::{BuildHasher, RandomState};
    let jitter = RandomState::new().hash_one(attempt) % 8;
    std::thread::sleep(std::time::Duration::from_millis((1 << attempt.min(6)) + jitter));
}
