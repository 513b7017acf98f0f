//! Using things and handing things over.

use super::{ObjectChange, ObjectKind};
use crate::domain::refusal::Code;
use crate::domain::scene::Change;
use crate::domain::test_scene::{Stage, handle, id_of};
use crate::domain::write::Write;
use serde_json::json;

fn market() -> Stage {
    let mut stage = Stage::with(&[("ann", 50.0, 50.0), ("bob", 60.0, 50.0), ("cat", 60.01, 50.0)]);
    stage.put_object("bench", ObjectKind::Bench, 53.0, 50.0);
    stage.put_object("far", ObjectKind::Bench, 53.01, 50.0);
    stage.put_object("well", ObjectKind::Fountain, 50.0, 51.0);
    stage.put_object("board", ObjectKind::NoticeBoard, 50.0, 51.0);
    stage.put_object("stall", ObjectKind::MarketStall, 50.0, 51.0);
    stage
}

#[test]
fn an_object_in_reach_is_used_and_seen_by_all() {
    let mut stage = market();
    let sit = stage
        .act(
            "ann",
            "use_object",
            json!({"object_id": "bench", "action": "sit"}),
        )
        .unwrap();
    assert!(
        matches!(&sit.writes[..], [Write::UseObject { object_id, change: ObjectChange::Count(action) }] if object_id == "bench" && action == "sit")
    );
    assert!(sit.event.unwrap().is_public);
    assert_eq!(stage.body("ann").status, "sitting");
}

#[test]
fn an_object_is_refused_when_far_unknown_or_used_for_what_it_does_not_afford() {
    let stage = market();
    let refused = |object: &str, action: &str| {
        stage.refused(
            "ann",
            "use_object",
            json!({"object_id": object, "action": action}),
        )
    };
    assert_eq!(refused("far", "sit"), Code::TooFar);
    assert_eq!(refused("nothing", "sit"), Code::ObjectNotFound);
    assert_eq!(refused("bench", "drink"), Code::InvalidParameter);
    assert_eq!(refused("stall", "buy"), Code::InvalidParameter);
    assert_eq!(refused("board", "post"), Code::InvalidParameter);
}

#[test]
fn buying_pays_the_price_and_grants_the_items_in_one_decision() {
    let stage = market();
    let buy = |quantity: i64| {
        stage.decide(
            "ann",
            "use_object",
            json!({"object_id": "stall", "action": "buy", "item": "apple", "quantity": quantity}),
        )
    };
    let decision = buy(3).unwrap();
    assert_eq!(decision.result.tree()["price"], 450);
    let [
        Write::Transfer { amount, .. },
        Write::GrantItem { quantity: 3, .. },
        Write::UseObject { .. },
    ] = &decision.writes[..]
    else {
        panic!("{:?}", decision.writes)
    };
    assert_eq!(json!(amount), json!(450));
    for quantity in [0, 100, -1] {
        assert_eq!(buy(quantity).unwrap_err().code, Code::InvalidParameter);
    }
}

#[test]
fn a_wish_is_granted_once_in_five_minutes() {
    let mut stage = market();
    let wish = json!({"object_id": "well", "action": "make_wish"});
    stage.act("ann", "use_object", wish.clone()).unwrap();
    let refusal = stage.decide("ann", "use_object", wish.clone()).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.retry_after_ms),
        (Code::OnCooldown, Some(300_000))
    );
    stage.now = stage.now.plus_ms(300_000);
    assert!(stage.decide("ann", "use_object", wish).is_ok());
}

#[test]
fn cooldowns_of_an_agent_are_bounded() {
    let mut stage = market();
    for number in 0..1_000 {
        let until = stage.now.plus_ms(number);
        stage
            .region
            .apply(id_of("ann"), Change::Cooldown(format!("thing{number}"), until));
    }
    assert_eq!(stage.body("ann").cooldowns.len(), 256);
    assert!(stage.body("ann").cooldowns.contains_key("thing999"));
}

#[test]
fn an_item_is_given_within_ten_metres_to_somebody_else() {
    let stage = market();
    let give = |to: &str, quantity: i64| {
        stage.decide(
            "ann",
            "give_item",
            json!({"target_id": to, "item_id": "apple", "quantity": quantity}),
        )
    };
    let decision = give("bob", 2).unwrap();
    assert!(
        matches!(&decision.writes[..], [Write::GiveItem { item, to, quantity: 2 }] if item == "apple" && *to == id_of("bob"))
    );
    assert_eq!(decision.event.unwrap().inbox, [handle("bob")]);
    let refused = |to: &str, quantity: i64| give(to, quantity).unwrap_err().code;
    assert_eq!(refused("cat", 1), Code::TooFar);
    assert_eq!(refused("ann", 1), Code::SelfTarget);
    assert_eq!(refused("nobody", 1), Code::TargetNotFound);
    assert_eq!(refused("bob", 0), Code::InvalidParameter);
    assert_eq!(refused("bob", 100), Code::InvalidParameter);
}
