//! Having arrived: staying a while, using things, going to bed.

use super::goal::Goal;
use super::plan::{Plan, Then};
use super::schedule::Part;
use super::{Scripted, phrases};
use crate::brain::{HeardKind, Perception};
use crate::domain::object::ObjectKind;
use serde_json::json;

/// Whoever is nearer hears a remark well. Units: metres.
const EARSHOT_M: f64 = 18.0;
/// Between two looks around of a sleeper. Units: milliseconds.
pub(super) const NAP_MS: i64 = 15_000;
/// A sleeper mumbles no more often than this. Units: milliseconds.
const MUMBLE_MS: i64 = 20_000;

impl Scripted {
    /// Stays where it is for so long, then does something with a thing.
    pub(super) fn stay(&mut self, seconds: i64, then: Option<(String, Then)>, around: &Perception<'_>) {
        self.plan = Plan::Stay {
            until: around.now.plus_ms(seconds * 1_000),
            then,
        };
    }

    /// Is where it wanted to be.
    pub(super) fn arrive(&mut self, goal: Goal, around: &Perception<'_>) {
        match goal {
            Goal::Place(name) => {
                let seconds = self.dice.whole(3, 11);
                self.stay(seconds, None, around);
                if name == self.persona.work.1 && self.part(around) == Part::Work && self.dice.chance(50) {
                    let status = self.line_to("", phrases::WORKING, around);
                    self.show(&status.to_lowercase());
                }
                self.express(around);
            }
            Goal::Bed(_) if self.is_bedtime => {
                if around
                    .agents
                    .iter()
                    .any(|other| other.distance_m < EARSHOT_M && !other.is_asleep())
                {
                    let line = self.line_to("", phrases::GOOD_NIGHT, around);
                    self.say(line);
                }
                self.lie_down();
            }
            Goal::Thing(id, _, kind) => self.use_thing(id, kind, around),
            Goal::Person(..) | Goal::Region(..) | Goal::Bed(_) => self.stay(2, None, around),
        }
    }

    fn use_thing(&mut self, id: String, kind: ObjectKind, around: &Perception<'_>) {
        let mut seconds = self.dice.whole(5, 10);
        let (action, then) = match kind {
            ObjectKind::Bench => {
                seconds = self.dice.whole(12, 34);
                ("sit", Some((id.clone(), Then::Stand)))
            }
            ObjectKind::MarketStall => ("browse", Some((id.clone(), Then::Buy))),
            ObjectKind::Fountain if self.dice.chance(30) => ("make_wish", None),
            ObjectKind::Fountain => ("drink", None),
            ObjectKind::NoticeBoard if self.dice.chance(10) => {
                let text = self.line_to("", phrases::NOTES, around);
                self.want(
                    "use_object",
                    json!({"object_id": id, "action": "post", "text": text}),
                );
                return self.stay(seconds, None, around);
            }
            ObjectKind::NoticeBoard => ("read", None),
        };
        self.want("use_object", json!({"object_id": id, "action": action}));
        // Sitting shows a status of its own.
        self.shown.clear();
        self.stay(seconds, then, around);
    }

    /// The stay is over.
    pub(super) fn finish_stay(&mut self, then: Option<(String, Then)>, around: &Perception<'_>) {
        match then {
            None => self.set_out(around),
            Some((id, Then::Stand)) => {
                self.want("use_object", json!({"object_id": id, "action": "stand"}));
                self.shown.clear();
                self.set_out(around);
            }
            Some((id, Then::Buy)) => {
                self.shop(&id, around);
                self.stay(3, None, around);
            }
        }
    }

    /// On arrival: a gesture, or a remark when somebody may hear it.
    fn express(&mut self, around: &Perception<'_>) {
        let is_heard = around
            .agents
            .iter()
            .any(|other| other.distance_m < EARSHOT_M && !other.is_asleep());
        if self.dice.chance(20)
            && let Some(mood) = self.dice.pick(phrases::MOODS).copied()
        {
            self.want("emote", json!({"action": mood}));
        }
        let percent = if is_heard { self.persona.talkative / 2 } else { 10 };
        if self.dice.chance(percent) {
            let own = self.persona.says.clone();
            let phrases = match self.dice.weighted(&[5, 3, 4]) {
                0 => phrases::REMARK,
                1 => phrases::MUSE,
                _ => own.as_slice(),
            };
            let line = self.line_to("", phrases, around);
            self.say(line);
        }
    }

    /// Goes to sleep.
    pub(super) fn lie_down(&mut self) {
        self.is_asleep = true;
        (self.plan, self.wish, self.parcel) = (Plan::Nothing, None, None);
        self.show("asleep");
    }

    /// Sleeps on, mumbles when called, and gets up when it is time.
    pub(super) fn sleep_on(&mut self, around: &Perception<'_>) {
        if !self.is_bedtime {
            self.is_asleep = false;
            self.company_at = around.now;
            self.show("just up");
            self.want("emote", json!({"action": "stretch"}));
            let line = self.line_to("", phrases::GOOD_MORNING, around);
            return self.say(line);
        }
        // Once more, in case it was not heard of.
        self.show("asleep");
        let is_called = around.heard.iter().any(|heard| match &heard.kind {
            HeardKind::Speech(text) => self.is_called(text, around),
            HeardKind::Whisper(_) | HeardKind::Prompt(_) => true,
            HeardKind::Payment { .. } => false,
        });
        if is_called && self.spoke_at.is_none_or(|at| around.now.since_ms(at) > MUMBLE_MS) {
            let line = self.line_to("", phrases::MUMBLE, around);
            self.say(line);
        }
    }
}
