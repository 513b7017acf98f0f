//! `rookery rebuild-cache`.

use clap::Args;

use crate::app;
use crate::config::{Config, Flags, StoreFlags};

/// Fill the mirror in Redis again from the stored world, with a server beside it or without one.
#[derive(Debug, Args)]
pub struct RebuildCache {
    /// Address of Redis [default: that of the settings].
    #[arg(long, value_name = "URL")]
    pub redis: Option<String>,
    /// What names the store.
    #[command(flatten)]
    pub store: StoreFlags,
}

impl RebuildCache {
    /// Runs the command.
    ///
    /// Errors: settings that are refused or name no Redis, and whatever the store or Redis answers.
    pub fn run(self) -> anyhow::Result<()> {
        let flags = Flags {
            store: self.store,
            redis: self.redis,
            ..Flags::default()
        };
        let refilled = app::refill(&Config::load(&flags)?)?;
        println!(
            "the mirror has {} regions with {} agents, {} sessions and {} events, and {} channels",
            refilled.regions, refilled.agents, refilled.sessions, refilled.events, refilled.channels
        );
        Ok(())
    }
}
