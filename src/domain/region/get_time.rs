//! `get_time`: what time it is in the world.

use super::weather::time_at;
use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Decision, Scene};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Tells the time of day in the world, the tick and the wall-clock time. A world day is 60 real minutes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetTime {}

impl Act for GetTime {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let mut time = time_at(scene.now);
        if let Some(fields) = time.as_object_mut() {
            fields.insert("tick".to_owned(), json!(scene.tick));
            fields.insert("time_ms".to_owned(), json!(scene.now));
        }
        Ok(Decision::answer(time))
    }
}
