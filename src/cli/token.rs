//! `rookery token`.

use clap::Subcommand;

use std::sync::Arc;

use serde_json::json;

use crate::actors::database::Database;
use crate::app;
use crate::base::time::Timestamp;
use crate::config::{Config, StoreFlags};
use crate::host::clock::Clock;
use crate::host::entropy::Entropy;
use crate::store::{Reader, Store, migrate};
use crate::transport::access::Access;

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
        let (Self::Mint { store, .. } | Self::Admin { store }) = &self;
        let config = Arc::new(Config::load(&store.clone().into())?);
        let (clock, entropy) = (Clock::system(), Entropy::system());
        let target = app::target_of(&config)?;
        migrate(&target, Timestamp(clock.now_ms()))?;
        let (stores, readers) = (vec![Store::open(&target)?], vec![Reader::open(&target)?]);
        actix_web::rt::System::new().block_on(async move {
            let database = Database::start(stores, readers);
            let access = Access::load(database, config, clock, entropy).await?;
            match self {
                Self::Mint { agents, .. } => {
                    for (handle, issued) in access.mint(agents, "main").await? {
                        println!("{}", json!({"agent_id": handle, "token": issued.token, "expires_at": issued.expires_at}));
                    }
                }
                Self::Admin { .. } => println!("{}", access.mint_admin()?.token),
            }
            Ok(())
        })
    }
}
