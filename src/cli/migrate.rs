//! `rookery migrate`.

use clap::Args;

use crate::config::StoreFlags;

/// Bring the database to this program's schema.
#[derive(Debug, Args)]
pub struct Migrate {
    /// What names the store.
    #[command(flatten)]
    pub store: StoreFlags,
}

impl Migrate {
    /// Runs the command.
    ///
    /// Errors: settings that are refused, and whatever the store answers.
    pub fn run(self) -> anyhow::Result<()> {
        anyhow::bail!("migrate is not part of this build")
    }
}
