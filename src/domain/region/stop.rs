//! `stop`: stand still.

use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Change, Decision, Scene};
use crate::domain::space::Trajectory;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Stops walking and following.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stop {}

impl Act for Stop {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let (region, body) = (scene.region()?, scene.body()?);
        let at = region.position(body, scene.tick);
        let stand = Trajectory::standing(at, scene.tick, body.trajectory.heading);
        Ok(Decision::done()
            .change(Change::Follow(None))
            .change(Change::Trajectory(stand)))
    }
}
