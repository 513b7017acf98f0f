//! `rookery backup`.

use clap::Args;

use crate::app;
use crate::config::{Config, StoreFlags};

/// Copy a SQLite world into a file while it runs.
#[derive(Debug, Args)]
pub struct Backup {
    /// The file to write; it must not exist.
    #[arg(value_name = "FILE")]
    pub file: std::path::PathBuf,
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
        crate::store::backup::backup(&app::target_of(&config)?, &self.file)?;
        println!("the world was copied to {}", self.file.display());
        Ok(())
    }
}
