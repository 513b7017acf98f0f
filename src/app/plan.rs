//! From the world file's words to the domain's.

use crate::config::world_file::WorldFile;
use crate::domain::region::RegionPlan;
use crate::transport::http::admin::plan_of;

/// The regions that a world file describes.
pub fn plans_of(file: &WorldFile) -> Vec<RegionPlan> {
    file.regions.iter().map(plan_of).collect()
}
