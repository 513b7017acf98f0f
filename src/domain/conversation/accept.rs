//! `converse_accept`: say yes to an invitation.

use super::{MemberPhase, Obstacle, TALK_RANGE_M, copy_of, decision};
use crate::base::id::ConversationId;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::scene::{Act, Change, Decision, Scene};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Accepts an invitation, at most 20 m from one who takes part. Within 5 m the agent takes part at once; from farther it is
/// `joining` and has 60 s to come within 5 m. Answers with `{conversation_id, phase, member_phase, hint?}`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConverseAccept {
    /// Which conversation.
    pub conversation_id: ConversationId,
}

impl Act for ConverseAccept {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let mut conversation = copy_of(scene, self.conversation_id)?;
        let (region, body) = (scene.region()?, scene.body()?);
        if body.conversation.is_some_and(|other| other != conversation.id) {
            return Err(Obstacle::AlreadyConversing.refusal());
        }
        let distance_m = conversation.distance_m(scene.me.id, region, scene.tick);
        // Nobody of them is in this region any more: farther away than any distance.
        let event = conversation.accept(scene.me.id, distance_m.unwrap_or(f64::INFINITY), scene.now)?;
        let phase = conversation.member(scene.me.id).map(|member| member.phase);
        let phase = phase.ok_or_else(|| Refusal::new(Code::NotFound, "no such conversation"))?;
        let result = if phase == MemberPhase::Joining {
            let hint = format!("come within {TALK_RANGE_M} metres of a member within 60 seconds");
            json!({"member_phase": phase.name(), "hint": hint})
        } else {
            json!({"member_phase": phase.name()})
        };
        let engaged = Change::Conversation(Some(conversation.id));
        Ok(decision(conversation, event, result).change(engaged))
    }

    fn conversation_id(&self) -> Option<ConversationId> {
        Some(self.conversation_id)
    }
}
