//! Buying and selling: a wish, a price, coins, thanks. A keeper is paid by an ordinary payment; at a stall without one the
//! goods are bought of the market.

use super::Scripted;
use super::attend::Said;
use super::cue::Cue;
use super::goal::Goal;
use super::phrases;
use super::reply::{call_of, keeper_of};
use super::schedule::{self, Part};
use super::spoken::money;
use crate::base::time::Timestamp;
use crate::brain::lore::{Shop, Ware, people, shop};
use crate::brain::{Neighbour, Perception, Persona};
use crate::domain::agent::Handle;
use crate::domain::object::ObjectKind;
use serde_json::json;

/// Between two meals. Units: milliseconds.
const APPETITE_MS: (i64, i64) = (120_000, 210_000);
/// As above, late in the evening and at night: whoever is up then likes something warm. Units: milliseconds.
const APPETITE_LATE_MS: (i64, i64) = (45_000, 90_000);
/// From this far one orders. Units: metres.
const COUNTER_M: f64 = 5.0;
/// How long a customer waits to be served. Units: milliseconds.
const SERVED_MS: i64 = 8_000;
/// Nobody spends more than this part of what there is on one thing.
const PART_OF_PURSE: i64 = 8;

/// A purchase under way.
#[derive(Debug)]
pub(super) struct Deal {
    keeper: Handle,
    name: String,
    ware: &'static Ware,
    since: Timestamp,
}

impl Scripted {
    /// Whether it is time to eat something.
    pub(super) fn is_hungry(&self, now: Timestamp) -> bool {
        now.since_ms(self.ate_at) > self.appetite_ms
    }

    /// Where to buy something: of a keeper in sight, else where one is at this hour, else at any stall.
    pub(super) fn food(&mut self, around: &Perception<'_>) -> Option<Goal> {
        if !self.is_hungry(around.now) {
            return None;
        }
        let mut in_sight = around.agents.iter().filter(|other| self.shop_of(other).is_some());
        if let Some(keeper) = in_sight.next() {
            return Some(Goal::Person(keeper.handle.clone(), keeper.name.clone()));
        }
        let minute = Self::minute(around);
        let is_open = |shop: &&Shop| {
            let keeper = people::named(shop.keeper).filter(|person| person.slug != self.persona.slug);
            keeper.is_some_and(|person| !matches!(schedule::part(person, minute), Part::Sleep | Part::Home))
        };
        let open: Vec<&Shop> = shop::shops().iter().filter(is_open).collect();
        let spots = open.iter().filter_map(|shop| people::named(shop.keeper));
        let spots: Vec<(&str, &str)> = spots.map(|person| schedule::spot(person, minute)).collect();
        let here: Vec<&(&str, &str)> = spots.iter().filter(|spot| spot.0 == around.region.name).collect();
        let spot = match self.dice.pick(&here) {
            Some(spot) => **spot,
            None if self.may_travel(around) => self.dice.pick(&spots).copied()?,
            None => return self.thing(around, ObjectKind::MarketStall),
        };
        self.bound_for(spot.0, spot.1, around)
    }

    /// The shop of somebody who may be bought from now.
    fn shop_of(&self, other: &Neighbour) -> Option<&'static Shop> {
        let slug = other.handle.as_str().strip_prefix("demo-")?;
        // The second Bram sells bread as well.
        let slug = slug.split('-').next().unwrap_or(slug);
        shop::kept_by(slug).filter(|_| !other.is_asleep())
    }

    /// Orders of a keeper who is near, when it is time to eat.
    pub(super) fn order_near(&mut self, around: &Perception<'_>) {
        if !self.is_hungry(around.now) || self.is_restless(around.now) {
            return;
        }
        let near = around
            .agents
            .iter()
            .take_while(|other| other.distance_m <= COUNTER_M);
        let mut near = near.filter_map(|other| Some((other, self.shop_of(other)?)));
        let Some((keeper, shop)) = near.next() else { return };
        let balance = around.balance_minor.unwrap_or(0);
        let affordable: Vec<&Ware> = shop
            .wares
            .iter()
            .filter(|ware| ware.price_minor.saturating_mul(PART_OF_PURSE) <= balance)
            .collect();
        let Some(ware) = self.dice.pick(&affordable).copied() else {
            return self.eat(around.now);
        };
        let gaps = self.gaps(&keeper.name, around).with("item", ware.name);
        let line = self.line(phrases::ORDER, &gaps);
        self.deal = Some(Deal {
            keeper: keeper.handle.clone(),
            name: keeper.name.clone(),
            ware,
            since: around.now,
        });
        self.approach(keeper, around);
        self.say(line);
    }

    /// Serves a customer, or pays the keeper who serves this one. Whether the words were about that.
    pub(super) fn deal_with(&mut self, cue: &Cue, said: &Said<'_>, around: &Perception<'_>) -> bool {
        if let Some(deal) = self.deal.take_if(|deal| deal.keeper == *said.from) {
            self.pay(&deal, phrases::PAYING, around);
            return true;
        }
        let Cue::Order(ware) = cue else { return false };
        let is_mine = keeper_of(ware.name).is_some_and(|shop| call_of(shop.keeper) == self.call());
        if !is_mine || said.is_private {
            return false;
        }
        let gaps = self.gaps(said.name, around);
        let gaps = gaps
            .with("item", ware.name)
            .with("price", money(ware.price_minor));
        let line = self.line(phrases::PRICE_TAG, &gaps);
        self.company_at = around.now;
        if !self.is_restless(around.now) {
            self.halt();
        }
        self.answer_aloud(line);
        true
    }

    /// Who is not served pays and goes.
    pub(super) fn look_after_deal(&mut self, around: &Perception<'_>) {
        let now = around.now;
        if let Some(deal) = self.deal.take_if(|deal| now.since_ms(deal.since) > SERVED_MS) {
            if around
                .agents
                .iter()
                .any(|other| other.handle == deal.keeper && other.distance_m < 20.0)
            {
                self.pay(&deal, phrases::LEFT_COINS, around);
            } else {
                self.eat(now);
            }
        }
    }

    fn pay(&mut self, deal: &Deal, phrases: &[&str], around: &Perception<'_>) {
        let gaps = self.gaps(&deal.name, around);
        let gaps = gaps
            .with("item", deal.ware.name)
            .with("price", money(deal.ware.price_minor));
        let line = self.line(phrases, &gaps);
        self.answer_aloud(line);
        self.want(
            "pay",
            json!({"to": deal.keeper, "amount": deal.ware.price_minor, "note": deal.ware.name}),
        );
        let gaps = gaps.with("friend", Persona::call_name(&deal.name));
        let fact = self.line(phrases::BOUGHT, &gaps);
        self.memory.note_fact(&fact, around.now);
        self.company_at = around.now;
        self.eat(around.now);
    }

    /// Is not hungry for a while.
    pub(super) fn eat(&mut self, now: Timestamp) {
        self.ate_at = now;
        let (least, most) = if self.is_late {
            APPETITE_LATE_MS
        } else {
            APPETITE_MS
        };
        self.appetite_ms = self.dice.whole(least, most);
    }

    /// What people call this one.
    pub(super) fn call(&self) -> &str {
        Persona::call_name(&self.persona.name)
    }
}
