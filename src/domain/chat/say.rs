//! `say`: speak to those around.

use super::{HEARERS_MAX, Volume};
use crate::domain::event::EventKind;
use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Decision, Scene, event_of};
use crate::domain::text::Text;
use crate::domain::write::Write;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

/// Says something to everybody in range at this moment. Answers with how many heard it, the speaker not counted.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Say {
    /// 1 to 1,000 characters.
    pub message: Text<1, 1000>,
    /// How loud: `whisper` 10 m, `normal` 20 m, `shout` 100 m.
    #[serde(default)]
    pub volume: Volume,
}

impl Act for Say {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let (region, body) = (scene.region()?, scene.body()?);
        let at = region.position(body, scene.tick);
        let hearers: Vec<_> = region
            .near(at, self.volume.range_m(), HEARERS_MAX + 1)
            .into_iter()
            .filter(|(agent, _)| *agent != scene.me.id)
            .take(HEARERS_MAX)
            .filter_map(|(agent, _)| region.seen(agent).map(|other| Arc::clone(&other.profile)))
            .collect();
        let heard_by = hearers.len();
        let content = json!({"message": &*self.message, "volume": self.volume.name()});
        let mut event = event_of(scene.me, EventKind::Speech, content)
            .at(at)
            .heard_by(hearers);
        event.is_public = self.volume != Volume::Whisper;
        let write = Write::Chat {
            recipient: None,
            message: self.message.to_string(),
            volume: self.volume,
        };
        Ok(Decision::answer(json!({"heard_by": heard_by}))
            .event(event)
            .write(write))
    }
}
