//! `rookery backup`.

use clap::Args;

use crate::config::StoreFlags;

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
        anyhow::bail!("backup is not part of this build")
    }
}
