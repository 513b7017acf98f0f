//! `move_to`: walk or run to a point of the region.

use super::{RUN_M_S, WALK_M_S};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::scene::{Act, Change, Decision, Scene};
use crate::domain::space::{Trajectory, Vec3, centimetres};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Walks (1.5 m/s) or runs (5 m/s) straight to a point of the region. Answers with the seconds it takes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveTo {
    /// East. Units: metres.
    pub x: f64,
    /// North. Units: metres.
    pub y: f64,
    /// Up; the height of now when left out. Units: metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub z: Option<f64>,
    /// How fast.
    #[serde(default)]
    pub gait: Gait,
}

/// A way of going.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gait {
    /// 1.5 m/s.
    #[default]
    Walk,
    /// 5 m/s.
    Run,
}

impl Act for MoveTo {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let (region, body) = (scene.region()?, scene.body()?);
        let from = region.position(body, scene.tick);
        let to = Vec3::new(self.x, self.y, self.z.unwrap_or(from.z));
        if !to.is_within(region.plan.size_m) {
            return Err(Refusal::new(
                Code::OutOfBounds,
                format!("the region reaches from 0 to {} metres", region.plan.size_m),
            ));
        }
        let speed = match self.gait {
            Gait::Walk => WALK_M_S,
            Gait::Run => RUN_M_S,
        };
        let walk = Trajectory::walking(from, to, scene.tick, speed);
        Ok(
            Decision::answer(json!({"arrives_in_s": centimetres(walk.duration_s())}))
                .change(Change::Follow(None))
                .change(Change::Trajectory(walk)),
        )
    }
}
