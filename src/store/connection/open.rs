//! Opening a connection, and what a session of it is set to.

use super::{Conn, driver};
use crate::host::fault;
use crate::store::{Result, StoreError, Target};
use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;

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
        if !fault::is_reachable() {
            let refused = "Connection refused".to_owned();
            return Err(connect(diesel::ConnectionError::BadConnection(refused)));
        }
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
                let mut connection =
                    driver::connect(&target.url(), target.connect_timeout()).map_err(connect)?;
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
}
