//! `rookery serve`.

use clap::Args;

use crate::config::{Config, Flags};

/// Run a node of the world.
#[derive(Debug, Args)]
pub struct Serve {
    /// Settings that beat those of the file and the environment.
    #[command(flatten)]
    pub flags: Flags,
}

impl Serve {
    /// Runs the node until it is told to stop.
    ///
    /// Errors: settings that are refused, and whatever keeps the node from starting.
    pub fn run(self) -> anyhow::Result<()> {
        crate::app::serve(Config::load(&self.flags)?)
    }
}
