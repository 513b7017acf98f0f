//! `get_weather`: what the weather is like here.

use super::weather::weather_at;
use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Decision, Scene};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tells the weather of the region around the agent.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetWeather {}

impl Act for GetWeather {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let plan = &scene.region()?.plan;
        Ok(Decision::answer(weather_at(
            scene.world.seed,
            &plan.name,
            plan.weather.as_deref(),
            scene.now,
        )))
    }
}
