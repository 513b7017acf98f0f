//! What a brain is given and what it gives back.

use crate::base::time::Timestamp;
use crate::domain::agent::Handle;
use crate::domain::region::{RegionPlan, World};
use crate::domain::space::Vec3;
use serde_json::Value;

/// Everything that a brain may know when it decides.
pub struct Perception<'a> {
    /// Wall-clock time.
    pub now: Timestamp,
    /// The agent itself.
    pub me: Me,
    /// Agents around, nearest first.
    pub agents: Vec<Neighbour>,
    /// The regions there are, with their places, paths and objects.
    pub world: &'a World,
    /// The region around the agent.
    pub region: &'a RegionPlan,
    /// What came to its ears since it last thought, oldest first.
    pub heard: Vec<Heard>,
    /// What it owns, when it looked lately. Units: minor.
    pub balance_minor: Option<i64>,
    /// The sky.
    pub sky: Sky,
}

/// The agent itself.
#[derive(Clone, Debug)]
pub struct Me {
    /// Its handle.
    pub handle: Handle,
    /// Its display name.
    pub name: String,
    /// Where it is.
    pub at: Vec3,
}

/// Another agent.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// Its handle.
    pub handle: Handle,
    /// Its display name.
    pub name: String,
    /// Where it is.
    pub at: Vec3,
    /// The status that it shows.
    pub status: String,
    /// Units: metres.
    pub distance_m: f64,
}

impl Neighbour {
    /// Whether it shows that it sleeps.
    pub fn is_asleep(&self) -> bool {
        self.status == "asleep"
    }
}

/// Weather and time of day.
#[derive(Clone, Debug, Default)]
pub struct Sky {
    /// For example `light_rain`.
    pub weather: String,
    /// Units: degrees Celsius.
    pub temperature_c: i64,
    /// For example `morning`.
    pub day_part: String,
    /// World time, 0 to 23.
    pub hour: i64,
    /// World time, 0 to 59.
    pub minute: i64,
}

/// Something that came to the agent's ears.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Who; none for the server and for spectators.
    pub from: Option<Handle>,
    /// Its display name, as far as known.
    pub from_name: String,
    /// What.
    pub kind: HeardKind,
    /// How long ago. Units: milliseconds.
    pub ago_ms: i64,
}

/// What came to the agent's ears.
#[derive(Clone, Debug, PartialEq)]
pub enum HeardKind {
    /// Said aloud.
    Speech(String),
    /// Whispered to this agent alone.
    Whisper(String),
    /// Money came.
    Payment {
        /// Units: minor.
        amount_minor: i64,
        /// What the payer wrote.
        note: String,
    },
    /// A spectator's suggestion: to be considered, never an order.
    Prompt(String),
}

/// An action that the brain wants done.
#[derive(Clone, Debug, PartialEq)]
pub struct Intent {
    /// The action's name, as in the table of actions.
    pub action: &'static str,
    /// Its parameters.
    pub params: Value,
    /// What to wait before it, as people do before they answer. Units: milliseconds.
    pub pause_ms: i64,
}

impl Intent {
    /// An action with its parameters, without a pause.
    pub fn new(action: &'static str, params: Value) -> Self {
        Self {
            action,
            params,
            pause_ms: 0,
        }
    }
}

/// What a brain decided.
#[derive(Clone, Debug, Default)]
pub struct Thought {
    /// What to do, in this order.
    pub intents: Vec<Intent>,
    /// When to think again, if not as usual. Units: milliseconds.
    pub wake_in_ms: Option<i64>,
}
