//! Watching: cameras and what they see.

use crate::domain::agent::Handle;
use crate::domain::space::Vec3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a spectator asks to watch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spectate {
    /// Whom or where.
    pub target: Target,
    /// How the camera goes.
    #[serde(default)]
    pub mode: CameraMode,
    /// Where the camera is, for the free mode.
    #[serde(default)]
    pub position: Option<Vec3>,
    /// Where it looks.
    #[serde(default)]
    pub look_at: Option<Vec3>,
    /// 0.5 to 3.
    #[serde(default)]
    pub zoom: Option<f64>,
}

/// What is watched: one of the three.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Target {
    /// An agent, wherever it goes.
    Agent(Handle),
    /// A region.
    Region(String),
    /// A point of a region.
    Location {
        /// The region's name.
        region: String,
        /// East. Units: metres.
        x: f64,
        /// North. Units: metres.
        y: f64,
    },
}

/// How a camera goes. Source: features.md CB-50.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CameraMode {
    /// Behind an agent.
    #[default]
    Follow,
    /// Through an agent's eyes.
    FirstPerson,
    /// Where the spectator moves it.
    Free,
    /// The region from above.
    Overview,
}

impl CameraMode {
    /// The name on the wire and in the table.
    pub fn name(self) -> &'static str {
        match self {
            CameraMode::Follow => "follow",
            CameraMode::FirstPerson => "first_person",
            CameraMode::Free => "free",
            CameraMode::Overview => "overview",
        }
    }

    /// How many cells around its centre a camera sees in each direction; none for all of the region.
    pub fn reach_cells(self) -> Option<i32> {
        match self {
            CameraMode::Follow | CameraMode::FirstPerson => Some(2),
            CameraMode::Free => Some(3),
            CameraMode::Overview => None,
        }
    }
}
