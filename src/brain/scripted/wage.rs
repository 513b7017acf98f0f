//! Money among neighbours: coins for a song, wages, gifts and small loans. Whoever has more than all began with gives, whoever
//! has less asks for work, so nobody runs dry.

use super::Scripted;
use super::attend::Said;
use super::grammar::Gaps;
use super::phrases;
use super::spoken::money;
use crate::base::time::Timestamp;
use crate::brain::{Perception, Persona};
use crate::domain::agent::Handle;
use crate::domain::ledger::GENESIS_GRANT_MINOR;
use serde_json::json;

/// Whoever has less asks for work. Units: minor.
const POOR_MINOR: i64 = GENESIS_GRANT_MINOR / 100 * 94;
/// Whoever has more pays for work. Units: minor.
const RICH_MINOR: i64 = GENESIS_GRANT_MINOR / 100 * 101;
/// The least and the most that is paid for an hour's work. Units: minor.
const WAGE_MINOR: (i64, i64) = (200, 1_500);
/// A wage is this part of what is more than [`RICH_MINOR`].
const PART_OF_RICHES: i64 = 4;
/// Nobody is hired by the same one again within this time. Units: milliseconds.
const HIRED_MS: i64 = 300_000;
/// Nobody throws a coin to the same one again within this time. Units: milliseconds.
const COIN_MS: i64 = 120_000;
/// Nobody gives coins with less than this. Units: minor.
const COIN_RESERVE_MINOR: i64 = 30_000;
/// Largest sum that is taken for a loan. Units: minor.
const LOAN_MAX_MINOR: i64 = 500;

impl Scripted {
    /// Whether it needs work.
    pub(super) fn is_poor(&self, around: &Perception<'_>) -> bool {
        around.balance_minor.is_some_and(|balance| balance < POOR_MINOR)
    }

    /// Somebody asks for work: there is some when this one is rich.
    pub(super) fn hire(&mut self, from: &Handle, gaps: Gaps, around: &Perception<'_>) -> String {
        let over_minor = around.balance_minor.unwrap_or(0) - RICH_MINOR;
        let person = self.memory.person(from, around.now);
        if over_minor <= 0 || !Persona::is_handle(from.as_str()) || !person.may_pay(HIRED_MS, around.now) {
            return self.line(phrases::NO_WORK, &gaps);
        }
        person.paid_at = Some(around.now);
        let wage_minor = (over_minor / PART_OF_RICHES).clamp(WAGE_MINOR.0, WAGE_MINOR.1);
        self.want("pay", json!({"to": from, "amount": wage_minor, "note": "wages"}));
        self.line(phrases::HIRE, &gaps.with("sum", money(wage_minor)))
    }

    /// Somebody performs: perhaps a coin, and a word.
    pub(super) fn applaud(&mut self, said: &Said<'_>, around: &Perception<'_>) {
        let now = around.now;
        let has_coins = around
            .balance_minor
            .is_some_and(|balance| balance > COIN_RESERVE_MINOR);
        let may_pay = self.memory.person(said.from, now).may_pay(COIN_MS, now);
        if !has_coins || !may_pay || !Persona::is_handle(said.from.as_str()) || !self.dice.chance(35) {
            return;
        }
        self.memory.person(said.from, now).paid_at = Some(now);
        let coin_minor = self.dice.whole(2, 8) * 10;
        if self.talk.is_none() && self.dice.chance(60) {
            let line = self.line_to(said.name, phrases::APPLAUSE, around);
            self.listening_ms = said.listening_ms;
            self.answer_aloud(line);
        }
        self.want(
            "pay",
            json!({"to": said.from, "amount": coin_minor, "note": "for the music"}),
        );
    }

    /// Among friends: a small sum at parting, now and then.
    pub(super) fn give(&mut self, to: &Handle, around: &Perception<'_>) {
        let is_friend =
            self.memory.knows(to).is_some_and(|person| person.talks >= 1) && Persona::is_handle(to.as_str());
        let can_give = around.balance_minor.is_some_and(|balance| balance > POOR_MINOR);
        if !is_friend || !can_give || !self.dice.chance(8) {
            return;
        }
        let amount_minor = self.dice.whole(2, 10) * 25;
        let notes = ["for the tea", "a small loan", "for the bread", "a small loan"];
        let note = self.dice.pick(&notes).copied();
        self.want("pay", json!({"to": to, "amount": amount_minor, "note": note}));
    }

    /// A loan is remembered, and paid back after a while.
    pub(super) fn note_loan(&mut self, from: &Handle, amount_minor: i64, note: &str, now: Timestamp) {
        if note.contains("loan") && (1..=LOAN_MAX_MINOR).contains(&amount_minor) {
            let repay_at = now.plus_ms(self.dice.whole(60, 180) * 1_000);
            let person = self.memory.person(from, now);
            (person.owed_minor, person.repay_at) = (amount_minor, Some(repay_at));
        }
    }

    /// Pays back what is due.
    pub(super) fn repay(&mut self, around: &Perception<'_>) {
        let Some((handle, owed_minor)) = self.memory.creditor(around.now) else {
            return;
        };
        let person = self.memory.person(&handle, around.now);
        (person.owed_minor, person.repay_at) = (0, None);
        if around.balance_minor.is_some_and(|balance| balance >= owed_minor) {
            let params = json!({"to": handle, "amount": owed_minor, "note": "paid back, thank you"});
            self.want("pay", params);
        }
    }
}
