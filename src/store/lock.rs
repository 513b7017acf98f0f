//! One server a file: an exclusive lock beside the database, held as long as the value lives.

use super::{Result, StoreError};
use nix::fcntl::{Flock, FlockArg};
use std::fs::File;
use std::path::Path;

/// The right to serve a SQLite file. Given back when dropped or when the process ends, however it ends.
#[derive(Debug)]
pub struct FileLock {
    _file: Flock<File>,
}

/// Takes the right to serve a SQLite file. Only `serve` needs it: backup, verify and token work beside a server.
/// Errors: `Locked` when another process has it.
pub fn lock(path: &Path) -> Result<FileLock> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock_path = std::path::PathBuf::from(name);
    let file = File::options()
        .create(true)
        .write(true)
        .truncate(false)
        .open(&lock_path)
        .map_err(|source| StoreError::File {
            path: lock_path,
            source,
        })?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(held) => Ok(FileLock { _file: held }),
        Err((_file, _errno)) => Err(StoreError::Locked(path.to_owned())),
    }
}
