//! Letters and parcels: asked for, carried, delivered.

use super::Scripted;
use super::attend::Said;
use super::goal::Goal;
use super::grammar::Gaps;
use super::phrases;
use super::schedule::{self, Part};
use super::spoken::money;
use super::talk::Open;
use crate::base::time::Timestamp;
use crate::brain::{Perception, Persona};
use crate::domain::agent::Handle;
use serde_json::json;

/// How long something is carried before it is given up. Units: milliseconds.
const CARRY_MS: i64 = 400_000;
/// From this far it is handed over. Units: metres.
const HAND_M: f64 = 4.0;
/// What is carried.
const THINGS: [&str; 6] = [
    "a letter",
    "a small parcel",
    "a basket with a cloth over it",
    "a folded note",
    "a box tied with string",
    "a thick letter",
];

/// Something on its way.
#[derive(Debug)]
pub(super) struct Parcel {
    to: &'static Persona,
    from: String,
    what: &'static str,
    until: Timestamp,
}

impl Scripted {
    /// Something for somebody of this name to carry, when it can be paid; what is open with it and what to say.
    pub(super) fn errand_for(&mut self, name: &str, around: &Perception<'_>) -> Option<(Open, String)> {
        let to = self.friend_but(name)?;
        let wage_minor = self.dice.whole(6, 14) * 25;
        if self.is_poor(around) || schedule::part(to, Self::minute(around)) == Part::Sleep {
            return None;
        }
        let what = self.dice.pick(&THINGS).copied()?;
        let gaps = self.gaps(name, around).with("price", money(wage_minor));
        let gaps = gaps
            .with("friend", Persona::call_name(&to.name))
            .with("what", what);
        Some((Open::Errand(wage_minor, to), self.line(phrases::ERRAND, &gaps)))
    }

    /// Somebody wants something carried: yes, when the hands are free and whoever it is for is awake.
    pub(super) fn take_errand(
        &mut self,
        to: &'static Persona,
        from: &Handle,
        name: &str,
        mut gaps: Gaps,
        around: &Perception<'_>,
    ) -> String {
        gaps.set("friend", Persona::call_name(&to.name));
        let is_awake = schedule::part(to, Self::minute(around)) != Part::Sleep;
        let is_me = to.slug == self.persona.slug || from.as_str() == to.handle();
        if self.parcel.is_some() || !is_awake || is_me || self.dice.chance(20) {
            return self.line(phrases::DECLINE, &gaps);
        }
        self.parcel = Some(Parcel {
            to,
            from: Persona::call_name(name).to_owned(),
            what: self.dice.pick(&THINGS).copied().unwrap_or("a letter"),
            until: around.now.plus_ms(CARRY_MS),
        });
        self.line(phrases::ACCEPT, &gaps)
    }

    /// The errand was accepted, or not: pays for it, or lets it be.
    pub(super) fn pay_errand(
        &mut self,
        wage_minor: i64,
        to: &Persona,
        said: &Said<'_>,
        around: &Perception<'_>,
    ) -> Option<String> {
        if !said
            .words
            .phrase("gladly|consider it done|yes|of course|sure|with pleasure")
        {
            return None;
        }
        self.want(
            "pay",
            json!({"to": said.from, "amount": wage_minor, "note": "for the way"}),
        );
        let gaps = self.gaps(said.name, around).with("price", money(wage_minor));
        let gaps = gaps.with("friend", Persona::call_name(&to.name));
        Some(self.line(phrases::ERRAND_PAID, &gaps))
    }

    /// Whether there is something that does not wait.
    pub(super) fn is_due(&self, around: &Perception<'_>) -> bool {
        self.parcel.is_some() || self.is_hungry(around.now)
    }

    /// Where what is carried is to go.
    pub(super) fn delivery(&mut self, around: &Perception<'_>) -> Option<Goal> {
        let now = around.now;
        self.parcel.take_if(|parcel| now > parcel.until);
        let to = self.parcel.as_ref()?.to;
        let handle = to.handle();
        if let Some(other) = around.agents.iter().find(|other| other.handle.as_str() == handle) {
            return Some(Goal::Person(other.handle.clone(), other.name.clone()));
        }
        let (region, place) = schedule::spot(to, Self::minute(around));
        self.bound_for(region, place, around)
    }

    /// Hands over what is carried, to whom it is for.
    pub(super) fn hand_over(&mut self, around: &Perception<'_>) {
        let Some(to) = self.parcel.as_ref().map(|parcel| parcel.to.handle()) else {
            return;
        };
        let mut near = around
            .agents
            .iter()
            .take_while(|other| other.distance_m <= HAND_M);
        let Some(other) = near.find(|other| other.handle.as_str() == to && !other.is_asleep()) else {
            return;
        };
        let Some(parcel) = self.parcel.take() else { return };
        let gaps = self.gaps(&other.name, around);
        let gaps = gaps.with("friend", parcel.from).with("what", parcel.what);
        let line = self.line(phrases::DELIVER, &gaps);
        let gaps = gaps.with("friend", Persona::call_name(&other.name));
        let fact = self.line(phrases::CARRIED, &gaps);
        self.memory.note_fact(&fact, around.now);
        self.begin_talk(&other.handle, &other.name, false, around.now);
        self.halt();
        self.say(line);
    }

    /// Something was brought: thanks, and now and then a coin.
    pub(super) fn receive(&mut self, from: &Handle, gaps: &Gaps, around: &Perception<'_>) -> String {
        let is_neighbour = Persona::is_handle(from.as_str());
        if is_neighbour && !self.is_poor(around) && self.dice.chance(60) {
            self.want("pay", json!({"to": from, "amount": 50, "note": "for the way"}));
        }
        self.line(phrases::DELIVERED, gaps)
    }
}
