//! `rookery config`.

use std::io::{self, Write};

use clap::Subcommand;

use crate::bus::Certificates;
use crate::config::{self, Flags, RedisServers};
use crate::telemetry;

/// Show or check the settings.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Print a settings file with every key, its default and what it does.
    Example,
    /// Read the settings and the world file as `serve` would, and say whether they can be used.
    Check {
        /// The flags that `serve` would get.
        #[command(flatten)]
        flags: Box<Flags>,
    },
}

impl Config {
    /// Runs the command.
    ///
    /// Errors: settings or a world file that `serve` would refuse.
    pub fn run(self) -> anyhow::Result<()> {
        let text = match self {
            Self::Example => config::example(),
            Self::Check { flags } => check(&flags)?,
        };
        match io::stdout().write_all(text.as_bytes()) {
            // Whoever reads may have seen enough: `rookery config example | head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }
}

fn check(flags: &Flags) -> anyhow::Result<String> {
    let config = config::Config::load(flags)?;
    telemetry::log::check(&config.log.filter)?;
    Certificates::read(&config.bus)?;
    let world = config.world_file()?;
    let store = if config.store.database.is_some() {
        "PostgreSQL"
    } else {
        "SQLite"
    };
    let bus = match config.bus.address()?.map(|address| address.servers) {
        None => "no Redis",
        Some(RedisServers::Single(_) | RedisServers::Socket(_)) => "Redis",
        Some(RedisServers::Sentinel { .. }) => "Redis behind Sentinel",
        Some(RedisServers::Cluster(_)) => "Redis Cluster",
    };
    let regions: Vec<&str> = world.regions.iter().map(|region| region.name.as_str()).collect();
    Ok(format!(
        "The settings are valid: {} with {store} and {bus}, regions {}.\n",
        config.server.listen,
        regions.join(", ")
    ))
}
