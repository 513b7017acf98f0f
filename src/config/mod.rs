//! The settings of a node: defaults, then `rookery.toml`, then `ROOKERY_*` of the environment, then flags.
//!
//! Each section is one struct in one file, declared by `section!`, which also gives the text of
//! `rookery config example`. Unknown keys, unknown variables and known-bad secrets are refused at start.

#[macro_use]
mod setting;

mod auth;
mod backup;
mod bus;
mod channel;
mod check;
mod cidr;
mod day_time;
mod environment;
mod error;
mod example;
mod flags;
mod limits;
mod load;
mod log;
mod nearest;
mod period;
mod redis_address;
mod retention;
mod secret;
mod server;
mod store;
mod world;
pub mod world_file;

pub use auth::Auth;
pub use backup::Backup;
pub use bus::Bus;
pub use channel::{ChannelSettings, NamespaceSettings};
pub use cidr::Cidr;
pub use day_time::DayTime;
pub use error::ConfigError;
pub use example::example;
pub use flags::{Flags, StoreFlags};
pub use limits::{Bucket, Limits};
pub use log::{Log, LogFormat};
pub use period::Period;
pub use redis_address::{HOSTS_MAX, RedisAddress, RedisHost, RedisServers};
pub use retention::Retention;
pub use secret::Secret;
pub use server::Server;
pub use store::Store;
pub use world::World;
pub use world_file::WorldFile;

/// All settings of a node.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Addresses, threads, origins.
    pub server: Server,
    /// The database.
    pub store: Store,
    /// Redis, if any.
    pub bus: Bus,
    /// Tokens and keys.
    pub auth: Auth,
    /// Rates and counts.
    pub limits: Limits,
    /// Channels, by namespace.
    pub channel: ChannelSettings,
    /// The world to run.
    pub world: World,
    /// How long records are kept.
    pub retention: Retention,
    /// Backups of what owners decided about channels.
    pub backup: Backup,
    /// What is logged and how.
    pub log: Log,
}

impl Config {
    /// Reads the world file that the settings name, or the built-in world.
    ///
    /// Errors: the file cannot be read or does not describe a world.
    pub fn world_file(&self) -> Result<WorldFile, ConfigError> {
        match &self.world.file {
            Some(path) => WorldFile::read(path),
            None => WorldFile::built_in(),
        }
    }

    /// All sections in the order of the example file.
    fn sections() -> Vec<setting::Section> {
        let mut sections = vec![
            Server::describe(),
            Store::describe(),
            Bus::describe(),
            Auth::describe(),
            Limits::describe(),
        ];
        sections.extend(ChannelSettings::describe());
        sections.extend([
            World::describe(),
            Retention::describe(),
            Backup::describe(),
            Log::describe(),
        ]);
        sections
    }
}
