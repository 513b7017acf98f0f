//! Making a backup: beside its name first, complete on the disk before it has it.

use super::{FORMAT, Heading, LINE_MAX_BYTES, PURPOSE};
use crate::base::time::Timestamp;
use crate::config::Secret;
use crate::guard::envelope::Sealer;
use crate::host::clock::Clock;
use crate::host::entropy::Entropy;
use crate::store::channel::{Record, Tally};
use crate::store::{Reader, Target};
use anyhow::{Context, ensure};
use serde::Serialize;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Only its owner may read a backup: to guess at its secret, too, one must have it.
const FILE_MODE: u32 = 0o600;
/// Characters by which two that are made at once differ.
const UNIQUE_CHARS: usize = 8;

/// A file that is being written; it goes, unless it gets its name.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // It has its name by now, or cannot be removed: then the daily clearing finds it.
        let _ = fs::remove_file(&self.0);
    }
}

/// Makes a backup while the world runs, with mode 0600. A file of this name is replaced. Gives what is in it.
/// Errors: those of the database and of the disk; then there is no file that was not there before.
pub fn make(
    target: &Target,
    file: &Path,
    secret: &Secret,
    clock: &Clock,
    entropy: &Entropy,
) -> anyhow::Result<Tally> {
    let name = file
        .file_name()
        .context("the backup has no name")?
        .to_string_lossy();
    let unique = entropy.token_base62(UNIQUE_CHARS);
    let unfinished = Unfinished(file.with_file_name(format!(".{name}.{unique}.part")));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(FILE_MODE);
    let open = || format!("could not make {}", unfinished.0.display());
    let out = BufWriter::new(options.open(&unfinished.0).with_context(open)?);
    let mut sealer = Sealer::begin(out, secret.expose(), PURPOSE, entropy.bytes())?;
    let heading = Heading {
        format: FORMAT,
        made_at: Timestamp(clock.now_ms()),
    };
    write_line(&mut sealer, &heading)?;
    let tally = write_records(target, &mut sealer)?;
    let out = sealer
        .finish()?
        .into_inner()
        .map_err(|error| error.into_error())?;
    out.sync_all()?;
    fs::rename(&unfinished.0, file).with_context(|| format!("could not name {}", file.display()))?;
    // The name, too, is on the disk.
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(tally)
}

fn write_records(target: &Target, to: &mut impl Write) -> anyhow::Result<Tally> {
    let (mut tally, mut failed) = (Tally::default(), None);
    let mut take = |records: Vec<Record>| {
        let written: anyhow::Result<()> = records.iter().try_for_each(|record| {
            tally.add(record);
            write_line(to, record)
        });
        failed = written.err();
        failed.is_none()
    };
    Reader::open(target)?.back_up_channels(&mut take)?;
    match failed {
        Some(error) => Err(error),
        None => Ok(tally),
    }
}

fn write_line(to: &mut impl Write, line: &impl Serialize) -> anyhow::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    ensure!(
        text.len() <= LINE_MAX_BYTES,
        "a piece takes {} bytes, more than could be read again",
        text.len()
    );
    Ok(to.write_all(&text)?)
}
