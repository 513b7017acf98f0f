//! Talk: what is said aloud, whispered and shown.

pub mod emote;
pub mod observe_events;
pub mod say;
#[cfg(test)]
mod tests;
pub mod whisper;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How loud something is said; decides who hears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Volume {
    /// Heard within 10 m; spectators do not see it.
    Whisper,
    /// Heard within 20 m.
    #[default]
    Normal,
    /// Heard within 100 m.
    Shout,
}

impl Volume {
    /// How far it is heard. Units: metres. Source: society.md §5.4.
    pub fn range_m(self) -> f64 {
        match self {
            Volume::Whisper => 10.0,
            Volume::Normal => 20.0,
            Volume::Shout => 100.0,
        }
    }

    /// The name on the wire and in the table.
    pub fn name(self) -> &'static str {
        match self {
            Volume::Whisper => "whisper",
            Volume::Normal => "normal",
            Volume::Shout => "shout",
        }
    }
}

/// Most agents that hear one utterance, nearest first.
pub const HEARERS_MAX: usize = 512;
