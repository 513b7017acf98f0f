//! `converse_start`: propose a conversation to agents nearby.

use super::engagement::{check_free, check_rested, check_rested_from};
use super::{Conversation, INVITE_RANGE_M, MEMBERS_MAX, decision};
use crate::base::id::ConversationId;
use crate::domain::agent::{Handle, Profile};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::scene::{Act, Change, Decision, Scene};
use crate::domain::text::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;

/// Proposes a conversation to 1 to 7 agents at most 20 m away, none of whom is in one. They have 60 s to accept.
/// Answers with `{conversation_id, phase}`. Not within 15 s of the last conversation, nor within 60 s with the same partner.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConverseStart {
    /// Whom to ask: 1 to 7 agents, each once.
    #[schemars(length(min = 1, max = 7))]
    pub invitees: Vec<Handle>,
    /// What about: 1 to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Text<1, 200>>,
}

impl Act for ConverseStart {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let (region, body) = (scene.region()?, scene.body()?);
        if !(1..MEMBERS_MAX).contains(&self.invitees.len()) {
            return Err(Refusal::invalid("invitees must be 1 to 7 agents"));
        }
        if self.invitees.iter().collect::<BTreeSet<_>>().len() != self.invitees.len() {
            return Err(Refusal::invalid("invitees must differ"));
        }
        if self.invitees.contains(&scene.me.handle) {
            return Err(Refusal::new(Code::SelfTarget, "an agent cannot invite itself"));
        }
        check_free(body)?;
        check_rested(body, scene.now)?;
        let mut invitees: Vec<&Profile> = Vec::with_capacity(self.invitees.len());
        for handle in &self.invitees {
            invitees.push(check_invitee(scene, handle)?);
        }
        let topic = self.topic.as_ref().map(|topic| topic.to_string());
        let id = ConversationId(scene.fresh_id);
        let (conversation, event) =
            Conversation::propose(id, &region.plan.name, topic, scene.me, &invitees, scene.now);
        let event = event.at(region.position(body, scene.tick));
        Ok(decision(conversation, event, json!({})).change(Change::Conversation(Some(id))))
    }
}

/// The profile of an agent that may be asked by the acting one.
/// Errors: `target_not_found`, `conversation_state`, `too_far`, `on_cooldown`.
pub(super) fn check_invitee<'a>(scene: &Scene<'a>, handle: &Handle) -> Result<&'a Profile, Refusal> {
    let (region, body) = (scene.region()?, scene.body()?);
    let target = region
        .body_by_handle(handle)
        .ok_or_else(|| match region.seen_by_handle(handle) {
            // A conversation is one shard's: nearer means on the same side of its border.
            Some(_) => Refusal::new(Code::TooFar, format!("{handle} is in another part of the region")),
            None => Refusal::new(Code::TargetNotFound, format!("no agent {handle} in this region")),
        })?;
    check_free(target)?;
    if region
        .position(body, scene.tick)
        .distance(region.position(target, scene.tick))
        > INVITE_RANGE_M
    {
        return Err(Refusal::new(
            Code::TooFar,
            format!("{handle} is more than 20 metres away"),
        ));
    }
    check_rested_from(body, handle, scene.now)?;
    Ok(&target.profile)
}
