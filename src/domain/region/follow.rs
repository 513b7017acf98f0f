//! `follow`: go where another agent goes.

use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::scene::{Act, Change, Decision, Follow as Following, Scene};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Follows an agent of the same region and keeps a distance, until `stop`, `move_to` or the other is gone.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Follow {
    /// Whom.
    pub target_id: Handle,
    /// Units: metres, 0.5 to 50.
    #[serde(default = "distance_default_m")]
    pub distance: f64,
}

fn distance_default_m() -> f64 {
    2.0
}

impl Act for Follow {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let region = scene.region()?;
        scene.body()?;
        if !(0.5..=50.0).contains(&self.distance) {
            return Err(Refusal::invalid("distance must be 0.5 to 50 metres"));
        }
        if self.target_id == scene.me.handle {
            return Err(Refusal::new(Code::SelfTarget, "an agent cannot follow itself"));
        }
        let target = region
            .seen_by_handle(&self.target_id)
            .ok_or_else(|| Refusal::new(Code::TargetNotFound, "no such agent in this region"))?;
        let follow = Following {
            target: target.profile.id,
            distance_m: self.distance,
        };
        Ok(Decision::done().change(Change::Follow(Some(follow))))
    }
}
