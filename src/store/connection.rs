//! Connections: opening, reconnecting, transactions with retries.

use super::checkpointer::Checkpointer;
use super::commit::Resolver;
use super::error::{Class, class_of};
use super::{Result, StoreError, Target};
use crate::host::fault;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::result::Error as Sql;
use diesel::sqlite::SqliteConnection;
use diesel::{Connection, QueryResult};
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use std::ops::{Deref, DerefMut};

/// PostgreSQL without libpq: the asynchronous driver behind a synchronous face. Not for threads with a tokio runtime.
pub(crate) type PgConnection = AsyncConnectionWrapper<AsyncPgConnection>;

/// A connection to either database.
#[expect(
    clippy::large_enum_variant,
    reason = "there are a few connections in a process"
)]
pub(crate) enum Conn {
    Sqlite(SqliteConnection),
    Pg(PgConnection),
}

/// Expands one query body for both databases.
macro_rules! on_conn {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::store::connection::Conn::Sqlite($c) => $body,
            $crate::store::connection::Conn::Pg($c) => $body,
        }
    };
}
pub(crate) use on_conn;

/// Loads rows and locks them until the end of the transaction. SQLite's write transaction has the whole file anyway.
macro_rules! load_for_update {
    ($conn:expr, $query:expr) => {
        match $conn {
            $crate::store::connection::Conn::Sqlite(c) => diesel::RunQueryDsl::load($query, c),
            $crate::store::connection::Conn::Pg(c) => {
                diesel::RunQueryDsl::load(diesel::QueryDsl::for_update($query), c)
            }
        }
    };
}
pub(crate) use load_for_update;

/// The same, without the rows that others have locked: nobody is waited for.
macro_rules! load_unlocked_for_update {
    ($conn:expr, $query:expr) => {
        match $conn {
            $crate::store::connection::Conn::Sqlite(c) => diesel::RunQueryDsl::load($query, c),
            $crate::store::connection::Conn::Pg(c) => diesel::RunQueryDsl::load(
                diesel::QueryDsl::skip_locked(diesel::QueryDsl::for_update($query)),
                c,
            ),
        }
    };
}
pub(crate) use load_unlocked_for_update;

/// How long a statement waits for SQLite's lock unless told otherwise. Units: milliseconds.
pub(crate) const LOCK_WAIT_MS: u32 = 5_000;

/// How often a transaction is tried.
pub(crate) const ATTEMPTS_MAX: u32 = 6;

/// The log may have 32,000 pages (128 MiB) before the writer itself copies what the checkpointer has left.
const SQLITE_SESSION: &str = "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; \
     PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 32000;";

/// Who only reads asks for rows by their keys, and the system keeps the file's pages anyway: 8 MiB of them are enough.
const SQLITE_READER: &str = "PRAGMA query_only = ON; PRAGMA cache_size = -8192;";

/// A paused process must not sit in a transaction that holds a shard's row. Source: durability.md §2.3.
const PG_SESSION: &str = "SET TIME ZONE 'UTC'; SET lock_timeout = '1s'; SET idle_in_transaction_session_timeout = '2s'; \
     SET default_transaction_isolation = 'read committed';";
/// A writer asks by keys only. Without statistics, or just after a table has grown, the planner would rather scan a whole
/// table for a batch of them, and a commit would take longer with each payment ever made.
/// Switched-off plans have high costs, for which compiling a query would seem worth its time.
const PG_WRITER: &str = "SET statement_timeout = '5s'; SET synchronous_commit = 'on'; SET enable_hashjoin = off; \
     SET enable_mergejoin = off; SET enable_seqscan = off; SET jit = off;";
const PG_READER: &str = "SET statement_timeout = '60s'; SET default_transaction_read_only = on;";

