//! Who is in: invite, accept, arrive, decline, leave; and how that opens and ends a conversation. Pure.

use super::{
    CLOSING_MS, Conversation, INVITE_RANGE_M, MEMBERS_MAX, Member, MemberPhase, Obstacle,
    PARTNER_COOLDOWN_MS, Phase, TALK_RANGE_M,
};
use crate::base::id::{AgentId, ConversationId};
use crate::base::time::Timestamp;
use crate::domain::agent::{Handle, Profile};
use crate::domain::event::{Event, EventKind};
use crate::domain::refusal::{Code, Refusal};
use serde_json::json;

/// How a member goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// It took part, or was on its way, and went.
    Left,
    /// It said no.
    Declined,
    /// It never answered, or never came.
    TimedOut,
}

impl Departure {
    fn phase(self) -> MemberPhase {
        match self {
            Departure::Left => MemberPhase::Left,
            Departure::Declined => MemberPhase::Declined,
            Departure::TimedOut => MemberPhase::TimedOut,
        }
    }

    /// Why the conversation is over when this was the last to come or to stay.
    fn close_reason(self) -> &'static str {
        match self {
            Departure::Left => "done",
            Departure::Declined => "declined",
            Departure::TimedOut => "timeout",
        }
    }
}

impl Conversation {
    /// A proposal: the initiator takes part, the others are invited. At most `MEMBERS_MAX - 1` invitees are taken.
    /// The event tells the invitees.
    pub fn propose(
        id: ConversationId,
        region: &str,
        topic: Option<String>,
        initiator: &Profile,
        invitees: &[&Profile],
        now: Timestamp,
    ) -> (Self, Event) {
        let first = new_member(initiator, MemberPhase::Participating, now);
        let others = invitees
            .iter()
            .map(|profile| new_member(profile, MemberPhase::Invited, now));
        let conversation = Self {
            id,
            region: region.to_owned(),
            initiator: initiator.handle.clone(),
            topic,
            phase: Phase::Proposed,
            members: std::iter::once(first).chain(others).take(MEMBERS_MAX).collect(),
            floor: None,
            next_speaker: None,
            pause_until: None,
            closing_until: None,
            line_count: 0,
            opened_at: now,
            last_at: now,
            close_reason: None,
        };
        let event = conversation.proposal(initiator.handle.clone(), None);
        (conversation, event)
    }

    /// Asks one more. One that went may be asked again after a minute.
    /// Errors: `self_target`, `conversation_state`, `on_cooldown`, and `not_found` when `by` is no member.
    pub fn invite(&mut self, by: AgentId, target: &Profile, now: Timestamp) -> Result<Event, Refusal> {
        let source = self.participant(by)?;
        self.check_joinable()?;
        if target.id == by {
            return Err(Refusal::new(Code::SelfTarget, "an agent cannot invite itself"));
        }
        if let Some(member) = self.member(target.id) {
            if member.phase.is_current() {
                return Err(Obstacle::WrongMemberState.refusal());
            }
            let left_ms = member.since.plus_ms(PARTNER_COOLDOWN_MS).since_ms(now);
            if left_ms > 0 {
                return Err(
                    Refusal::new(Code::OnCooldown, "it went less than a minute ago").retry_after(left_ms)
                );
            }
        }
        self.members.retain(|member| member.agent != target.id);
        if self.members.len() >= MEMBERS_MAX {
            self.forget_an_absentee()?;
        }
        self.members.push(new_member(target, MemberPhase::Invited, now));
        Ok(self.proposal(source, Some(target.handle.clone())))
    }

    /// Says yes, at a distance from the nearest who takes part: up to 5 m the member takes part at once, up to 20 m it is on its
    /// way. Units: metres. Errors: `conversation_state`, `too_far`, `not_found` for those who are no members.
    pub fn accept(&mut self, agent: AgentId, distance_m: f64, now: Timestamp) -> Result<Event, Refusal> {
        let (phase, handle) = self.standing(agent)?;
        if phase != MemberPhase::Invited {
            return Err(Obstacle::WrongMemberState.refusal());
        }
        self.check_joinable()?;
        // Not-a-number is no distance to talk over.
        if !(0.0..=INVITE_RANGE_M).contains(&distance_m) {
            return Err(Refusal::new(
                Code::TooFar,
                "the conversation is more than 20 metres away",
            ));
        }
        if distance_m <= TALK_RANGE_M {
            return Ok(self.join(agent, handle, now));
        }
        self.set_phase(agent, MemberPhase::Joining, now);
        let content = json!({"member": handle, "member_phase": MemberPhase::Joining.name()});
        Ok(self.event(
            EventKind::ConversationMemberJoined,
            Some(handle),
            self.current_handles(),
            content,
        ))
    }

    /// Lets a member that is on its way take part when it is at most 5 m from one who does. Units: metres.
    /// Returns what is to be told; none when it is too far still, or not on its way.
    pub fn arrive(&mut self, agent: AgentId, distance_m: f64, now: Timestamp) -> Option<Event> {
        let (phase, handle) = self.standing(agent).ok()?;
        let is_there = (0.0..=TALK_RANGE_M).contains(&distance_m);
        (phase == MemberPhase::Joining && is_there && self.phase != Phase::Closing)
            .then(|| self.join(agent, handle, now))
    }

    /// Says no. Errors: `conversation_state` unless invited, `not_found`.
    pub fn decline(&mut self, agent: AgentId, now: Timestamp, dice: u64) -> Result<Event, Refusal> {
        match self.standing(agent)?.0 {
            MemberPhase::Invited => self
                .depart(agent, Departure::Declined, now, dice)
                .ok_or_else(super::not_found),
            _ => Err(Obstacle::WrongMemberState.refusal()),
        }
    }

