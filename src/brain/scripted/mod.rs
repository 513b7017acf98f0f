//! The scripted mind: rules and phrases. Answers first, then greets, then goes on with what it had in mind.

mod attend;
mod concern;
mod cue;
mod directions;
mod errand;
mod goal;
pub mod grammar;
mod lines;
mod meeting;
mod memory;
mod opening;
mod parcel;
mod pattern;
mod performance;
pub mod phrases;
mod plan;
mod recall;
mod reply;
pub mod route;
pub mod schedule;
mod speak;
mod spoken;
mod stall;
mod stay;
mod suggestion;
mod talk;
#[cfg(test)]
pub(crate) mod tests;
mod trade;
mod turn;
mod wage;
mod walk;
mod words;

use self::schedule::Part;
use super::{Dice, INTENTS_MAX, Intent, Mind, Perception, Persona, Thinking, Thought};
use crate::base::time::Timestamp;
use crate::domain::refusal::Code;
use crate::domain::space::Vec3;
use goal::Goal;
use memory::Memory;
use parcel::Parcel;
use plan::Plan;
use serde_json::json;
use talk::Talk;
use trade::Deal;

/// After this long on one spot a mind wants to walk, whatever it does. Units: milliseconds.
const RESTLESS_MS: i64 = 60_000;
/// Whoever moved less than this stood. Units: metres.
const STOOD_M: f64 = 1.0;
/// When somebody in a talk thinks again. Units: milliseconds.
const TALKING_MS: i64 = 1_900;
/// How long one walks before one looks around again. Units: milliseconds.
const WALKING_MS: i64 = 2_500;

/// A mind of rules and phrases.
pub struct Scripted {
    persona: Persona,
    dice: Dice,
    memory: Memory,
    plan: Plan,
    talk: Option<Talk>,
    deal: Option<Deal>,
    parcel: Option<Parcel>,
    wish: Option<Goal>,
    region: String,
    /// When it came to the region.
    came_at: Timestamp,
    stood: Option<(Vec3, Timestamp)>,
    spoke_at: Option<Timestamp>,
    /// When it last was in company.
    company_at: Timestamp,
    ate_at: Timestamp,
    appetite_ms: i64,
    performs_at: Timestamp,
    is_asleep: bool,
    /// Whether it is evening or night: talks are longer then.
    is_late: bool,
    /// Whether it should be in bed: nothing is begun, and talks with other inhabitants are short.
    is_bedtime: bool,
    /// The status that it shows, as far as it set one.
    shown: String,
    /// What this thought wants done so far.
    intents: Vec<Intent>,
    /// When this thought began.
    now: Timestamp,
    /// How long it still listens to what it answers. Units: milliseconds.
    listening_ms: i64,
}

impl Mind for Scripted {
    fn think<'a>(&'a mut self, around: &'a Perception<'a>) -> Thinking<'a> {
        let thought = self.decide(around);
        Box::pin(std::future::ready(thought))
    }

    fn refused(&mut self, intent: &Intent, code: Code) {
        if code.is_temporary() {
            self.give_up(intent);
        } else if matches!(intent.action, "move_to" | "follow" | "use_object" | "teleport") {
            self.plan = Plan::Nothing;
        }
    }
}

impl Scripted {
    /// A mind for a persona.
    pub fn new(persona: Persona, dice: Dice) -> Self {
        Self {
            persona,
            dice,
            memory: Memory::default(),
            plan: Plan::Nothing,
            talk: None,
            deal: None,
            parcel: None,
            wish: None,
            region: String::new(),
            came_at: Timestamp(0),
            stood: None,
            spoke_at: None,
            company_at: Timestamp(0),
            ate_at: Timestamp(0),
            appetite_ms: 0,
            performs_at: Timestamp(0),
            is_asleep: false,
            is_late: false,
            is_bedtime: false,
            shown: String::new(),
            intents: Vec::new(),
            now: Timestamp(0),
            listening_ms: 0,
        }
    }

    /// Decides what to do next.
    pub fn decide(&mut self, around: &Perception<'_>) -> Thought {
        self.orient(around);
        self.look_around(around);
        if self.is_asleep {
            self.sleep_on(around);
        } else {
            self.live(around);
        }
        let mut intents = std::mem::take(&mut self.intents);
        for intent in intents.split_off(intents.len().min(INTENTS_MAX)) {
            self.give_up(&intent);
        }
        let wake_in_ms = if self.is_asleep {
            Some(stay::NAP_MS)
        } else if self.is_free() {
            // Who walks listens, too.
            self.plan.next_in_ms(around.now).map(|ms| ms.min(WALKING_MS))
        } else {
            Some(TALKING_MS)
        };
        Thought { intents, wake_in_ms }
    }

    fn live(&mut self, around: &Perception<'_>) {
        if !self.is_bedtime && self.shown == walk::OFF_TO_BED {
            // The night is over, and it never came to bed.
            self.show("strolling");
        }
        self.hear(around);
        self.look_after_deal(around);
        if self.is_restless(around.now) {
            self.break_off(around);
        }
        self.look_after_talk(around);
        if self.is_free() && !self.has_spoken() {
            self.hand_over(around);
        }
        if self.is_free() && !self.has_spoken() && !self.is_bedtime {
            self.order_near(around);
        }
        if self.is_free() && !self.has_spoken() {
            self.meet(around);
        }
        if self.is_free() {
            self.repay(around);
            self.pursue(around);
            if !self.has_spoken() {
                self.perform(around);
            }
        }
    }

    /// What was wanted is not done for now: it is wanted again later, where that matters.
    fn give_up(&mut self, intent: &Intent) {
        match intent.action {
            "set_status" => self.shown.clear(),
            "move_to" => {
                self.plan.interrupt();
            }
            "follow" | "use_object" | "teleport" => self.plan = Plan::Nothing,
            _ => {}
        }
    }

    /// Whether it is in no talk and no deal.
    fn is_free(&self) -> bool {
        self.talk.is_none() && self.deal.is_none()
    }

    /// Whether this thought says something already.
    fn has_spoken(&self) -> bool {
        self.intents
            .iter()
            .any(|intent| matches!(intent.action, "say" | "whisper"))
    }

    /// Notes where it is and for how long.
    fn orient(&mut self, around: &Perception<'_>) {
        if self.now == Timestamp(0) {
            // A mind begins as if it had just talked, and with some appetite.
            self.company_at = around.now;
            self.ate_at = around.now;
            self.appetite_ms = self.dice.whole(20_000, 150_000);
        }
        self.now = around.now;
        self.listening_ms = 0;
        self.is_late = !(6..20).contains(&around.sky.hour);
        self.is_bedtime = self.part(around) == Part::Sleep;
        if self.region != around.region.name {
            self.region.clone_from(&around.region.name);
            self.came_at = around.now;
            (self.plan, self.talk, self.deal, self.stood) = (Plan::Nothing, None, None, None);
        }
        let at = around.me.at;
        match self.stood {
            Some((spot, _)) if spot.distance(at) < STOOD_M => {}
            _ => self.stood = Some((at, around.now)),
        }
    }

    fn is_restless(&self, now: Timestamp) -> bool {
        self.stood
            .is_some_and(|(_, since)| now.since_ms(since) > RESTLESS_MS)
    }

    /// Adds an intent to this thought.
    fn want(&mut self, action: &'static str, params: serde_json::Value) {
        self.intents.push(Intent::new(action, params));
    }

    /// Stands still, if it walked.
    fn halt(&mut self) {
        if self.plan.interrupt() {
            self.want("stop", json!({}));
        }
    }
}
