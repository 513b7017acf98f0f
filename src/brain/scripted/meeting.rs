//! Meeting somebody: a greeting, a few steps nearer; or joining others who talk.

use super::plan::Plan;
use super::speak::{call_once, join};
use super::talk::Open;
use super::walk::OFF_TO_BED;
use super::{Scripted, phrases};
use crate::base::time::Timestamp;
use crate::brain::{Neighbour, Perception, Persona};
use crate::domain::agent::Handle;
use crate::domain::space::centimetres;
use serde_json::json;

/// From this far people greet. Units: metres.
const GREET_M: f64 = 9.0;
/// People stand so near when they talk. Units: metres.
const TALK_M: f64 = 2.0;
/// Nobody is greeted again within this time; they may be talked to without. Units: milliseconds.
const GREET_AGAIN_MS: i64 = 300_000;
/// Between two talks of the same two. Units: milliseconds.
const TALK_AGAIN_MS: i64 = 110_000;
/// As above, late in the evening and at night, when few are up and time is long. Units: milliseconds.
const TALK_AGAIN_LATE_MS: i64 = 25_000;
/// Between two lines of one speaker. Units: milliseconds.
const BREATH_MS: i64 = 2_500;

impl Scripted {
    /// Whether somebody may be talked to: awake, not off to bed, not in the middle of a talk, and not talked to just now.
    pub(super) fn may_meet(&self, other: &Neighbour, now: Timestamp) -> bool {
        let is_busy = other.is_asleep() || other.status == OFF_TO_BED || other.status.starts_with("talking");
        let known = self.memory.knows(&other.handle);
        let again_ms = if self.is_late {
            TALK_AGAIN_LATE_MS
        } else {
            TALK_AGAIN_MS
        };
        let is_old = |at: Option<Timestamp>| at.is_none_or(|at| now.since_ms(at) > again_ms);
        !is_busy && known.is_none_or(|known| is_old(known.greeted_at) && is_old(known.parted_at))
    }

    /// Greets somebody near, perhaps; or joins others who talk.
    pub(super) fn meet(&mut self, around: &Perception<'_>) {
        let now = around.now;
        let is_breathless = self.spoke_at.is_some_and(|at| now.since_ms(at) < BREATH_MS);
        if is_breathless || self.is_restless(now) || self.is_bedtime {
            return;
        }
        let alone_ms = now.since_ms(self.company_at);
        let eagerness = if alone_ms > 60_000 || self.is_late {
            self.persona.talkative / 2 + 45
        } else {
            self.persona.talkative / 3
        };
        let near = |other: &&Neighbour| other.distance_m <= GREET_M;
        let may_meet = |other: &&Neighbour| self.may_meet(other, now);
        if let Some(other) = around.agents.iter().take_while(near).find(may_meet) {
            if self.dice.chance(eagerness) {
                self.greet(other, around);
            }
            return;
        }
        let talkers = around.agents.iter().take_while(near);
        let talker = talkers
            .filter(|other| other.status.starts_with("talking"))
            .find(|other| self.parted_ms(&other.handle, now) > TALK_AGAIN_MS);
        if let Some(other) = talker
            && alone_ms > 25_000
            && self.dice.chance(eagerness / 3)
        {
            let line = self.line_to(&other.name, phrases::JOINING, around);
            self.begin_talk(&other.handle, &other.name, false, now);
            self.approach(other, around);
            self.say(line);
        }
    }

    /// How long ago a talk with somebody ended. Units: milliseconds.
    fn parted_ms(&self, handle: &Handle, now: Timestamp) -> i64 {
        let known = self.memory.knows(handle).and_then(|known| known.parted_at);
        known.map_or(i64::MAX, |at| now.since_ms(at))
    }

    fn greet(&mut self, other: &Neighbour, around: &Perception<'_>) {
        let now = around.now;
        let known = self.memory.knows(&other.handle);
        let is_new = known.is_none_or(|known| known.talks == 0 && known.greeted_at.is_none())
            && !Persona::is_handle(other.handle.as_str());
        let is_again = known
            .and_then(|known| known.parted_at)
            .is_some_and(|at| now.since_ms(at) < GREET_AGAIN_MS);
        let gaps = self.gaps(&other.name, around);
        let phrases = match (is_new, is_again) {
            (true, _) => phrases::MEET,
            (false, true) => phrases::AGAIN,
            (false, false) => phrases::GREET,
        };
        if is_new {
            let fact = self.line(phrases::ARRIVED, &gaps);
            self.memory.note_fact(&fact, now);
        }
        let mut line = self.line(phrases, &gaps);
        self.memory.person(&other.handle, now).greeted_at = Some(now);
        self.begin_talk(&other.handle, &other.name, true, now);
        if line.contains('?') {
            self.set_open(Open::Mood);
        }
        if is_again {
            let (open, part) = self.opening(&other.name, around);
            join(&mut line, &part);
            call_once(&mut line, Persona::call_name(&other.name));
            self.set_open(open);
        }
        self.approach(other, around);
        if self.dice.chance(30)
            && let Some(gesture) = self.dice.pick(phrases::GESTURES).copied()
        {
            self.want("emote", json!({"action": gesture}));
        }
        self.say(line);
    }

    /// Goes nearer, or stands still.
    pub(super) fn approach(&mut self, other: &Neighbour, around: &Perception<'_>) {
        let is_seated = matches!(self.plan, Plan::Stay { then: Some(_), .. });
        if is_seated || other.distance_m <= TALK_M + 1.0 {
            return self.halt();
        }
        self.plan.interrupt();
        let fraction = TALK_M / other.distance_m;
        let to = other.at.towards(around.me.at, fraction);
        self.want("move_to", json!({"x": centimetres(to.x), "y": centimetres(to.y)}));
    }
}
