//! `rookery token`.

use clap::Subcommand;

use crate::config::StoreFlags;

/// Most agents that one call makes.
const AGENTS_MAX: u32 = 100_000;

/// Make tokens.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make agents with tokens for load tests, without keys: one JSON object a line.
    Mint {
        /// How many.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(AGENTS_MAX)))]
        agents: u32,
        /// What names the store.
        #[command(flatten)]
        store: StoreFlags,
    },
    /// Make a token with the role `admin`.
    Admin {
        /// What names the store.
        #[command(flatten)]
        store: StoreFlags,
    },
}

impl Token {
    /// Runs the command.
    ///
    /// Errors: settings that are refused, and whatever the store answers.
    pub fn run(self) -> anyhow::Result<()> {
        anyhow::bail!("token is not part of this build")
    }
}
