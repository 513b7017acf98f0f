//! `ping`: is anybody there.

use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Decision, Scene};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Answers at once with the tick, to measure the way there and back. Counts as activity.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ping {}

impl Act for Ping {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        Ok(Decision::answer(
            json!({"pong": true, "tick": scene.tick, "time_ms": scene.now}),
        ))
    }
}
