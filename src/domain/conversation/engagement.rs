//! What the region knows of conversations: who is in one, who may not begin another yet, how near they are.

use super::{COOLDOWN_MS, Conversation, MemberPhase, Obstacle, PARTNER_COOLDOWN_MS, Phase};
use crate::base::id::AgentId;
use crate::base::time::{Tick, Timestamp};
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::region::{Body, RegionState};
use crate::domain::scene::Change;

impl Conversation {
    /// Whether the agent is in it: takes part or is on its way. The invited are free until they say yes.
    pub fn engages(&self, agent: AgentId) -> bool {
        let phase = self.member(agent).map(|member| member.phase);
        self.phase != Phase::Closed
            && matches!(phase, Some(MemberPhase::Participating | MemberPhase::Joining))
    }

    /// What changes for one that is in it no longer: free, with 15 s before any and 60 s before the same partners.
    pub fn parting(&self, agent: AgentId, now: Timestamp) -> Vec<Change> {
        let others = self.members.iter().filter(|member| member.agent != agent);
        let partners =
            others.map(|member| Change::Cooldown(key_of(&member.handle), now.plus_ms(PARTNER_COOLDOWN_MS)));
        let any = Change::Cooldown(COOLDOWN_KEY.to_owned(), now.plus_ms(COOLDOWN_MS));
        [Change::Conversation(None), any]
            .into_iter()
            .chain(partners)
            .collect()
    }

    /// Tells a region what a committed state means for the bodies in it. To call after each commit of a conversation; calling it
    /// twice changes nothing more.
    pub fn note_in(&self, region: &mut RegionState, now: Timestamp) {
        for member in &self.members {
            let Some(engaged) = region.body(member.agent).map(|body| body.conversation) else {
                continue;
            };
            if self.engages(member.agent) && engaged.is_none() {
                region.apply(member.agent, Change::Conversation(Some(self.id)));
            } else if !self.engages(member.agent) && engaged == Some(self.id) {
                for change in self.parting(member.agent, now) {
                    region.apply(member.agent, change);
                }
            }
        }
    }

    /// The distance of an agent from the nearest other who takes part. Units: metres; none when either is not in the region.
    pub fn distance_m(&self, agent: AgentId, region: &RegionState, tick: Tick) -> Option<f64> {
        let at = region.position(region.body(agent)?, tick);
        let others = self.participants().filter(|member| member.agent != agent);
        let distances =
            others.filter_map(|member| Some(region.position(region.body(member.agent)?, tick).distance(at)));
        distances.min_by(f64::total_cmp)
    }
}

/// An agent goes to another region: it is in no conversation any more, and must rest for 15 s before the next.
pub fn leave_behind(body: &mut Body, now: Timestamp) {
    if body.conversation.take().is_some() {
        body.cooldowns
            .insert(COOLDOWN_KEY.to_owned(), now.plus_ms(COOLDOWN_MS));
    }
}

/// The cooldown before any conversation.
const COOLDOWN_KEY: &str = "converse";

/// The cooldown before one with this partner.
fn key_of(partner: &Handle) -> String {
    format!("{COOLDOWN_KEY}:{partner}")
}

/// Checks that an agent is in no conversation. Errors: `conversation_state`.
pub(super) fn check_free(body: &Body) -> Result<(), Refusal> {
    if body.conversation.is_some() {
        Err(Obstacle::AlreadyConversing.refusal())
    } else {
        Ok(())
    }
}

/// Checks that an agent may begin a conversation again. Errors: `on_cooldown`.
pub(super) fn check_rested(body: &Body, now: Timestamp) -> Result<(), Refusal> {
    body.cooldown_left_ms(COOLDOWN_KEY, now)
        .map_or(Ok(()), |left| Err(on_cooldown(left)))
}

/// Checks that an agent may talk with this partner again. Errors: `on_cooldown`.
pub(super) fn check_rested_from(body: &Body, partner: &Handle, now: Timestamp) -> Result<(), Refusal> {
    body.cooldown_left_ms(&key_of(partner), now)
        .map_or(Ok(()), |left| Err(on_cooldown(left)))
}

fn on_cooldown(left_ms: i64) -> Refusal {
    Refusal::new(Code::OnCooldown, "too soon after the last conversation").retry_after(left_ms)
}
