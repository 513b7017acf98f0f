//! `get_region_info`: what this region is like.

use super::weather::{time_at, weather_at};
use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Decision, Scene};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Describes the region around the agent: names, size, weather, time of day, how many agents are in it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetRegionInfo {}

impl Act for GetRegionInfo {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let region = scene.region()?;
        scene.body()?;
        let plan = &region.plan;
        Ok(Decision::answer(json!({
            "name": plan.name, "display_name": plan.display_name, "description": plan.description, "size": plan.size_m,
            "weather": weather_at(scene.world.seed, &plan.name, plan.weather.as_deref(), scene.now),
            "time_of_day": time_at(scene.now), "agent_count": region.agent_count().saturating_add(region.elsewhere),
            "properties": {"capacity": plan.capacity, "spawn": plan.spawn, "places": plan.places},
        })))
    }
}
