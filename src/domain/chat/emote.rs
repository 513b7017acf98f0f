//! `emote`: show a feeling or gesture. Best effort, kept nowhere.

use crate::domain::event::EventKind;
use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Decision, Scene, event_of};
use crate::domain::text::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Shows a gesture, for example `wave`, to those who see the agent. It rides the next frame and is not stored.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Emote {
    /// 1 to 64 characters.
    pub action: Text<1, 64>,
}

impl Act for Emote {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let (region, body) = (scene.region()?, scene.body()?);
        let event = event_of(scene.me, EventKind::Emote, json!({"action": &*self.action}));
        Ok(Decision::done().event(event.at(region.position(body, scene.tick)).public()))
    }
}
