//! `rookery migrate`.

use clap::Args;

use crate::app;
use crate::base::time::Timestamp;
use crate::config::{Config, StoreFlags};
use crate::host::clock::Clock;

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
        let config = Config::load(&self.store.into())?;
        crate::store::migrate(&app::target_of(&config)?, Timestamp(Clock::system().now_ms()))?;
        println!("the database has this program's schema");
        Ok(())
    }
}
