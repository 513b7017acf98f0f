//! `[bus]`.

use super::check::{scheme, within};
use super::{ConfigError, Secret};

section! {
    /// Redis, which joins nodes and shows the world to outside tools. The world runs without it.
    pub struct Bus in "bus" {
        /// Address of a Redis server; without it the bus stays inside the process.
        redis: Option<Secret> = None; example "redis://127.0.0.1:6379",
        /// Put before the name of every key and channel in Redis.
        key_prefix: String = String::new(),
        /// Whether positions, presence and events are mirrored to Redis for outside tools.
        mirror: bool = true,
        /// Connections for commands.
        pool_size: u32 = 8,
        /// How long one command may take. Units: milliseconds.
        timeout_ms: u64 = 500,
    }
}

impl Bus {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if let Some(redis) = &self.redis {
            scheme("bus.redis", redis, &["redis", "rediss", "unix"])?;
        }
        if self.key_prefix.len() > 64
            || self
                .key_prefix
                .chars()
                .any(|c| c.is_whitespace() || c.is_control())
        {
            let reason = "must be at most 64 bytes without spaces".to_owned();
            return Err(ConfigError::Invalid {
                key: "bus.key_prefix",
                reason,
            });
        }
        within("bus.pool_size", self.pool_size.into(), 1, 256)?;
        within("bus.timeout_ms", self.timeout_ms, 10, 60_000)
    }
}
