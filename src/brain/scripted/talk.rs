//! Talks of two or three: begun by a greeting, a handful of lines, ended by a farewell. Always bounded.

use super::Scripted;
use super::phrases;
use super::plan::Plan;
use super::walk::OFF_TO_BED;
use crate::base::time::Timestamp;
use crate::brain::{Perception, Persona};
use crate::domain::agent::Handle;

/// How long a partner may be silent. Units: milliseconds.
const SILENCE_MS: i64 = 12_000;
/// How long everybody may be silent before somebody goes on. Units: milliseconds.
const LULL_MS: i64 = 6_500;
/// How long a talk lasts at most. Units: milliseconds.
const TALK_MAX_MS: i64 = 54_000;
/// Most others in a talk.
const OTHERS_MAX: usize = 2;
/// Whoever is nearer can be drawn into a talk. Units: metres.
const CIRCLE_M: f64 = 9.0;

/// Somebody else in a talk.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) handle: Handle,
    pub(super) name: String,
    pub(super) spoke_at: Timestamp,
}

/// What is open: it was said here and waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Open {
    /// Nothing.
    Nothing,
    /// A thread, by its number.
    Thread(usize),
    /// How are you.
    Mood,
    /// Where is somebody.
    Whereabouts,
    /// Something that happened.
    Told,
    /// Would you carry something to somebody, for so much. Units: minor.
    Errand(i64, &'static Persona),
    /// Is there any work.
    Work,
}

/// A talk.
#[derive(Debug)]
pub(super) struct Talk {
    /// The others; never nobody.
    pub(super) members: Vec<Member>,
    /// Lines that are left to say after the greeting, the farewell included.
    pub(super) lines_left: u32,
    pub(super) began_at: Timestamp,
    /// The last line of anybody.
    pub(super) last_at: Timestamp,
    /// Whether this agent said it.
    pub(super) is_last_mine: bool,
    pub(super) is_greeter: bool,
    pub(super) is_over: bool,
    pub(super) open: Open,
    /// Whether anybody was asked how they are.
    pub(super) is_mood_known: bool,
}

impl Talk {
    /// The member with this handle.
    pub(super) fn member(&self, handle: &Handle) -> Option<&Member> {
        self.members.iter().find(|member| member.handle == *handle)
    }

    /// Notes a line of somebody; who was not in the talk is from now on, if there is room.
    pub(super) fn note(&mut self, handle: &Handle, name: &str, now: Timestamp) {
        (self.last_at, self.is_last_mine) = (now, false);
        if let Some(member) = self.members.iter_mut().find(|member| member.handle == *handle) {
            member.spoke_at = now;
        } else {
            self.add(handle, name, now);
        }
    }

    /// Adds a member, if there is room.
    pub(super) fn add(&mut self, handle: &Handle, name: &str, now: Timestamp) {
        if self.members.len() < OTHERS_MAX && self.member(handle).is_none() {
            self.members.push(Member {
                handle: handle.clone(),
                name: name.to_owned(),
                spoke_at: now,
            });
        }
    }

    /// Whom to speak to next: who was silent for longest.
    pub(super) fn next(&self) -> Option<&Member> {
        self.members.iter().min_by_key(|member| member.spoke_at)
    }
}

impl Scripted {
    /// Begins a talk.
    pub(super) fn begin_talk(&mut self, partner: &Handle, name: &str, is_greeter: bool, now: Timestamp) {
        let lines = match (Persona::is_handle(partner.as_str()), self.is_late) {
            (true, _) if self.is_bedtime => 2,
            (true, false) => self.dice.whole(4, 7),
            (true, true) => self.dice.whole(7, 11),
            (false, _) => 8,
        };
        let mut talk = Talk {
            members: Vec::new(),
            lines_left: u32::try_from(lines).unwrap_or(3),
            began_at: now,
            last_at: now,
            is_last_mine: is_greeter,
            is_greeter,
            is_over: false,
            open: Open::Nothing,
            is_mood_known: false,
        };
        talk.add(partner, name, now);
        self.talk = Some(talk);
        self.company_at = now;
        let status = format!("talking with {}", Persona::call_name(name));
        self.show(&status);
    }

    /// Notes what was just opened here.
    pub(super) fn set_open(&mut self, open: Open) {
        if let Some(talk) = &mut self.talk {
            talk.open = open;
            talk.is_mood_known |= open == Open::Mood;
        }
    }

    /// Ends the talk without another word.
    pub(super) fn end_talk(&mut self, now: Timestamp) {
        let Some(talk) = self.talk.take() else { return };
        for member in talk.members {
            let person = self.memory.person(&member.handle, now);
            person.parted_at = Some(now);
            person.talks = person.talks.saturating_add(1);
        }
        self.show(if self.is_bedtime { OFF_TO_BED } else { "strolling" });
    }

    /// Says farewell for want of time.
    pub(super) fn break_off(&mut self, around: &Perception<'_>) {
        let partner = self.talk.as_ref().filter(|talk| !talk.is_over);
        if let Some(name) = partner
            .and_then(|talk| talk.next())
            .map(|member| member.name.clone())
        {
            let line = self.line_to(&name, phrases::FAREWELL, around);
            self.say(line);
        }
        self.end_talk(around.now);
        if !matches!(self.plan, Plan::Walk(_)) {
            self.plan = Plan::Nothing;
        }
    }

    /// Ends talks that are over, silent, too long, or whose partners are out of earshot; goes on after a lull.
    pub(super) fn look_after_talk(&mut self, around: &Perception<'_>) {
        let now = around.now;
        let Some(talk) = &mut self.talk else { return };
        let is_near = |member: &Member| {
            let mut others = around.agents.iter();
            others.any(|other| other.handle == member.handle && other.distance_m < 20.0)
        };
        talk.members.retain(is_near);
        let silence_ms = if talk.is_over { 4_500 } else { SILENCE_MS };
        let silent_ms = now.since_ms(talk.last_at);
        if talk.members.is_empty() || silent_ms > silence_ms {
            self.end_talk(now);
        } else if now.since_ms(talk.began_at) > TALK_MAX_MS {
            self.break_off(around);
        } else if silent_ms > LULL_MS && !talk.is_over && !talk.is_last_mine {
            self.go_on(around);
        }
    }

    /// Whether somebody is near enough to be drawn into a talk.
    pub(super) fn is_in_circle(handle: &Handle, around: &Perception<'_>) -> bool {
        let mut others = around.agents.iter();
        others.any(|other| other.handle == *handle && other.distance_m < CIRCLE_M && !other.is_asleep())
    }
}
