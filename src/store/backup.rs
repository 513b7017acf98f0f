//! Copies of a running world.

use super::{Result, Target};
use std::path::Path;

/// Copies a SQLite world to a new file while it runs. Errors: `Unsupported` on PostgreSQL, `File` when the file exists.
pub fn backup(target: &Target, file: &Path) -> Result<()> {
    todo!("{target:?}{file:?}")
}
