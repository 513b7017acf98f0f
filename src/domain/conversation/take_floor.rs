//! `converse_take_floor`: begin a turn.

use super::{copy_of, decision};
use crate::base::id::ConversationId;
use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Decision, Scene};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Takes the floor of an open conversation for 30 s, when it is free and nobody else is next. Who is next gets it by itself 2 s
/// after a line. Answers with `{conversation_id, phase, until}`. Units: milliseconds since 1970.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConverseTakeFloor {
    /// Which conversation.
    pub conversation_id: ConversationId,
}

impl Act for ConverseTakeFloor {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let mut conversation = copy_of(scene, self.conversation_id)?;
        let event = conversation.take_floor(scene.me.id, scene.now)?;
        let result = json!({"until": conversation.floor.as_ref().map(|floor| floor.until)});
        Ok(decision(conversation, event, result))
    }

    fn conversation_id(&self) -> Option<ConversationId> {
        Some(self.conversation_id)
    }
}
