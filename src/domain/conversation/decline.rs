//! `converse_decline`: say no to an invitation.

use super::{copy_of, decision};
use crate::base::id::ConversationId;
use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Decision, Scene};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Declines an invitation. When everybody has, the conversation is over.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConverseDecline {
    /// Which conversation.
    pub conversation_id: ConversationId,
}

impl Act for ConverseDecline {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let mut conversation = copy_of(scene, self.conversation_id)?;
        let event = conversation.decline(scene.me.id, scene.now, scene.dice)?;
        Ok(decision(conversation, event, json!({})))
    }

    fn conversation_id(&self) -> Option<ConversationId> {
        Some(self.conversation_id)
    }
}
