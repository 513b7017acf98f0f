//! Who may speak: the floor is taken, used for one line, passed on. Pure.

use super::{Conversation, FLOOR_MS, Floor, Member, MemberPhase, Obstacle, PAUSE_MS, Phase};
use crate::base::id::AgentId;
use crate::base::time::Timestamp;
use crate::domain::agent::Handle;
use crate::domain::event::{Event, EventKind};
use crate::domain::refusal::{Code, Refusal};
use serde_json::json;

impl Conversation {
    /// Takes the floor when it is free and nobody else is next. The holder gets the lease that it has.
    /// Errors: `conversation_state` (with `retry_after_ms` during the reading pause), `not_found`.
    pub fn take_floor(&mut self, agent: AgentId, now: Timestamp) -> Result<Event, Refusal> {
        let handle = self.participant(agent)?;
        self.check_open()?;
        match &self.floor {
            Some(floor) if floor.holder == agent => {}
            Some(floor) => {
                return Err(Obstacle::FloorTaken
                    .refusal()
                    .retry_after(floor.until.since_ms(now)));
            }
            None if self.next_speaker.is_some_and(|next| next != agent) => {
                return Err(Obstacle::FloorTaken.refusal());
            }
            None => {
                let pause_ms = self.pause_until.map_or(0, |until| until.since_ms(now));
                if pause_ms > 0 {
                    return Err(Obstacle::FloorTaken.refusal().retry_after(pause_ms));
                }
                self.grant(agent, now);
            }
        }
        let content = json!({"holder": handle, "until": self.floor.as_ref().map(|floor| floor.until)});
        Ok(self.event(
            EventKind::ConversationFloorTaken,
            Some(handle),
            self.current_handles(),
            content,
        ))
    }

    /// Speaks a line and gives the floor away: to the first one addressed, else to the one silent for longest, else by dice.
    /// In the farewell round nobody has the floor and each may say one line. The line's number is `line_count` afterwards.
    /// Errors: `conversation_state`, `self_target` and `target_not_found` for a wrong `addressed_to`, `not_found`.
    pub fn line(
        &mut self,
        agent: AgentId,
        message: &str,
        addressed_to: &[Handle],
        now: Timestamp,
        dice: u64,
    ) -> Result<Event, Refusal> {
        let handle = self.participant(agent)?;
        self.check_may_speak(agent)?;
        if addressed_to.contains(&handle) {
            return Err(Refusal::new(
                Code::SelfTarget,
                "a line cannot be addressed to its speaker",
            ));
        }
        let mut addressed = Vec::new();
        for wanted in addressed_to {
            let found = self.participants().find(|member| member.handle == *wanted);
            addressed.push(
                found
                    .ok_or_else(|| Refusal::new(Code::TargetNotFound, "the one addressed takes no part"))?
                    .agent,
            );
        }
        let is_farewell = self.phase == Phase::Closing;
        if let Some(member) = self.member_mut(agent) {
            member.spoke_at = Some(now);
            member.has_said_farewell = is_farewell;
        }
        self.line_count = self.line_count.saturating_add(1);
        self.last_at = now;
        if !is_farewell {
            self.floor = None;
            self.next_speaker = addressed.first().copied().or_else(|| self.pick_next(agent, dice));
            self.pause_until = Some(now.plus_ms(PAUSE_MS));
            if self.line_count >= self.line_limit() {
                self.begin_closing("limit", now);
            }
        }
        let next = self
            .next_speaker
            .and_then(|next| self.member(next))
            .map(|member| &member.handle);
        let content = json!({"number": self.line_count, "message": message, "addressed_to": addressed_to, "next_speaker": next});
        Ok(self.event(
            EventKind::ConversationLine,
            Some(handle),
            self.current_handles(),
            content,
        ))
    }

    /// Passes the floor on without a line. Errors: `conversation_state` unless the agent has it, `not_found`.
    pub fn release(&mut self, agent: AgentId, dice: u64) -> Result<Event, Refusal> {
        let handle = self.participant(agent)?;
        self.check_open()?;
        self.check_holds(agent)?;
        self.floor = None;
        // Nothing was said, so there is nothing to read and no pause.
        self.pause_until = None;
        self.next_speaker = self.pick_next(agent, dice);
        let next = self
            .next_speaker
            .and_then(|next| self.member(next))
            .map(|member| &member.handle);
        let content = json!({"holder": handle, "reason": "released", "next_speaker": next});
        Ok(self.event(
            EventKind::ConversationFloorReleased,
            Some(handle),
            self.current_handles(),
            content,
        ))
    }

    /// Who should speak after an agent when nobody was addressed: of the others, who was silent for longest; chance decides
    /// between equals. None when nobody else takes part.
    pub(super) fn pick_next(&self, after: AgentId, dice: u64) -> Option<AgentId> {
        let others = || self.participants().filter(|member| member.agent != after);
        // One who never spoke comes before all who did.
        let longest = others().map(|member| member.spoke_at).min()?;
        let equals: Vec<&Member> = others().filter(|member| member.spoke_at == longest).collect();
        let count = u64::try_from(equals.len()).unwrap_or(1).max(1);
        let pick = usize::try_from(dice % count).unwrap_or(0);
        equals.get(pick).map(|member| member.agent)
    }

    /// Gives the floor. The caller has checked that it is free.
    pub(super) fn grant(&mut self, agent: AgentId, now: Timestamp) {
        debug_assert!(
            self.member(agent)
                .is_some_and(|member| member.phase == MemberPhase::Participating)
        );
        self.floor = Some(Floor {
            holder: agent,
            until: now.plus_ms(FLOOR_MS),
        });
        (self.next_speaker, self.pause_until) = (None, None);
    }

    fn check_may_speak(&self, agent: AgentId) -> Result<(), Refusal> {
        if self.phase != Phase::Closing {
            self.check_open()?;
            return self.check_holds(agent);
        }
        match self.member(agent) {
            Some(member) if member.has_said_farewell => Err(Obstacle::LineLimit.refusal()),
            _ => Ok(()),
        }
    }

    fn check_open(&self) -> Result<(), Refusal> {
        match self.phase {
            Phase::Open => Ok(()),
            Phase::Proposed => Err(Obstacle::NotOpen.refusal()),
            Phase::Closing => Err(Obstacle::Closing.refusal()),
            Phase::Closed => Err(Obstacle::Closed.refusal()),
        }
    }

    fn check_holds(&self, agent: AgentId) -> Result<(), Refusal> {
        match &self.floor {
            Some(floor) if floor.holder == agent => Ok(()),
            Some(_) => Err(Obstacle::FloorTaken.refusal()),
            None if self.next_speaker.is_some_and(|next| next != agent) => {
                Err(Obstacle::FloorTaken.refusal())
            }
            None => Err(Obstacle::FloorNotHeld.refusal()),
        }
    }
}
