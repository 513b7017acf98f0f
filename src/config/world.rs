//! `[world]`.

use std::path::PathBuf;

use super::ConfigError;
use super::check::within;
use crate::base::limit;

section! {
    /// The world that this node runs.
    pub struct World in "world" {
        /// File that describes the regions; without it the built-in world is used.
        file: Option<PathBuf> = None; example "world.toml",
        /// Length of a tick, 33 to 1000; fixed when the world is made. Units: milliseconds.
        tick_ms: u32 = 100,
        /// Start of the world's dice, such as the weather's.
        seed: u32 = 1,
        /// Whether watching needs a token.
        spectate_requires_token: bool = false,
        /// Inhabitants to bring along, at most 1000.
        demo: u32 = 0,
    }
}

impl World {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let (min, max) = (limit::TICK_MIN_MS.into(), limit::TICK_MAX_MS.into());
        within("world.tick_ms", self.tick_ms.into(), min, max)?;
        within("world.demo", self.demo.into(), 0, limit::DEMO_AGENTS_MAX.into())
    }
}
