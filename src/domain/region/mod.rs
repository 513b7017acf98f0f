//! Regions: the world's squares of land, what stands on them and who walks there.

mod border;
pub mod follow;
pub mod frame;
pub mod get_location;
pub mod get_nearby_agents;
pub mod get_nearby_objects;
pub mod get_region_info;
pub mod get_time;
pub mod get_weather;
mod ghost;
mod json_text;
mod likeness;
pub mod move_to;
mod overview;
pub mod ping;
mod plan;
mod state;
mod step;
pub mod stop;
pub mod teleport;
#[cfg(test)]
mod tests;
pub mod weather;

pub use border::Beyond;
pub use frame::{CellChange, Part};
pub use ghost::{Ghost, surroundings};
pub use overview::{BlockCounts, block_cells};
pub use plan::{ObjectPlan, Path, Place, RegionPlan, ShardPlan, World};
pub use state::{Body, RegionState};
pub use step::Step;

/// Walking speed. Units: metres a second.
pub const WALK_M_S: f64 = 1.5;
/// Running speed. Units: metres a second.
pub const RUN_M_S: f64 = 5.0;
/// Height at which agents stand when nobody says otherwise. Units: metres.
pub const GROUND_Z_M: f64 = 25.0;
