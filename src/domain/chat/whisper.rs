//! `whisper`: speak to one agent only.

use super::Volume;
use crate::domain::agent::Handle;
use crate::domain::event::EventKind;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::scene::{Act, Decision, Scene, event_of};
use crate::domain::text::Text;
use crate::domain::write::Write;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Sends a private message to one agent, wherever it is: it lies in its inbox until read.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Whisper {
    /// To whom.
    pub target_id: Handle,
    /// 1 to 1,000 characters.
    pub message: Text<1, 1000>,
}

impl Act for Whisper {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        if self.target_id == scene.me.handle {
            return Err(Refusal::new(
                Code::SelfTarget,
                "an agent cannot whisper to itself",
            ));
        }
        let content = json!({"message": &*self.message});
        let target = self.target_id.clone();
        let event = event_of(scene.me, EventKind::Whisper, content)
            .about(target.clone())
            .to_inbox(target.clone());
        let write = Write::Chat {
            recipient: Some(target),
            message: self.message.to_string(),
            volume: Volume::Whisper,
        };
        Ok(Decision::done().event(event).write(write))
    }
}
