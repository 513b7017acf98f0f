//! `teleport`: be somewhere else. To another region it is a hand-off between two owners.

use crate::domain::refusal::{Code, Refusal};
use crate::domain::scene::{Act, Decision, HandOff, Scene};
use crate::domain::space::Vec3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Moves the agent to a region at once, to its entrance or to a point. Answers with the place when the move is durable.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Teleport {
    /// The region's name.
    pub region: String,
    /// East. Units: metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<f64>,
    /// North. Units: metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<f64>,
    /// Up. Units: metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub z: Option<f64>,
}

impl Act for Teleport {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        scene.body()?;
        let plan = scene
            .world
            .region(&self.region)
            .ok_or_else(|| Refusal::new(Code::RegionNotFound, "no such region"))?;
        let at = match (self.x, self.y) {
            (Some(x), Some(y)) => Some(Vec3::new(x, y, self.z.unwrap_or(plan.spawn.z))),
            (None, None) => None,
            _ => return Err(Refusal::invalid("x and y go together")),
        };
        if at.is_some_and(|at| !at.is_within(plan.size_m)) {
            return Err(Refusal::new(
                Code::OutOfBounds,
                format!("the region reaches from 0 to {} metres", plan.size_m),
            ));
        }
        let hand_off = HandOff {
            region: plan.name.clone(),
            at,
        };
        Ok(Decision {
            hand_off: Some(hand_off),
            ..Decision::done()
        })
    }
}
