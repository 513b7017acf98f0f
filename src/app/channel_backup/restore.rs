//! Restoring a backup: it is read to its end before anything is written, and then once more.

use super::{Heading, Lines};
use crate::base::time::Timestamp;
use crate::config::Secret;
use crate::guard::revocation;
use crate::host::clock::Clock;
use crate::store::channel::{Manner, Record, Restored, Restoring, Tally};
use crate::store::{Store, Target, migrate};
use anyhow::Context;
use std::fs::File;
use std::io::Seek;
use std::path::Path;

/// Records that are put back in one transaction, so that those of the running world wait for none of them.
const AT_A_TIME: usize = 200;

/// Reads a backup to its end. Gives when it was made, and what is in it.
/// Errors: it is none, of another secret, or was changed.
pub fn check(file: &Path, secret: &Secret) -> anyhow::Result<(Heading, Tally)> {
    look_through(&open(file)?, secret).with_context(|| format!("{} is no good backup", file.display()))
}

/// Puts a backup back, beside a running world or without one. A new database gets its tables first.
/// Errors: as `check`, before anything is written; those of the database, after which it may be done again.
pub fn restore(
    target: &Target,
    file: &Path,
    secret: &Secret,
    manner: Manner,
    clock: &Clock,
) -> anyhow::Result<Restored> {
    let mut opened = open(file)?;
    let refused = || format!("{} is no good backup: nothing was written", file.display());
    look_through(&opened, secret).with_context(refused)?;
    opened.rewind()?;
    let (mut lines, _) = Lines::begin(&opened, secret)?;
    let now = || Timestamp(clock.now_ms());
    migrate(target, now())?;
    let mut store = Store::open(target)?;
    let mut restoring = Restoring::new(manner, revocation::until(now()));
    let mut records = Vec::with_capacity(AT_A_TIME);
    while let Some(record) = lines.next::<Record>()? {
        records.push(record);
        if records.len() >= AT_A_TIME {
            store.restore_channels(&mut restoring, &records, now())?;
            records.clear();
        }
    }
    store.restore_channels(&mut restoring, &records, now())?;
    store.sweep_channels(&mut restoring, now())?;
    Ok(restoring.restored)
}

fn open(file: &Path) -> anyhow::Result<File> {
    File::open(file).with_context(|| format!("could not open {}", file.display()))
}

fn look_through(file: &File, secret: &Secret) -> anyhow::Result<(Heading, Tally)> {
    let (mut lines, heading) = Lines::begin(file, secret)?;
    let mut tally = Tally::default();
    while let Some(record) = lines.next::<Record>()? {
        tally.add(&record);
    }
    Ok((heading, tally))
}
