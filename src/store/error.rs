//! What goes wrong with a database, by what the caller can do about it.

use diesel::result::{DatabaseErrorKind, Error as Sql};
use std::path::PathBuf;

/// A row that no code of ours writes.
#[derive(Debug, thiserror::Error)]
#[error("inconsistent {table}.{column} in row {row}")]
pub struct Inconsistency {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row's key, for a person.
    pub row: String,
}

impl Inconsistency {
    /// The inconsistency as an error of a query.
    pub(crate) fn sql(table: &'static str, column: &'static str, row: impl ToString) -> Sql {
        Sql::DeserializationError(Box::new(Self {
            table,
            column,
            row: row.to_string(),
        }))
    }
}

/// Why an operation of the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database does not take connections.
    #[error("could not connect to the database")]
    Connect {
        /// What it said.
        #[source]
        source: diesel::ConnectionError,
    },
    /// The schema could not be brought up to date.
    #[error("could not migrate the database")]
    Migrate {
        /// What the database said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A statement failed.
    #[error("could not {operation}")]
    Query {
        /// What was being done, as words after "could not".
        operation: &'static str,
        /// What the database said.
        #[source]
        source: Sql,
    },
    /// Another process serves this file.
    #[error("{0} is in use by another process")]
    Locked(PathBuf),
    /// A file could not be read or written.
    #[error("could not open {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// This database cannot do it; the text says what can.
    #[error("{0}")]
    Unsupported(&'static str),
}

impl StoreError {
    /// Whether the disk of the database is full: reads still work, writes come back when there is room.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, StoreError::Query { source, .. } if class_of(source) == Class::DiskFull)
    }

    /// Whether the database is away, busy or coming back: the same operation may work later.
    pub fn is_unavailable(&self) -> bool {
        match self {
            StoreError::Connect { .. } => true,
            StoreError::Query { source, .. } => matches!(class_of(source), Class::Lost | Class::Retry),
            _ => false,
        }
    }
}

/// A row is not as it was read in the same transaction, whatever became of its lock. Like a serialisation failure: nothing of the
/// transaction may stay, and the next try reads what is there now.
pub(crate) fn lost_update(table: &'static str) -> Sql {
    let message = format!("a row of {table} changed after it was read");
    Sql::DatabaseError(DatabaseErrorKind::SerializationFailure, Box::new(message))
}

/// What to do about a failed statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Run the transaction again.
    Retry,
    /// Connect again; the outcome of a running commit is unknown.
    Lost,
    /// There is no room on the disk.
    DiskFull,
    /// A month of `events` has no partition yet.
    NoPartition,
    /// Nothing helps.
    Fatal,
}

/// Sorts an error by what to do about it.
pub(crate) fn class_of(error: &Sql) -> Class {
    match error {
        Sql::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => Class::Retry,
        Sql::DatabaseError(
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
            _,
        ) => Class::Lost,
        Sql::BrokenTransactionManager => Class::Lost,
        Sql::DatabaseError(_, info) => class_of_message(info.message()),
        Sql::RollbackErrorOnCommit { commit_error, .. } => class_of(commit_error),
        _ => Class::Fatal,
    }
}

/// Diesel keeps no SQLSTATE, so the rest is told by the message.
fn class_of_message(message: &str) -> Class {
    let has = |parts: &[&str]| parts.iter().any(|part| message.contains(part));
    if has(&[
        "is locked",
        "is busy",
        "deadlock detected",
        "could not serialize",
        "lock timeout",
        "statement timeout",
    ]) {
        Class::Retry
    } else if has(&[
        "disk is full",
        "No space left",
        "could not extend file",
        "disk full",
    ]) {
        Class::DiskFull
    } else if has(&["no partition of relation"]) {
        Class::NoPartition
    } else if has(&[
        "connection closed",
        "closed connection",
        "terminating connection",
        "error communicating with the server",
        "the database system is",
        "Connection refused",
        "Connection reset",
        "idle-in-transaction timeout",
        "unexpected EOF",
    ]) {
        Class::Lost
    } else {
        Class::Fatal
    }
}