impl Conn {
    /// Opens a connection. `lock_wait_ms`: how long a statement waits for SQLite's lock; PostgreSQL has its own bound.
    /// Errors: `Connect`.
    pub(crate) fn open(target: &Target, is_writer: bool, lock_wait_ms: u32) -> Result<Self> {
        let connect = |source| StoreError::Connect { source };
        let setup = |source| StoreError::Query {
            operation: "set up a connection",
            source,
        };
        match target {
            Target::Sqlite(_) | Target::SqliteMemory(_) => {
                let mut connection = SqliteConnection::establish(&target.url()).map_err(connect)?;
                connection
                    .batch_execute(&format!("PRAGMA busy_timeout = {lock_wait_ms}; {SQLITE_SESSION}"))
                    .map_err(setup)?;
                if matches!(target, Target::Sqlite(_)) {
                    connection
                        .batch_execute("PRAGMA journal_mode = WAL;")
                        .map_err(setup)?;
                }
                if !is_writer {
                    connection.batch_execute(SQLITE_READER).map_err(setup)?;
                }
                Ok(Conn::Sqlite(connection))
            }
            Target::Postgres(_) => {
                let mut connection = PgConnection::establish(&target.url()).map_err(connect)?;
                connection.batch_execute(PG_SESSION).map_err(setup)?;
                connection
                    .batch_execute(if is_writer { PG_WRITER } else { PG_READER })
                    .map_err(setup)?;
                if fault::is_mutant("commits_not_flushed") {
                    connection
                        .batch_execute("SET synchronous_commit = 'off'")
                        .map_err(setup)?;
                }
                Ok(Conn::Pg(connection))
            }
        }
    }

    /// Begins a transaction; one that writes takes SQLite's only write lock at once.
    pub(crate) fn begin(&mut self) -> QueryResult<()> {
        match self {
            Conn::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE"),
            Conn::Pg(c) => <PgConnection as Connection>::TransactionManager::begin_transaction(c),
        }
    }

    /// Commits. After an error the outcome is unknown when the connection is lost.
    pub(crate) fn commit(&mut self) -> QueryResult<()> {
        match self {
            Conn::Sqlite(c) => AnsiTransactionManager::commit_transaction(c),
            Conn::Pg(c) => <PgConnection as Connection>::TransactionManager::commit_transaction(c),
        }
    }

    /// Rolls back. Gives whether the connection may be used again.
    pub(crate) fn rollback(&mut self) -> bool {
        match self {
            Conn::Sqlite(c) => AnsiTransactionManager::rollback_transaction(c).is_ok(),
            Conn::Pg(c) => <PgConnection as Connection>::TransactionManager::rollback_transaction(c).is_ok(),
        }
    }

    /// Whether this is PostgreSQL.
    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self, Conn::Pg(_))
    }
}

/// Selects. One for each reader thread; connects again by itself.
pub struct Reader {
    target: Target,
    is_writer: bool,
    lock_wait_ms: u32,
    conn: Option<Conn>,
}

/// Reads and writes. One for each writer thread; connects again by itself.
pub struct Store {
    reader: Reader,
    /// Facts that never change, kept in memory.
    pub(crate) resolver: Resolver,
    checkpointer: Checkpointer,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a password.
        f.debug_struct("Reader")
            .field("is_writer", &self.is_writer)
            .finish_non_exhaustive()
    }
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
        self.checkpointer.committed(&self.reader.target, actions);
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

impl Reader {
    /// Connects. Errors: `Connect`.
    pub fn open(target: &Target) -> Result<Self> {
        Self::open_waiting(target, LOCK_WAIT_MS)
    }

    /// Connects, with another wait for SQLite's lock. Units: milliseconds. Errors: as `open`.
    pub fn open_waiting(target: &Target, lock_wait_ms: u32) -> Result<Self> {
        Self::connect(target, false, lock_wait_ms)
    }

    fn connect(target: &Target, is_writer: bool, lock_wait_ms: u32) -> Result<Self> {
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
    fn transact<T>(&mut self, body: &mut impl FnMut(&mut Conn) -> QueryResult<T>) -> Result<T> {
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
    use std::hash::{BuildHasher, RandomState};
    let jitter = RandomState::new().hash_one(attempt) % 8;
    std::thread::sleep(std::time::Duration::from_millis((1 << attempt.min(6)) + jitter));
}