    /// Goes, or turns back on the way. Errors: `conversation_state` unless taking part or joining, `not_found`.
    pub fn leave(&mut self, agent: AgentId, now: Timestamp, dice: u64) -> Result<Event, Refusal> {
        match self.standing(agent)?.0 {
            MemberPhase::Participating | MemberPhase::Joining => self
                .depart(agent, Departure::Left, now, dice)
                .ok_or_else(super::not_found),
            _ => Err(Obstacle::WrongMemberState.refusal()),
        }
    }

    /// Takes a current member out, for example one that left the world; none when it was no current member.
    /// The event says so, or that the conversation is over because of it.
    pub fn depart(&mut self, agent: AgentId, how: Departure, now: Timestamp, dice: u64) -> Option<Event> {
        let (phase, handle) = self.standing(agent).ok()?;
        if !phase.is_current() {
            return None;
        }
        let audience = self.current_handles();
        self.set_phase(agent, how.phase(), now);
        if self.floor.as_ref().is_some_and(|floor| floor.holder == agent) {
            self.floor = None;
            self.next_speaker = self.pick_next(agent, dice);
        } else if self.next_speaker == Some(agent) {
            self.next_speaker = self.pick_next(agent, dice);
        }
        let taking_part = self.participants().count();
        let pending = self
            .members
            .iter()
            .filter(|member| member.phase.is_current())
            .count()
            .saturating_sub(taking_part);
        let is_over = match self.phase {
            Phase::Proposed => taking_part == 0 || pending == 0,
            Phase::Open | Phase::Closing => taking_part < 2,
            Phase::Closed => false,
        };
        let kind = if is_over {
            self.close(how.close_reason(), now);
            EventKind::ConversationClosed
        } else {
            EventKind::ConversationMemberLeft
        };
        let mut content = json!({"member": handle, "member_phase": how.phase().name()});
        if let (true, Some(fields)) = (is_over, content.as_object_mut()) {
            fields.insert("close_reason".to_owned(), json!(self.close_reason));
        }
        let source = (how != Departure::TimedOut).then(|| handle.clone());
        Some(self.event(kind, source, audience, content).about(handle))
    }

    /// Begins the farewell round.
    pub(super) fn begin_closing(&mut self, reason: &str, now: Timestamp) {
        self.phase = Phase::Closing;
        self.close_reason = Some(reason.to_owned());
        self.closing_until = Some(now.plus_ms(CLOSING_MS));
        self.last_at = now;
        self.free_floor();
    }

    /// Ends it. A reason given when the farewell round began stays.
    pub(super) fn close(&mut self, reason: &str, now: Timestamp) {
        self.phase = Phase::Closed;
        self.close_reason.get_or_insert_with(|| reason.to_owned());
        self.closing_until = None;
        self.last_at = now;
        self.free_floor();
        for member in &mut self.members {
            if matches!(member.phase, MemberPhase::Invited | MemberPhase::Joining) {
                (member.phase, member.since) = (MemberPhase::TimedOut, now);
            }
        }
    }

    fn free_floor(&mut self) {
        (self.floor, self.next_speaker, self.pause_until) = (None, None, None);
    }

    fn join(&mut self, agent: AgentId, handle: Handle, now: Timestamp) -> Event {
        self.set_phase(agent, MemberPhase::Participating, now);
        let kind = if self.phase == Phase::Proposed {
            self.phase = Phase::Open;
            self.last_at = now;
            EventKind::ConversationOpened
        } else {
            EventKind::ConversationMemberJoined
        };
        let taking_part: Vec<&Handle> = self.participants().map(|member| &member.handle).collect();
        let content = json!({"member": handle, "member_phase": MemberPhase::Participating.name(), "members": taking_part});
        self.event(kind, Some(handle), self.current_handles(), content)
    }

    fn proposal(&self, source: Handle, invited: Option<Handle>) -> Event {
        let members = self.current_handles();
        let content =
            json!({"topic": self.topic, "initiator": self.initiator, "members": members, "invited": invited});
        let event = self.event(EventKind::ConversationProposed, Some(source), members, content);
        Event {
            target: invited,
            ..event
        }
    }

    fn check_joinable(&self) -> Result<(), Refusal> {
        match self.phase {
            Phase::Proposed | Phase::Open => Ok(()),
            Phase::Closing => Err(Obstacle::Closing.refusal()),
            Phase::Closed => Err(Obstacle::Closed.refusal()),
        }
    }

    /// Makes room in the list: the one that went longest ago without having taken part is forgotten.
    fn forget_an_absentee(&mut self) -> Result<(), Refusal> {
        let absent = |member: &&Member| matches!(member.phase, MemberPhase::Declined | MemberPhase::TimedOut);
        let oldest = self
            .members
            .iter()
            .filter(absent)
            .min_by_key(|member| member.since)
            .map(|member| member.agent);
        let oldest = oldest.ok_or_else(|| Obstacle::Full.refusal())?;
        self.members.retain(|member| member.agent != oldest);
        Ok(())
    }

    fn set_phase(&mut self, agent: AgentId, phase: MemberPhase, now: Timestamp) {
        if let Some(member) = self.member_mut(agent) {
            (member.phase, member.since) = (phase, now);
        }
    }
}

fn new_member(profile: &Profile, phase: MemberPhase, now: Timestamp) -> Member {
    let (agent, handle) = (profile.id, profile.handle.clone());
    Member {
        agent,
        handle,
        phase,
        since: now,
        spoke_at: None,
        has_said_farewell: false,
    }
}
