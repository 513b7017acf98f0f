//! Copies of a running world.

use super::connection::{Conn, LOCK_WAIT_MS};
use super::{Result, StoreError, Target};
use diesel::RunQueryDsl;
use diesel::sql_types::Text;
use std::path::Path;

/// Refuses to write over a file. Errors: `File` when it exists.
pub fn must_not_exist(file: &Path) -> Result<()> {
    if file.exists() {
        let source = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        return Err(StoreError::File {
            path: file.to_owned(),
            source,
        });
    }
    Ok(())
}

/// Copies a SQLite world to a new file while it runs. Errors: `Unsupported` on PostgreSQL, `File` when the file exists.
pub fn backup(target: &Target, file: &Path) -> Result<()> {
    if matches!(target, Target::Postgres(_)) {
        return Err(StoreError::Unsupported(
            "PostgreSQL is copied with its own tools: pg_dump, or pg_basebackup with WAL archiving",
        ));
    }
    must_not_exist(file)?;
    // A read transaction of its own: the server goes on writing meanwhile.
    let mut conn = Conn::open(target, true, LOCK_WAIT_MS)?;
    if let Conn::Sqlite(c) = &mut conn {
        let copy = diesel::sql_query("VACUUM INTO $1").bind::<Text, _>(file.to_string_lossy());
        copy.execute(c).map_err(|source| StoreError::Query {
            operation: "copy the database",
            source,
        })?;
    }
    Ok(())
}
