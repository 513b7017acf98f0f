//! Talks of two: begun by a greeting, a handful of lines, ended by a farewell. Always bounded.

use super::Scripted;
use super::phrases;
use crate::base::time::Timestamp;
use crate::brain::{Neighbour, Perception, Persona};
use crate::domain::agent::Handle;
use crate::domain::space::centimetres;
use serde_json::json;

/// From this far people greet. Units: metres.
const GREET_M: f64 = 9.0;
/// People stand so near when they talk. Units: metres.
const TALK_M: f64 = 2.0;
/// Nobody is greeted again within this time. Units: milliseconds.
const GREET_AGAIN_MS: i64 = 240_000;
/// How long a partner may be silent. Units: milliseconds.
const SILENCE_MS: i64 = 11_000;
/// How long a talk lasts at most. Units: milliseconds.
const TALK_MAX_MS: i64 = 50_000;
/// Between two lines of one speaker. Units: milliseconds.
const BREATH_MS: i64 = 2_000;

/// A talk with somebody.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) partner: Handle,
    pub(super) name: String,
    /// Lines that are left to say after the greeting, the farewell included.
    pub(super) lines_left: u32,
    pub(super) began_at: Timestamp,
    /// The last line of either.
    pub(super) last_at: Timestamp,
    pub(super) is_greeter: bool,
    pub(super) is_over: bool,
    /// Topics asked about already.
    pub(super) asked: Vec<&'static str>,
}

impl Scripted {
    /// Whether somebody may be greeted: not lately, and not in the middle of a talk.
    pub(super) fn may_greet(&self, other: &Neighbour, now: Timestamp) -> bool {
        let is_busy = other.status.starts_with("talking");
        let known = self.memory.knows(&other.handle);
        let is_old = |at: Option<Timestamp>| at.is_none_or(|at| now.since_ms(at) > GREET_AGAIN_MS);
        !is_busy && known.is_none_or(|known| is_old(known.greeted_at) && is_old(known.parted_at))
    }

    /// Greets somebody near, perhaps.
    pub(super) fn meet(&mut self, around: &Perception<'_>) {
        let now = around.now;
        let is_breathless = self.spoke_at.is_some_and(|at| now.since_ms(at) < BREATH_MS);
        if is_breathless || self.is_restless(now) {
            return;
        }
        let near = around
            .agents
            .iter()
            .find(|other| other.distance_m <= GREET_M && self.may_greet(other, now));
        let Some(other) = near.filter(|_| self.dice.chance(self.persona.talkative / 2 + 15)) else {
            return;
        };
        let line = self.line(phrases::GREET, &self.gaps(&other.name, around));
        self.memory.person(&other.handle, now).greeted_at = Some(now);
        self.begin_talk(&other.handle, &other.name, true, now);
        self.approach(other, around);
        if self.dice.chance(35)
            && let Some(gesture) = self.dice.pick(phrases::GESTURES).copied()
        {
            self.want("emote", json!({"action": gesture}));
        }
        self.say(line, now);
    }

    /// Goes nearer, or stands still.
    fn approach(&mut self, other: &Neighbour, around: &Perception<'_>) {
        let is_seated = matches!(self.plan, super::Plan::Stay { then: Some(_), .. });
        if is_seated || other.distance_m <= TALK_M + 1.0 {
            return self.halt();
        }
        self.plan.interrupt();
        let fraction = TALK_M / other.distance_m;
        let to = other.at.towards(around.me.at, fraction);
        self.want("move_to", json!({"x": centimetres(to.x), "y": centimetres(to.y)}));
    }

    /// Begins a talk.
    pub(super) fn begin_talk(&mut self, partner: &Handle, name: &str, is_greeter: bool, now: Timestamp) {
        let lines = if Persona::is_handle(partner.as_str()) {
            self.dice.whole(2, 3)
        } else {
            6
        };
        let lines_left = u32::try_from(lines).unwrap_or(2);
        self.talk = Some(Talk {
            partner: partner.clone(),
            name: name.to_owned(),
            lines_left,
            began_at: now,
            last_at: now,
            is_greeter,
            is_over: false,
            asked: Vec::new(),
        });
        if self.dice.chance(50) {
            let status = format!("talking with {}", Persona::call_name(name));
            self.want(
                "set_status",
                json!({"status": status.chars().take(60).collect::<String>()}),
            );
        }
    }

    /// Ends the talk without another word.
    pub(super) fn end_talk(&mut self, now: Timestamp) {
        let Some(talk) = self.talk.take() else { return };
        let person = self.memory.person(&talk.partner, now);
        person.parted_at = Some(now);
        person.talks = person.talks.saturating_add(1);
        self.want("set_status", json!({"status": "strolling"}));
    }

    /// Says farewell for want of time.
    pub(super) fn break_off(&mut self, around: &Perception<'_>) {
        if let Some(talk) = self.talk.as_ref().filter(|talk| !talk.is_over) {
            let line = self.line(phrases::FAREWELL, &self.gaps(&talk.name, around));
            self.say(line, around.now);
        }
        self.end_talk(around.now);
        if !matches!(self.plan, super::Plan::Walk(_)) {
            self.plan = super::Plan::Nothing;
        }
    }

    /// Ends talks that are over, silent, too long, or whose partner is out of earshot.
    pub(super) fn look_after_talk(&mut self, around: &Perception<'_>) {
        let now = around.now;
        let Some(talk) = &self.talk else { return };
        let silence_ms = if talk.is_over { 4_500 } else { SILENCE_MS };
        let is_near = around
            .agents
            .iter()
            .any(|other| other.handle == talk.partner && other.distance_m < 20.0);
        if !is_near || now.since_ms(talk.last_at) > silence_ms {
            self.end_talk(now);
        } else if now.since_ms(talk.began_at) > TALK_MAX_MS {
            self.break_off(around);
        }
    }
}
