//! `converse_invite`: ask one more agent.

use super::start::check_invitee;
use super::{copy_of, decision};
use crate::base::id::ConversationId;
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::scene::{Act, Decision, Scene};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Asks one more agent at most 20 m away to a conversation that the agent takes part in; it has 60 s to accept.
/// At most 8 members. One that went may be asked again after a minute.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConverseInvite {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// Whom to ask.
    pub target_id: Handle,
}

impl Act for ConverseInvite {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let mut conversation = copy_of(scene, self.conversation_id)?;
        conversation.participant(scene.me.id)?;
        if self.target_id == scene.me.handle {
            return Err(Refusal::new(Code::SelfTarget, "an agent cannot invite itself"));
        }
        let target = check_invitee(scene, &self.target_id)?;
        let event = conversation.invite(scene.me.id, target, scene.now)?;
        Ok(decision(conversation, event, json!({"invited": self.target_id})))
    }

    fn conversation_id(&self) -> Option<ConversationId> {
        Some(self.conversation_id)
    }
}
