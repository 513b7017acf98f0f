//! Who hears what is said.

use crate::domain::event::EventKind;
use crate::domain::refusal::Code;
use crate::domain::scene::Decision;
use crate::domain::test_scene::{Stage, handle};
use crate::domain::write::Write;
use serde_json::json;

fn hearers(decision: &Decision) -> Vec<&str> {
    decision
        .event
        .as_ref()
        .unwrap()
        .hearers
        .iter()
        .map(|profile| profile.handle.as_str())
        .collect()
}

#[test]
fn each_volume_reaches_its_range_and_not_a_centimetre_more() {
    let stage = Stage::with(&[
        ("ann", 50.0, 50.0),
        ("at10", 60.0, 50.0),
        ("past10", 60.01, 50.0),
        ("at20", 50.0, 70.0),
        ("past20", 50.0, 70.01),
        ("at100", 150.0, 50.0),
        ("past100", 150.01, 50.0),
    ]);
    let say = |volume: &str| {
        stage
            .decide("ann", "say", json!({"message": "hi", "volume": volume}))
            .unwrap()
    };
    assert_eq!(hearers(&say("whisper")), ["at10"]);
    assert_eq!(hearers(&say("normal")), ["at10", "past10", "at20"]);
    assert_eq!(
        hearers(&say("shout")),
        ["at10", "past10", "at20", "past20", "at100"]
    );
    let normal = stage.decide("ann", "say", json!({"message": "hi"})).unwrap();
    assert_eq!(normal.result, json!({"heard_by": 3}));
    assert!(normal.event.unwrap().is_public && !say("whisper").event.unwrap().is_public);
    assert!(matches!(&normal.writes[..], [Write::Chat { recipient: None, message, .. }] if message == "hi"));
}

#[test]
fn who_is_alone_is_heard_by_nobody_not_even_itself() {
    let stage = Stage::with(&[("ann", 50.0, 50.0)]);
    assert_eq!(
        stage
            .decide("ann", "say", json!({"message": "hi"}))
            .unwrap()
            .result,
        json!({"heard_by": 0})
    );
    assert_eq!(
        stage.refused("zoe", "say", json!({"message": "hi"})),
        Code::NotInWorld
    );
}

#[test]
fn a_whisper_goes_to_one_inbox_only() {
    let stage = Stage::with(&[("ann", 50.0, 50.0), ("bob", 51.0, 50.0)]);
    let whisper = stage
        .decide("ann", "whisper", json!({"target_id": "bob", "message": "psst"}))
        .unwrap();
    let event = whisper.event.unwrap();
    assert_eq!(
        (event.kind, event.inbox, event.hearers.len()),
        (EventKind::Whisper, vec![handle("bob")], 0)
    );
    assert!(!event.is_public);
    assert_eq!(
        stage.refused("ann", "whisper", json!({"target_id": "ann", "message": "psst"})),
        Code::SelfTarget
    );
}
