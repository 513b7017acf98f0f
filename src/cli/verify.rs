//! `rookery verify`.

use clap::Args;

use crate::app;
use crate::config::{Config, StoreFlags};
use crate::store::Reader;

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
        let config = Config::load(&self.store.into())?;
        let violations = Reader::open(&app::target_of(&config)?)?.verify()?;
        for violation in &violations {
            println!("{}: {}", violation.invariant, violation.detail);
        }
        anyhow::ensure!(violations.is_empty(), "{} promises are broken", violations.len());
        println!("the world is whole");
        Ok(())
    }
}
