//! `converse_release`: end a turn without a line.

use super::{copy_of, decision};
use crate::base::id::ConversationId;
use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Decision, Scene};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Passes the floor on without a line, to the other member who was silent for longest.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConverseRelease {
    /// Which conversation.
    pub conversation_id: ConversationId,
}

impl Act for ConverseRelease {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let mut conversation = copy_of(scene, self.conversation_id)?;
        let event = conversation.release(scene.me.id, scene.dice)?;
        Ok(decision(conversation, event, json!({})))
    }

    fn conversation_id(&self) -> Option<ConversationId> {
        Some(self.conversation_id)
    }
}
