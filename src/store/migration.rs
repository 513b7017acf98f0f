//! Migrations: embedded, the same names for both databases.

use super::connection::{Conn, LOCK_WAIT_MS};
use super::{Result, StoreError, Target, retention};
use crate::base::time::Timestamp;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Brings the schema up to date and makes the partitions of the next months. Not for threads with a tokio runtime.
/// Errors: `Connect`, `Migrate`.
pub fn migrate(target: &Target, now: Timestamp) -> Result<()> {
    keep_memory_alive(target)?;
    let mut conn = Conn::open(target, true, LOCK_WAIT_MS)?;
    let migrate = |source| StoreError::Migrate { source };
    if let Conn::Pg(c) = &mut conn {
        use diesel::connection::SimpleConnection;
        // Two processes may start at once; the second waits and then finds nothing to do.
        let guard = "SET statement_timeout = 0; SET lock_timeout = 0; SELECT pg_advisory_lock(7237001);";
        c.batch_execute(guard).map_err(|error| migrate(Box::new(error)))?;
    }
    match &mut conn {
        Conn::Sqlite(c) => c.run_pending_migrations(SQLITE).map(drop).map_err(migrate)?,
        Conn::Pg(c) => c.run_pending_migrations(POSTGRES).map(drop).map_err(migrate)?,
    }
    retention::make_partitions(&mut conn, now).map_err(|error| migrate(Box::new(error)))
}

/// Takes the last migrations back until the newest is the named one; all, without a name. For tests of `down.sql` and of rows that
/// go through a migration.
#[cfg(test)]
pub(crate) fn revert(target: &Target, newest: Option<&str>) -> Result<()> {
    use super::connection::on_conn;
    let failed = |source| StoreError::Migrate { source };
    let mut conn = Conn::open(target, true, LOCK_WAIT_MS)?;
    let applied = on_conn!(&mut conn, |c| c.applied_migrations()).map_err(failed)?;
    let is_later = |version: &String| newest != Some(version.as_str());
    let versions = applied.iter().map(ToString::to_string);
    for _ in versions.take_while(is_later) {
        match &mut conn {
            Conn::Sqlite(c) => c.revert_last_migration(SQLITE).map(drop),
            Conn::Pg(c) => c.revert_last_migration(POSTGRES).map(drop),
        }
        .map_err(failed)?;
    }
    Ok(())
}

/// A database in memory lives as long as a connection to it does, so one is kept.
fn keep_memory_alive(target: &Target) -> Result<()> {
    static KEPT: OnceLock<Mutex<HashMap<String, Conn>>> = OnceLock::new();
    let Target::SqliteMemory(name) = target else {
        return Ok(());
    };
    let mut kept = KEPT
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if !kept.contains_key(name) {
        let conn = Conn::open(target, true, LOCK_WAIT_MS)?;
        kept.insert(name.clone(), conn);
    }
    Ok(())
}
