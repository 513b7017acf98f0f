//! The floor and the lines: who speaks, and who is next.

use super::*;

#[test]
fn the_floor_has_one_holder_who_alone_speaks() {
    let mut stage = proposed();
    assert_eq!(obstacle(&stage, "ann", "take_floor", json!({})), "not_open");
    stage = open();
    assert_eq!(
        obstacle(&stage, "ann", "line", json!({"message": "hi"})),
        "floor_not_held"
    );
    assert_eq!(obstacle(&stage, "ann", "release", json!({})), "floor_not_held");
    let decision = does(&mut stage, "ann", "take_floor");
    assert_eq!(decision.result.tree()["until"], json!(stage.now.plus_ms(30_000)));
    assert_eq!(
        (kind(&decision), inbox(&decision)),
        (EventKind::ConversationFloorTaken, vec!["bob"])
    );
    for verb in ["take_floor", "release"] {
        assert_eq!(obstacle(&stage, "bob", verb, json!({})), "floor_taken");
    }
    assert_eq!(
        obstacle(&stage, "bob", "line", json!({"message": "hi"})),
        "floor_taken"
    );
    assert_eq!(
        obstacle(&stage, "dan", "take_floor", json!({})),
        "not_participant"
    );
    // Taking it again neither fails nor prolongs the lease.
    let until = decision.result.tree()["until"].clone();
    stage.now = stage.now.plus_ms(10_000);
    assert_eq!(
        does(&mut stage, "ann", "take_floor").result.tree()["until"],
        until
    );
}

#[test]
fn a_line_is_stored_with_its_number_and_passes_the_floor_after_the_pause() {
    let mut stage = open();
    does(&mut stage, "ann", "take_floor");
    let decision = says(&mut stage, "ann", "hi", &["bob"]);
    assert_eq!(
        decision.result,
        json!({"conversation_id": ID, "phase": "open", "number": 1})
    );
    assert_eq!(
        (kind(&decision), inbox(&decision)),
        (EventKind::ConversationLine, vec!["bob"])
    );
    assert_eq!(decision.event.unwrap().content["next_speaker"], "bob");
    assert!(matches!(&decision.writes[1], Write::ConversationLine { number: 1, text, .. } if text == "hi"));
    // Nobody speaks into the pause, not even who is next.
    let refusal = stage
        .decide("bob", "converse_take_floor", params(json!({})))
        .unwrap_err();
    assert_eq!(
        (refusal.code, refusal.retry_after_ms),
        (Code::ConversationState, Some(2_000))
    );
    assert_eq!(obstacle(&stage, "ann", "take_floor", json!({})), "floor_taken");
    assert_eq!(kinds(&wait(&mut stage, 1_999)), []);
    let happenings = wait(&mut stage, 1);
    assert_eq!(kinds(&happenings), [EventKind::ConversationFloorTaken]);
    assert_eq!(happenings[0].event.inbox, [handle("ann"), handle("bob")]);
    assert_eq!(says(&mut stage, "bob", "hello", &[]).result.tree()["number"], 2);
}

#[test]
fn a_line_is_refused_for_its_length_and_for_whom_it_addresses() {
    let mut stage = open();
    does(&mut stage, "ann", "take_floor");
    let line = |message: &str, to: Value| {
        stage.decide(
            "ann",
            "converse_line",
            params(json!({"message": message, "addressed_to": to})),
        )
    };
    assert!(line(&"a".repeat(1_024), json!([])).is_ok());
    assert_eq!(line("", json!([])).unwrap_err().code, Code::InvalidParameter);
    assert_eq!(
        line(&"ä".repeat(513), json!([])).unwrap_err().code,
        Code::InvalidParameter
    );
    assert_eq!(
        line("hi", json!(["bob", "bob"])).unwrap_err().code,
        Code::InvalidParameter
    );
    assert_eq!(line("hi", json!(["ann"])).unwrap_err().code, Code::SelfTarget);
    assert_eq!(line("hi", json!(["dan"])).unwrap_err().code, Code::TargetNotFound);
}

#[test]
fn the_one_silent_for_longest_is_next_and_chance_decides_between_equals() {
    let mut stage = open();
    invites(&mut stage, "ann", "cat");
    does(&mut stage, "cat", "accept");
    does(&mut stage, "ann", "take_floor");
    let mut nexts: Vec<Value> = Vec::new();
    for dice in [0, 1] {
        stage.dice = dice;
        let line = stage
            .decide("ann", "converse_line", params(json!({"message": "hi"})))
            .unwrap();
        nexts.push(line.event.unwrap().content["next_speaker"].clone());
    }
    assert_eq!(nexts, ["bob", "cat"]);
    says(&mut stage, "ann", "hi", &["bob"]);
    wait(&mut stage, 2_000);
    let line = says(&mut stage, "bob", "hi", &[]);
    assert_eq!(line.event.unwrap().content["next_speaker"], "cat");
    wait(&mut stage, 2_000);
    let release = does(&mut stage, "cat", "release");
    assert_eq!(
        (
            kind(&release),
            release.event.unwrap().content["next_speaker"].clone()
        ),
        (EventKind::ConversationFloorReleased, json!("ann"))
    );
}

#[test]
fn a_lapsed_turn_frees_the_floor_for_anybody() {
    let mut stage = open();
    does(&mut stage, "ann", "take_floor");
    assert_eq!(kinds(&wait(&mut stage, 29_999)), []);
    let happenings = wait(&mut stage, 1);
    assert_eq!(kinds(&happenings), [EventKind::ConversationFloorReleased]);
    assert_eq!(happenings[0].event.content["reason"], "timeout");
    does(&mut stage, "bob", "take_floor");
}

#[test]
fn when_the_holder_leaves_the_floor_goes_on() {
    let mut stage = open();
    invites(&mut stage, "ann", "cat");
    does(&mut stage, "cat", "accept");
    does(&mut stage, "ann", "take_floor");
    let decision = does(&mut stage, "ann", "leave");
    assert_eq!(
        (kind(&decision), inbox(&decision)),
        (EventKind::ConversationMemberLeft, vec!["bob", "cat"])
    );
    assert_eq!(stage.body("ann").conversation, None);
    assert_eq!(kinds(&wait(&mut stage, 0)), [EventKind::ConversationFloorTaken]);
}
