//! What time does to a conversation: invitations, leases, silence and length run out; the floor passes on. Pure.

use super::{Conversation, Departure, INVITE_MS, LENGTH_MS, MemberPhase, Phase, SILENCE_MS};
use crate::base::id::AgentId;
use crate::base::time::Timestamp;
use crate::domain::agent::Handle;
use crate::domain::event::{Event, EventKind};
use crate::domain::write::Write;
use serde_json::json;

/// Something that no agent asked for: to commit as the server's own, in order.
#[derive(Clone, Debug)]
pub struct Happening {
    /// The member that it is about, else one of the conversation; the commit's agent.
    pub agent: AgentId,
    /// Its handle.
    pub handle: Handle,
    /// What happened.
    pub event: Event,
    /// The conversation as it was right after it.
    pub writes: Vec<Write>,
}

impl Conversation {
    /// Does all that is due at `now`. Returns what happened, in order, each with the state after it; the state itself is that
    /// after the last. Afterwards `next_deadline` is later than `now`.
    pub fn on_time(&mut self, now: Timestamp, dice: u64) -> Vec<Happening> {
        let mut happenings = Vec::new();
        while let Some((agent, event)) = self.next_due(now, dice) {
            happenings.extend(self.happening(agent, event));
        }
        happenings
    }

    /// Lets those on their way take part who are near enough, given the distance of each from the nearest who takes part.
    /// To call each second while somebody is joining. Units: metres; none for one that is not in the region.
    pub fn on_positions(
        &mut self,
        distance_m: impl Fn(&Self, AgentId) -> Option<f64>,
        now: Timestamp,
    ) -> Vec<Happening> {
        let joining = self
            .members
            .iter()
            .filter(|member| member.phase == MemberPhase::Joining);
        let joining: Vec<AgentId> = joining.map(|member| member.agent).collect();
        let mut happenings = Vec::new();
        for agent in joining {
            let event = distance_m(self, agent).and_then(|distance_m| self.arrive(agent, distance_m, now));
            happenings.extend(event.and_then(|event| self.happening(Some(agent), event)));
        }
        happenings
    }

    /// When `on_time` has something to do again, possibly in the past; none once it is closed.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let pending = self.members.iter().filter_map(|member| match member.phase {
            MemberPhase::Invited | MemberPhase::Joining => Some(member.since.plus_ms(INVITE_MS)),
            MemberPhase::Participating
            | MemberPhase::Left
            | MemberPhase::Declined
            | MemberPhase::TimedOut => None,
        });
        let own = match self.phase {
            Phase::Closed => return None,
            Phase::Proposed => None,
            Phase::Closing if self.is_farewell_over() => Some(self.last_at),
            Phase::Closing => self.closing_until,
            Phase::Open => {
                let lease = self.floor.as_ref().map(|floor| floor.until);
                let grant = self
                    .next_speaker
                    .and(Some(self.pause_until.unwrap_or(self.last_at)));
                [lease, grant, Some(self.silent_at()), Some(self.long_at())]
                    .into_iter()
                    .flatten()
                    .min()
            }
        };
        pending.chain(own).min()
    }

    /// Does the one thing that is due first, if any. Each step removes its own cause, so the steps come to an end.
    fn next_due(&mut self, now: Timestamp, dice: u64) -> Option<(Option<AgentId>, Event)> {
        if let Some(late) = self.late_member(now) {
            return self
                .depart(late, Departure::TimedOut, now, dice)
                .map(|event| (Some(late), event));
        }
        match self.phase {
            Phase::Proposed | Phase::Closed => None,
            Phase::Closing => {
                let is_due = self.is_farewell_over() || self.closing_until.is_none_or(|until| until <= now);
                is_due.then(|| (None, self.close_on_time("limit", now)))
            }
            Phase::Open => self.next_due_open(now),
        }
    }

    fn next_due_open(&mut self, now: Timestamp) -> Option<(Option<AgentId>, Event)> {
        if let Some(floor) = self.floor.take_if(|floor| floor.until <= now) {
            // A turn that lapsed is not passed on: whoever has something to say takes the floor.
            let handle = self.member(floor.holder)?.handle.clone();
            let content = json!({"holder": handle, "reason": "timeout"});
            let event = self.event(
                EventKind::ConversationFloorReleased,
                None,
                self.current_handles(),
                content,
            );
            return Some((Some(floor.holder), event.about(handle)));
        }
        if self.long_at() <= now {
            self.begin_closing("limit", now);
            let content = json!({"close_reason": self.close_reason, "until": self.closing_until});
            return Some((
                None,
                self.event(
                    EventKind::ConversationClosing,
                    None,
                    self.current_handles(),
                    content,
                ),
            ));
        }
        if self.silent_at() <= now {
            return Some((None, self.close_on_time("silence", now)));
        }
        let next = self
            .next_speaker
            .filter(|_| self.pause_until.is_none_or(|until| until <= now))?;
        let handle = self.member(next)?.handle.clone();
        self.grant(next, now);
        let content = json!({"holder": handle, "until": self.floor.as_ref().map(|floor| floor.until)});
        let event = self.event(
            EventKind::ConversationFloorTaken,
            None,
            self.current_handles(),
            content,
        );
        Some((Some(next), event.about(handle)))
    }

    fn close_on_time(&mut self, reason: &str, now: Timestamp) -> Event {
        let audience = self.current_handles();
        self.close(reason, now);
        self.event(
            EventKind::ConversationClosed,
            None,
            audience,
            json!({"close_reason": self.close_reason}),
        )
    }

    fn late_member(&self, now: Timestamp) -> Option<AgentId> {
        if self.phase == Phase::Closed {
            return None;
        }
        let is_pending = |phase| matches!(phase, MemberPhase::Invited | MemberPhase::Joining);
        let late = self
            .members
            .iter()
            .find(|member| is_pending(member.phase) && member.since.plus_ms(INVITE_MS) <= now);
        late.map(|member| member.agent)
    }

    fn is_farewell_over(&self) -> bool {
        self.participants().all(|member| member.has_said_farewell)
    }

    /// When the silence has lasted too long. A lease in force is no silence: its holder is at work on a line.
    fn silent_at(&self) -> Timestamp {
        let silent = self.last_at.plus_ms(SILENCE_MS);
        self.floor
            .as_ref()
            .map_or(silent, |floor| silent.max(floor.until))
    }

    fn long_at(&self) -> Timestamp {
        self.opened_at.plus_ms(LENGTH_MS)
    }

    fn happening(&self, about: Option<AgentId>, event: Event) -> Option<Happening> {
        let member = about
            .and_then(|agent| self.member(agent))
            .or(self.members.first())?;
        let writes = vec![Write::Conversation(Box::new(self.clone()))];
        Some(Happening {
            agent: member.agent,
            handle: member.handle.clone(),
            event,
            writes,
        })
    }
}
