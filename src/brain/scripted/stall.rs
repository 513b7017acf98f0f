//! At stalls without anybody behind them, and thanks for coins.

use super::spoken::{self, money};
use super::{Scripted, phrases, speak};
use crate::brain::Perception;
use crate::brain::lore::shop;
use crate::domain::agent::Handle;
use crate::domain::object::ItemKind;
use serde_json::json;

/// Money for the market does not come back, so only who has this much buys there. Units: minor.
const MARKET_RESERVE_MINOR: i64 = 60_000;

impl Scripted {
    /// At a stall without anybody behind it: buys something small of the market, or says why not.
    pub(super) fn shop(&mut self, stall: &str, around: &Perception<'_>) {
        const SMALL: [ItemKind; 3] = [ItemKind::Apple, ItemKind::Bread, ItemKind::Flower];
        let Some(item) = self.dice.pick(&SMALL).copied() else {
            return;
        };
        let can_pay = around
            .balance_minor
            .is_some_and(|balance| balance >= MARKET_RESERVE_MINOR);
        let buys = can_pay && (self.is_hungry(around.now) || self.dice.chance(25));
        if buys {
            self.want(
                "use_object",
                json!({"object_id": stall, "action": "buy", "item": item.name(), "quantity": 1}),
            );
        }
        self.eat(around.now);
        let gaps = self
            .gaps("", around)
            .with("item", spoken::one(item))
            .with("price", money(item.price_minor()));
        let line = self.line(if buys { phrases::STALL } else { phrases::BROWSE }, &gaps);
        self.say(line);
    }

    /// Money came: thanks for it, and what it was for is remembered.
    pub(super) fn thank(
        &mut self,
        from: &Handle,
        name: &str,
        amount_minor: i64,
        note: &str,
        around: &Perception<'_>,
    ) {
        let now = around.now;
        self.note_loan(from, amount_minor, note, now);
        if !self.memory.person(from, now).may_answer(now) {
            return;
        }
        let gaps = self.gaps(name, around).with("sum", money(amount_minor));
        let sold = shop::kept_by(&self.persona.slug)
            .and_then(|shop| shop.wares.iter().find(|ware| ware.name == note));
        if let Some(ware) = sold {
            let gaps = gaps.clone().with("item", ware.name);
            let fact = self.line(phrases::SOLD_TO, &gaps);
            self.memory.note_fact(&fact, now);
        }
        let line = self.line(
            if sold.is_some() {
                phrases::SOLD
            } else {
                phrases::THANK_PAYMENT
            },
            &gaps,
        );
        self.listening_ms = speak::THANKS_MS;
        if around
            .agents
            .iter()
            .any(|other| other.handle == *from && other.distance_m < 15.0)
        {
            self.answer_aloud(line);
        } else {
            self.whisper(from, line);
        }
    }
}
