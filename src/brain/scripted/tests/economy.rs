//! Buying, wages, loans.

use super::{Alone, Heard, HeardKind, Intent, said, speech};
use crate::domain::agent::Handle;
use serde_json::json;

fn payment(from: &str, name: &str, amount_minor: i64, note: &str) -> Vec<Heard> {
    vec![Heard {
        from: Some(Handle::new(from).unwrap()),
        from_name: name.to_owned(),
        kind: HeardKind::Payment {
            amount_minor,
            note: note.to_owned(),
        },
        ago_ms: 0,
    }]
}

fn paid(intents: &[Intent]) -> Option<&Intent> {
    intents.iter().find(|intent| intent.action == "pay")
}

#[test]
fn a_hungry_one_orders_is_told_the_price_pays_and_is_thanked() {
    let (mut linus, mut bram) = (Alone::new("linus", 1), Alone::new("bram", 2));
    linus.visitor = ("demo-bram", "Bram Oakley");
    bram.visitor = ("demo-linus", "Linus Vale");
    linus.think(Vec::new());
    (linus.mind.appetite_ms, linus.mind.talk) = (0, None);
    let order = said(&linus.think(Vec::new())).unwrap();
    let price_tag = bram.asked(&order);
    assert!(price_tag.contains("Linus"), "{order} -> {price_tag}");
    let intents = linus.think(vec![speech("demo-bram", "Bram Oakley", &price_tag)]);
    let pay = paid(&intents).unwrap();
    let amount_minor = pay.params["amount"].as_i64().unwrap();
    let price = crate::brain::scripted::spoken::money(amount_minor);
    assert!(price_tag.contains(&price), "{price_tag}: {pay:?}");
    assert_eq!(pay.params["to"], "demo-bram");
    let note = pay.params["note"].as_str().unwrap();
    let thanks = said(&bram.think(payment("demo-linus", "Linus Vale", amount_minor, note))).unwrap();
    assert!(thanks.contains(&price) && thanks.contains("Linus"), "{thanks}");
}

#[test]
fn who_is_not_served_pays_all_the_same_and_once() {
    let mut linus = Alone::new("linus", 1);
    linus.visitor = ("demo-bram", "Bram Oakley");
    linus.think(Vec::new());
    (linus.mind.appetite_ms, linus.mind.talk) = (0, None);
    let payments = (0..8)
        .filter(|_| paid(&linus.think(Vec::new())).is_some())
        .count();
    assert_eq!(payments, 1);
}

#[test]
fn a_stranger_may_order_too() {
    let line = Alone::new("bram", 1).asked("Hi Bram, can I have a loaf of bread, please?");
    assert!(line.contains("3.00"), "{line}");
    let line = Alone::new("bram", 1).asked("Bram, a cup of coffee, please!");
    assert!(line.contains("Tilda"), "{line}");
}

#[test]
fn the_rich_pay_wages_to_neighbours_and_nobody_else() {
    let ask = "Is there any work for me, Bram?";
    let wage = |balance_minor, visitor| {
        let mut alone = Alone::new("bram", 4);
        (alone.balance_minor, alone.visitor) = (balance_minor, visitor);
        let heard = vec![speech(visitor.0, visitor.1, ask)];
        let intents = alone.think(heard);
        assert!(said(&intents).is_some());
        paid(&intents).map(|intent| intent.params["amount"].as_i64().unwrap())
    };
    let linus = ("demo-linus", "Linus Vale");
    assert_eq!(wage(105_000, linus), Some(1_000));
    assert_eq!(wage(900_000, linus), Some(1_500), "bounded");
    assert_eq!(wage(100_000, linus), None, "not rich");
    assert_eq!(wage(900_000, ("visitor", "Vic Torr")), None, "a stranger");
}

#[test]
fn the_poor_ask_for_work_and_buy_nothing_of_the_market() {
    let mut asked = 0;
    for seed in 0..40 {
        let mut alone = Alone::new("linus", seed);
        (alone.visitor, alone.balance_minor) = (("demo-bram", "Bram Oakley"), 9_000);
        let line = alone.asked("Hello, Linus!");
        asked += usize::from(line.contains("work") || line.contains("hand"));
    }
    assert!(asked >= 8, "{asked}");
}

#[test]
fn a_loan_is_thanked_for_and_paid_back_once() {
    let mut alone = Alone::new("bram", 4);
    let thanks = said(&alone.think(payment("visitor", "Vic Torr", 250, "a small loan"))).unwrap();
    assert!(thanks.contains("2.50"), "{thanks}");
    let mut all = Vec::new();
    for _ in 0..200 {
        let intents = alone.think(Vec::new());
        all.extend(paid(&intents).cloned());
    }
    assert_eq!(all.len(), 1);
    let params = &all[0].params;
    assert_eq!(
        (&params["to"], &params["amount"]),
        (&json!("visitor"), &json!(250))
    );
}
