//! `rookery verify`.

use clap::Args;

use crate::config::StoreFlags;

/// Check the promises of the stored world.
#[derive(Debug, Args)]
pub struct Verify {
    /// What names the store.
    #[command(flatten)]
    pub store: StoreFlags,
}

impl Verify {
    /// Runs the command.
    ///
    /// Errors: settings that are refused, and whatever the store answers.
    pub fn run(self) -> anyhow::Result<()> {
        anyhow::bail!("verify is not part of this build")
    }
}
