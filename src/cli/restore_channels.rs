//! `rookery restore-channels`.

use clap::Args;
use std::path::PathBuf;

use crate::app::channel_backup::{check, restore, secret_of};
use crate::app::target_of;
use crate::config::{Config, StoreFlags};
use crate::host::clock::Clock;
use crate::store::channel::Manner;

/// Put back what owners decided about channels, beside a running server or without one.
///
/// What a backup holds of somebody who is not in this world, or is somebody else by now, is left out: restore the world first.
#[derive(Debug, Args)]
pub struct RestoreChannels {
    /// A file of `rookery backup --channels`, or a daily backup.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Remove what the backup does not hold, and undo what was changed since; without it, what is there stays as it is.
    #[arg(long)]
    pub replace: bool,
    /// Only say whether the file is whole and what it holds.
    #[arg(long, conflicts_with = "replace")]
    pub check: bool,
    /// What names the store.
    #[command(flatten)]
    pub store: StoreFlags,
}

impl RestoreChannels {
    /// Runs the command.
    ///
    /// Errors: settings that are refused or give no secret, a file that is no good backup, and whatever the store answers.
    pub fn run(self) -> anyhow::Result<()> {
        let config = Config::load(&self.store.into())?;
        let secret = secret_of(&config.backup)?;
        if self.check {
            let (heading, tally) = check(&self.file, secret)?;
            println!(
                "{} is whole: {tally}, of {}",
                self.file.display(),
                time(heading.made_at.0)
            );
            return Ok(());
        }
        let manner = match self.replace {
            true => Manner::Replace,
            false => Manner::Merge,
        };
        let restored = restore(&target_of(&config)?, &self.file, secret, manner, &Clock::system())?;
        println!("restored: {}", restored.written);
        println!(
            "{} were there already, {} removed, {} left out because they are about somebody who is not here",
            restored.unchanged, restored.removed, restored.left_out
        );
        Ok(())
    }
}

/// A time as people write it.
fn time(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms)
        .map(|time| time.to_rfc3339())
        .unwrap_or_default()
}
