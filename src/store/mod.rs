//! The store: Diesel on SQLite and PostgreSQL, one query text for both. Synchronous: runs on database threads.
//!
//! `Reader` selects, `Store` writes as well. World events are written by [`Store::commit`] alone, fenced.

pub mod agent;
pub mod backup;
mod bulk;
pub mod channel;
pub mod chat;
mod checkpointer;
pub mod commit;
mod connection;
pub mod conversation;
mod count;
mod error;
pub mod event;
pub mod lease;
pub mod ledger;
mod lock;
pub mod login;
mod migration;
pub mod missed;
pub mod object;
mod parts;
pub mod region;
pub mod replay;
pub mod retention;
mod schema;
pub mod session;
pub mod shard;
pub mod spectator;
mod sql_types;
mod target;
pub mod token;
pub mod verify;

#[cfg(test)]
pub(crate) mod test_database;
#[cfg(test)]
mod tests;

pub use connection::{Reader, Store};
pub use error::{Inconsistency, StoreError};
pub use lock::{FileLock, lock};
pub use migration::migrate;

use std::path::PathBuf;

/// What store operations give.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Which database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A file; its directory must exist.
    Sqlite(PathBuf),
    /// Memory of this process, shared by all connections with this name. Lives until the process ends.
    SqliteMemory(String),
    /// A `postgres://` URL.
    Postgres(String),
}
