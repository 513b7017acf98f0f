//! The scripted brain: rules and phrases. Answers first, then greets, then goes on with what it had in mind.

pub mod cue;
pub mod errand;
pub mod grammar;
mod hear;
pub mod memory;
pub mod phrases;
mod plan;
pub mod route;
mod speak;
mod talk;
#[cfg(test)]
pub(crate) mod tests;
pub mod topics;

use super::{Dice, Intent, Perception, Persona, Thought};
use crate::base::time::Timestamp;
use crate::domain::refusal::Code;
use crate::domain::space::Vec3;
use memory::Memory;
use plan::Plan;
use serde_json::json;
use talk::Talk;

/// Most intents of one thought.
pub const INTENTS_MAX: usize = 4;
/// After this long on one spot a brain wants to walk, whatever it does. Units: milliseconds.
const RESTLESS_MS: i64 = 60_000;
/// Whoever moved less than this stood. Units: metres.
const STOOD_M: f64 = 1.0;

/// A brain of rules and phrases.
pub struct Scripted {
    persona: Persona,
    dice: Dice,
    memory: Memory,
    plan: Plan,
    talk: Option<Talk>,
    region: String,
    stood: Option<(Vec3, Timestamp)>,
    spoke_at: Option<Timestamp>,
    wish: Option<errand::Goal>,
    /// What this thought wants done so far.
    intents: Vec<Intent>,
    /// When this thought began.
    now: Timestamp,
}

impl Scripted {
    /// A brain for a persona.
    pub fn new(persona: Persona, dice: Dice) -> Self {
        Self {
            persona,
            dice,
            memory: Memory::default(),
            plan: Plan::Nothing,
            talk: None,
            region: String::new(),
            stood: None,
            spoke_at: None,
            wish: None,
            intents: Vec::new(),
            now: Timestamp(0),
        }
    }

    /// Decides what to do next.
    pub fn think(&mut self, around: &Perception<'_>) -> Thought {
        self.orient(around);
        self.hear(around);
        if self.is_restless(around.now) {
            self.break_off(around);
        }
        self.look_after_talk(around);
        if self.talk.is_none() {
            self.meet(around);
        }
        if self.talk.is_none() {
            self.repay(around);
            self.pursue(around);
        }
        let mut intents = std::mem::take(&mut self.intents);
        intents.truncate(INTENTS_MAX);
        Thought {
            intents,
            wake_in_ms: self.plan.next_in_ms(around.now).filter(|_| self.talk.is_none()),
        }
    }

    /// Learns that an intent was refused: what depended on it is given up.
    pub fn refused(&mut self, intent: &Intent, code: Code) {
        if matches!(intent.action, "move_to" | "follow" | "use_object" | "teleport")
            && code != Code::RateLimited
        {
            self.plan = Plan::Nothing;
        } else if intent.action == "move_to" {
            self.plan.interrupt();
        }
    }

    /// Notes where it is and for how long.
    fn orient(&mut self, around: &Perception<'_>) {
        self.now = around.now;
        if self.region != around.region.name {
            self.region.clone_from(&around.region.name);
            (self.plan, self.talk, self.stood) = (Plan::Nothing, None, None);
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

    /// Pays back what is due.
    fn repay(&mut self, around: &Perception<'_>) {
        let Some((handle, owed_minor)) = self.memory.creditor(around.now) else {
            return;
        };
        let person = self.memory.person(&handle, around.now);
        (person.owed_minor, person.repay_at) = (0, None);
        if around.balance_minor.is_some_and(|balance| balance >= owed_minor) {
            self.want(
                "pay",
                json!({"to": handle, "amount": owed_minor, "note": "paid back, thank you"}),
            );
        }
    }
}
