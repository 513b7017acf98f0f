//! Backups of what owners decided about channels: an envelope with a JSON object a line, the first of them about the backup itself.

mod daily;
mod make;
mod restore;

pub use daily::{Daily, keep_daily};
pub use make::make;
pub use restore::{check, restore};

use crate::base::time::Timestamp;
use crate::config::{Backup, Secret};
use crate::guard::envelope::Opener;
use anyhow::{Context, ensure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};

/// What the key of these envelopes is for.
const PURPOSE: &str = "backup of channels";
/// The version of what is in them.
const FORMAT: u32 = 1;
/// Bytes of one line; the largest piece is an advert with its schema.
const LINE_MAX_BYTES: usize = 1024 * 1024;

/// The first line.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Heading {
    /// The version of what follows.
    pub format: u32,
    /// When it was made.
    pub made_at: Timestamp,
}

/// The secret that the settings give. Errors: they give none.
pub fn secret_of(settings: &Backup) -> anyhow::Result<&Secret> {
    settings
        .secret
        .as_ref()
        .context("backups of channels need a secret: `secret` in [backup], or ROOKERY_BACKUP__SECRET_FILE")
}

/// The lines of a backup.
struct Lines<'a> {
    from: Opener<BufReader<&'a File>>,
    line: Vec<u8>,
}

impl<'a> Lines<'a> {
    /// Begins to read a backup. Errors: it is none, or of another secret.
    fn begin(file: &'a File, secret: &Secret) -> anyhow::Result<(Self, Heading)> {
        let from = Opener::begin(BufReader::new(file), secret.expose(), PURPOSE)?;
        let mut lines = Self {
            from,
            line: Vec::new(),
        };
        let heading: Heading = lines.next()?.context("it is empty")?;
        ensure!(
            heading.format == FORMAT,
            "its content has version {}, and this program knows version {FORMAT}",
            heading.format
        );
        Ok((lines, heading))
    }

    /// The next line. Errors: it was changed, or this program does not understand it.
    fn next<T: DeserializeOwned>(&mut self) -> anyhow::Result<Option<T>> {
        self.line.clear();
        let most = u64::try_from(LINE_MAX_BYTES)?;
        let mut bounded = (&mut self.from).take(most);
        if bounded.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        let understood = serde_json::from_slice(&self.line);
        understood
            .map(Some)
            .context("there is a line in it that this program does not understand")
    }
}
