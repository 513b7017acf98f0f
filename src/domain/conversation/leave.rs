//! `converse_leave`: go from a conversation.

use super::{copy_of, decision};
use crate::base::id::ConversationId;
use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Decision, Scene};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Leaves a conversation, or turns back on the way to it. With fewer than two left it is over.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConverseLeave {
    /// Which conversation.
    pub conversation_id: ConversationId,
}

impl Act for ConverseLeave {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let mut conversation = copy_of(scene, self.conversation_id)?;
        let event = conversation.leave(scene.me.id, scene.now, scene.dice)?;
        let changes = conversation.parting(scene.me.id, scene.now);
        Ok(changes
            .into_iter()
            .fold(decision(conversation, event, json!({})), Decision::change))
    }

    fn conversation_id(&self) -> Option<ConversationId> {
        Some(self.conversation_id)
    }
}
