//! `rookery backup`.

use clap::Args;

use crate::app;
use crate::app::channel_backup::{make, secret_of};
use crate::config::{Config, StoreFlags};
use crate::host::clock::Clock;
use crate::host::entropy::Entropy;
use crate::store::backup::must_not_exist;

/// Copy a SQLite world into a file while it runs; or, of either database, what owners decided about channels.
#[derive(Debug, Args)]
pub struct Backup {
    /// The file to write; it must not exist.
    #[arg(value_name = "FILE")]
    pub file: std::path::PathBuf,
    /// Only what owners decided about channels: locks, grants, adverts, apps, public keys and the names of users, sealed with the
    /// secret of `[backup]`. `restore-channels` puts it back.
    #[arg(long)]
    pub channels: bool,
    /// What names the store.
    #[command(flatten)]
    pub store: StoreFlags,
}

impl Backup {
    /// Runs the command.
    ///
    /// Errors: settings that are refused, and whatever the store answers.
    pub fn run(self) -> anyhow::Result<()> {
        let config = Config::load(&self.store.into())?;
        let target = app::target_of(&config)?;
        if self.channels {
            let secret = secret_of(&config.backup)?;
            must_not_exist(&self.file)?;
            let tally = make(&target, &self.file, secret, &Clock::system(), &Entropy::system())?;
            println!("{tally} were copied to {}", self.file.display());
            return Ok(());
        }
        crate::store::backup::backup(&target, &self.file)?;
        println!("the world was copied to {}", self.file.display());
        Ok(())
    }
}
