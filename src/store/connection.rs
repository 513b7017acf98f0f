//! Connections: opening, reconnecting, transactions with retries.

mod driver;
mod open;
mod reader;
mod writer;

pub(crate) use driver::PgConnection;
#[cfg(test)]
pub(crate) use driver::connect;
pub use reader::Reader;
pub(crate) use reader::pause;
pub use writer::Store;

use crate::host::fault::{self, CommitFault};
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::result::{DatabaseErrorKind, Error as Sql};
use diesel::sqlite::SqliteConnection;
use diesel::{Connection, QueryResult};

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

impl Conn {
    /// Begins a transaction; one that writes takes SQLite's only write lock at once.
    pub(crate) fn begin(&mut self) -> QueryResult<()> {
        if fault::is_cut() {
            return Err(lost());
        }
        match self {
            Conn::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE"),
            Conn::Pg(c) => <PgConnection as Connection>::TransactionManager::begin_transaction(c),
        }
    }

    /// Commits. After an error the outcome is unknown when the connection is lost.
    pub(crate) fn commit(&mut self) -> QueryResult<()> {
        match fault::commit() {
            CommitFault::None => self.commit_now(),
            CommitFault::NeverDone => {
                self.rollback();
                Err(lost())
            }
            CommitFault::Unanswered => self.commit_now().and(Err(lost())),
        }
    }

    fn commit_now(&mut self) -> QueryResult<()> {
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

/// What the driver says of a connection that is gone.
fn lost() -> Sql {
    Sql::DatabaseError(
        DatabaseErrorKind::ClosedConnection,
        Box::new("connection closed".to_owned()),
    )
}
