//! Each verb and the whole life of a conversation.

use super::{Conversation, Happening, MemberPhase, Phase};
use crate::domain::action::{ACTIONS, Durability, Owner};
use crate::domain::agent::Permission;
use crate::domain::event::EventKind;
use crate::domain::refusal::Code;
use crate::domain::scene::{Change, Decision};
use crate::domain::test_scene::{Stage, handle, id_of};
use crate::domain::write::Write;
use serde_json::{Value, json};
use uuid::Uuid;

const ID: Uuid = Uuid::from_u128(77);

/// `params` with the conversation's id.
fn params(more: Value) -> Value {
    let mut all = json!({"conversation_id": ID});
    all.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    all
}

/// Does a conversation verb with nothing but the id, and expects it to be accepted.
fn does(stage: &mut Stage, name: &str, verb: &str) -> Decision {
    stage
        .act(name, &format!("converse_{verb}"), params(json!({})))
        .unwrap()
}

fn says(stage: &mut Stage, name: &str, message: &str, to: &[&str]) -> Decision {
    stage
        .act(
            name,
            "converse_line",
            params(json!({"message": message, "addressed_to": to})),
        )
        .unwrap()
}

/// The first word of the detail with which the state forbids a verb.
fn obstacle(stage: &Stage, name: &str, verb: &str, more: Value) -> String {
    let refusal = stage
        .decide(name, &format!("converse_{verb}"), params(more))
        .unwrap_err();
    assert_eq!(refusal.code, Code::ConversationState, "{}", refusal.detail);
    refusal.detail.split(':').next().unwrap().to_owned()
}

fn code(stage: &Stage, name: &str, verb: &str, more: Value) -> Code {
    stage.refused(name, &format!("converse_{verb}"), params(more))
}

fn inbox(decision: &Decision) -> Vec<&str> {
    decision
        .event
        .as_ref()
        .unwrap()
        .inbox
        .iter()
        .map(|owner| owner.as_str())
        .collect()
}

fn kind(decision: &Decision) -> EventKind {
    decision.event.as_ref().unwrap().kind
}

fn state(stage: &Stage) -> &Conversation {
    stage.conversation.as_ref().unwrap()
}

/// Lets time pass up to `ms`, stopping at each deadline, as the actor does.
fn wait(stage: &mut Stage, ms: i64) -> Vec<Happening> {
    let (end, mut happenings) = (stage.now.plus_ms(ms), Vec::new());
    let mut conversation = stage.conversation.clone().unwrap();
    while let Some(due) = conversation.next_deadline().filter(|due| *due <= end) {
        stage.now = stage.now.max(due);
        happenings.extend(conversation.on_time(stage.now, stage.dice));
    }
    stage.now = end;
    conversation.note_in(&mut stage.region, end);
    stage.conversation = Some(conversation);
    happenings
}

fn kinds(happenings: &[Happening]) -> Vec<EventKind> {
    happenings.iter().map(|happening| happening.event.kind).collect()
}

/// Three at one table and one 12 m away; `ann` has invited `bob` and `dan`.
fn proposed() -> Stage {
    let mut stage = Stage::with(&[
        ("ann", 10.0, 10.0),
        ("bob", 12.0, 10.0),
        ("cat", 10.0, 12.0),
        ("dan", 22.0, 10.0),
        ("eve", 99.0, 99.0),
    ]);
    stage
        .act(
            "ann",
            "converse_start",
            json!({"invitees": ["bob", "dan"], "topic": "rain"}),
        )
        .unwrap();
    stage
}

/// `ann` and `bob` talk; `dan` has said no.
fn open() -> Stage {
    let mut stage = proposed();
    does(&mut stage, "bob", "accept");
    does(&mut stage, "dan", "decline");
    stage
}

#[test]
fn all_rows_are_durable_speech_and_only_the_start_belongs_to_the_region() {
    let rows: Vec<_> = ACTIONS
        .iter()
        .filter(|row| row.name.starts_with("converse_"))
        .collect();
    assert_eq!(rows.len(), 8);
    for row in rows {
        assert_eq!(
            (row.durability, row.permission),
            (Durability::Durable, Permission::Speak)
        );
        let owner = if row.name == "converse_start" {
            Owner::Region
        } else {
            Owner::Conversation
        };
        assert_eq!(row.owner, owner);
    }
}

#[test]
fn a_start_tells_every_invitee_and_engages_the_initiator_only() {
    let stage = Stage::with(&[("ann", 10.0, 10.0), ("bob", 12.0, 10.0), ("cat", 10.0, 12.0)]);
    let decision = stage
        .decide(
            "ann",
            "converse_start",
            json!({"invitees": ["bob", "cat"], "topic": "rain"}),
        )
        .unwrap();
    assert_eq!(
        decision.result,
        json!({"conversation_id": ID, "phase": "proposed"})
    );
    assert_eq!(inbox(&decision), ["bob", "cat"]);
    let content = &decision.event.as_ref().unwrap().content;
    assert_eq!(
        (&content["initiator"], &content["topic"]),
        (&json!("ann"), &json!("rain"))
    );
    assert_eq!(
        (&content["members"], &content["conversation_id"]),
        (&json!(["ann", "bob", "cat"]), &json!(ID))
    );
    assert!(matches!(&decision.changes[..], [Change::Conversation(Some(id))] if id.0 == ID));
    let stage = proposed();
    assert_eq!(stage.body("ann").conversation.map(|id| id.0), Some(ID));
    assert_eq!(stage.body("bob").conversation, None);
}

#[test]
fn a_start_is_refused_for_wrong_invitees() {
    let stage = proposed();
    let refused =
        |name: &str, invitees: Value| stage.refused(name, "converse_start", json!({"invitees": invitees}));
    assert_eq!(refused("cat", json!([])), Code::InvalidParameter);
    assert_eq!(
        refused("cat", json!(["a", "b", "c", "d", "e", "f", "g", "h"])),
        Code::InvalidParameter
    );
    assert_eq!(refused("cat", json!(["bob", "bob"])), Code::InvalidParameter);
    assert_eq!(refused("cat", json!(["bob", "cat"])), Code::SelfTarget);
    assert_eq!(refused("cat", json!(["bob", "nobody"])), Code::TargetNotFound);
    assert_eq!(refused("cat", json!(["eve"])), Code::TooFar);
    assert_eq!(refused("cat", json!(["ann"])), Code::ConversationState);
    assert_eq!(refused("ann", json!(["cat"])), Code::ConversationState);
    assert_eq!(refused("zoe", json!(["cat"])), Code::NotInWorld);
    // Two who are only invited may talk meanwhile.
    assert!(
        stage
            .decide("bob", "converse_start", json!({"invitees": ["dan"]}))
            .is_ok()
    );
}

#[test]
fn after_a_conversation_any_waits_fifteen_seconds_and_the_same_partner_sixty() {
    let mut stage = open();
    does(&mut stage, "bob", "leave");
    let start = |stage: &Stage, name: &str, invitee: &str| {
        stage.decide(name, "converse_start", json!({"invitees": [invitee]}))
    };
    for name in ["ann", "bob"] {
        let refusal = start(&stage, name, "cat").unwrap_err();
        assert_eq!(
            (refusal.code, refusal.retry_after_ms),
            (Code::OnCooldown, Some(15_000))
        );
    }
    stage.now = stage.now.plus_ms(15_000);
    assert!(start(&stage, "ann", "cat").is_ok());
    assert_eq!(
        start(&stage, "ann", "bob").unwrap_err().retry_after_ms,
        Some(45_000)
    );
    stage.now = stage.now.plus_ms(45_000);
    assert!(start(&stage, "ann", "bob").is_ok());
}

#[test]
fn accepting_nearby_opens_the_conversation_and_tells_the_others() {
    let mut stage = proposed();
    let decision = does(&mut stage, "bob", "accept");
    assert_eq!(
        decision.result,
        json!({"conversation_id": ID, "phase": "open", "member_phase": "participating"})
    );
    assert_eq!(
        (kind(&decision), inbox(&decision)),
        (EventKind::ConversationOpened, vec!["ann", "dan"])
    );
    assert_eq!(stage.body("bob").conversation.map(|id| id.0), Some(ID));
    assert_eq!(obstacle(&stage, "bob", "accept", json!({})), "wrong_member_state");
}

#[test]
fn accepting_from_afar_is_joining_until_the_member_is_near() {
    let mut stage = proposed();
    let decision = does(&mut stage, "dan", "accept");
    assert_eq!(
        (decision.result["member_phase"].as_str(), state(&stage).phase),
        (Some("joining"), Phase::Proposed)
    );
    assert!(decision.result["hint"].as_str().unwrap().contains("5 metres"));
    assert_eq!(
        obstacle(&stage, "dan", "line", json!({"message": "hi"})),
        "not_participant"
    );
    let arrive = |stage: &mut Stage| {
        let mut conversation = stage.conversation.clone().unwrap();
        let (tick, region) = (stage.tick(), &stage.region);
        let happenings =
            conversation.on_positions(|state, agent| state.distance_m(agent, region, tick), stage.now);
        stage.conversation = Some(conversation);
        happenings
    };
    assert!(arrive(&mut stage).is_empty());
    stage
        .act("dan", "move_to", json!({"x": 13.0, "y": 10.0, "gait": "run"}))
        .unwrap();
    stage.run(30);
    let happenings = arrive(&mut stage);
    assert_eq!(kinds(&happenings), [EventKind::ConversationOpened]);
    assert_eq!(
        (&happenings[0].handle, state(&stage).phase),
        (&handle("dan"), Phase::Open)
    );
    assert!(matches!(&happenings[0].writes[..], [Write::Conversation(after)] if **after == *state(&stage)));
}

#[test]
fn accepting_is_refused_from_too_far_or_out_of_another_conversation() {
    let mut stage = proposed();
    stage
        .act("dan", "move_to", json!({"x": 60.0, "y": 10.0, "gait": "run"}))
        .unwrap();
    stage.run(100);
    assert_eq!(code(&stage, "dan", "accept", json!({})), Code::TooFar);
    stage.region.apply(
        id_of("bob"),
        Change::Conversation(Some(crate::base::id::ConversationId(Uuid::from_u128(5)))),
    );
    assert_eq!(obstacle(&stage, "bob", "accept", json!({})), "already_conversing");
}

#[test]
fn a_conversation_does_not_exist_for_those_who_are_no_members() {
    let mut stage = open();
    let more = [
        ("line", json!({"message": "hi"})),
        ("invite", json!({"target_id": "eve"})),
    ];
    let plain = ["accept", "decline", "leave", "take_floor", "release"].map(|verb| (verb, json!({})));
    for (verb, more) in more.into_iter().chain(plain) {
        assert_eq!(code(&stage, "cat", verb, more.clone()), Code::NotFound, "{verb}");
        let elsewhere = {
            let mut all = params(more);
            all["conversation_id"] = json!(Uuid::from_u128(78));
            all
        };
        assert_eq!(
            stage.refused("ann", &format!("converse_{verb}"), elsewhere.clone()),
            Code::NotFound,
            "{verb}"
        );
        let saved = stage.conversation.take();
        assert_eq!(
            stage.refused("ann", &format!("converse_{verb}"), elsewhere),
            Code::NotFound,
            "{verb}"
        );
        stage.conversation = saved;
    }
}

#[test]
fn only_the_invited_decline_and_only_those_who_came_leave() {
    let mut stage = proposed();
    assert_eq!(
        obstacle(&stage, "ann", "decline", json!({})),
        "wrong_member_state"
    );
    assert_eq!(obstacle(&stage, "bob", "leave", json!({})), "wrong_member_state");
    let decision = does(&mut stage, "dan", "decline");
    assert_eq!(
        (kind(&decision), inbox(&decision)),
        (EventKind::ConversationMemberLeft, vec!["ann", "bob"])
    );
    assert_eq!(obstacle(&stage, "dan", "accept", json!({})), "wrong_member_state");
}

#[test]
fn an_invitation_brings_one_more_and_is_refused_for_members_strangers_and_the_far() {
    let mut stage = open();
    let invite = |stage: &Stage, by: &str, whom: &str| code(stage, by, "invite", json!({"target_id": whom}));
    assert_eq!(invite(&stage, "ann", "ann"), Code::SelfTarget);
    assert_eq!(invite(&stage, "ann", "nobody"), Code::TargetNotFound);
    assert_eq!(invite(&stage, "ann", "eve"), Code::TooFar);
    assert_eq!(invite(&stage, "ann", "bob"), Code::ConversationState);
    assert_eq!(invite(&stage, "dan", "cat"), Code::ConversationState);
    // Who said no is left alone for a minute.
    assert_eq!(invite(&stage, "ann", "dan"), Code::OnCooldown);
    let decision = stage
        .act("bob", "converse_invite", params(json!({"target_id": "cat"})))
        .unwrap();
    assert_eq!(
        (kind(&decision), inbox(&decision)),
        (EventKind::ConversationProposed, vec!["ann", "cat"])
    );
    assert_eq!(invite(&stage, "ann", "cat"), Code::ConversationState);
    let decision = does(&mut stage, "cat", "accept");
    assert_eq!(
        (kind(&decision), inbox(&decision)),
        (EventKind::ConversationMemberJoined, vec!["ann", "bob"])
    );
    assert_eq!(state(&stage).line_limit(), 24);
}

#[test]
fn the_ninth_member_is_refused_unless_somebody_never_came() {
    let names = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"];
    let mut stage = Stage::with(&names.map(|name| (name, 10.0, 10.0)));
    stage
        .act("a0", "converse_start", json!({"invitees": names[1..8]}))
        .unwrap();
    assert_eq!(
        obstacle(&stage, "a0", "invite", json!({"target_id": "a8"})),
        "full"
    );
    does(&mut stage, "a3", "decline");
    stage
        .act("a0", "converse_invite", params(json!({"target_id": "a8"})))
        .unwrap();
    assert_eq!(state(&stage).members.len(), 8);
    assert!(state(&stage).member(id_of("a3")).is_none());
}

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
    assert_eq!(decision.result["until"], json!(stage.now.plus_ms(30_000)));
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
    let until = decision.result["until"].clone();
    stage.now = stage.now.plus_ms(10_000);
    assert_eq!(does(&mut stage, "ann", "take_floor").result["until"], until);
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
    assert_eq!(says(&mut stage, "bob", "hello", &[]).result["number"], 2);
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
    stage
        .act("ann", "converse_invite", params(json!({"target_id": "cat"})))
        .unwrap();
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
    stage
        .act("ann", "converse_invite", params(json!({"target_id": "cat"})))
        .unwrap();
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

#[track_caller]
fn assert_closed(stage: &Stage, reason: &str) {
    assert_eq!(
        (state(stage).phase, state(stage).close_reason.as_deref()),
        (Phase::Closed, Some(reason))
    );
    assert_eq!(state(stage).next_deadline(), None);
    for name in ["ann", "bob", "dan"] {
        assert_eq!(stage.body(name).conversation, None, "{name}");
    }
    assert_eq!(obstacle(stage, "ann", "line", json!({"message": "hi"})), "closed");
    assert_eq!(obstacle(stage, "bob", "leave", json!({})), "closed");
    assert_eq!(
        obstacle(stage, "ann", "invite", json!({"target_id": "cat"})),
        "closed"
    );
}

#[test]
fn it_closes_done_when_fewer_than_two_are_left() {
    let mut stage = open();
    let decision = does(&mut stage, "bob", "leave");
    assert_eq!(
        (kind(&decision), inbox(&decision)),
        (EventKind::ConversationClosed, vec!["ann"])
    );
    assert_eq!(decision.event.unwrap().content["close_reason"], "done");
    assert_closed(&stage, "done");
    let mut stage = proposed();
    assert_eq!(inbox(&does(&mut stage, "ann", "leave")), ["bob", "dan"]);
    assert_closed(&stage, "done");
}

#[test]
fn it_closes_declined_when_the_last_invited_says_no() {
    let mut stage = proposed();
    does(&mut stage, "bob", "decline");
    assert_eq!(
        kind(&does(&mut stage, "dan", "decline")),
        EventKind::ConversationClosed
    );
    assert_closed(&stage, "declined");
}

#[test]
fn it_closes_timeout_when_nobody_answers_for_a_minute() {
    let mut stage = proposed();
    assert_eq!(kinds(&wait(&mut stage, 59_999)), []);
    let happenings = wait(&mut stage, 1);
    assert_eq!(
        kinds(&happenings),
        [EventKind::ConversationMemberLeft, EventKind::ConversationClosed]
    );
    assert_eq!(
        happenings[0].event.inbox,
        [handle("ann"), handle("bob"), handle("dan")]
    );
    assert_closed(&stage, "timeout");
    let mut stage = proposed();
    does(&mut stage, "bob", "decline");
    does(&mut stage, "dan", "accept");
    assert_eq!(
        state(&stage).member(id_of("dan")).unwrap().phase,
        MemberPhase::Joining
    );
    wait(&mut stage, 60_000);
    assert_closed(&stage, "timeout");
}

#[test]
fn it_closes_silence_when_nobody_speaks_for_a_minute() {
    let mut stage = open();
    assert_eq!(kinds(&wait(&mut stage, 59_999)), []);
    assert_eq!(kinds(&wait(&mut stage, 1)), [EventKind::ConversationClosed]);
    assert_closed(&stage, "silence");
}

/// Speaks in turns until the farewell round.
fn talk_to_the_limit(stage: &mut Stage) {
    does(stage, "ann", "take_floor");
    for turn in 1..=16 {
        assert_eq!(state(stage).phase, Phase::Open, "before line {turn}");
        let name = if turn % 2 == 1 { "ann" } else { "bob" };
        says(stage, name, "well", &[]);
        wait(stage, 2_000);
    }
}

#[test]
fn it_closes_limit_after_sixteen_lines_and_one_farewell_each() {
    let mut stage = open();
    talk_to_the_limit(&mut stage);
    assert_eq!(
        (state(&stage).phase, state(&stage).line_count),
        (Phase::Closing, 16)
    );
    assert_eq!(obstacle(&stage, "ann", "take_floor", json!({})), "closing");
    assert_eq!(
        obstacle(&stage, "ann", "invite", json!({"target_id": "cat"})),
        "closing"
    );
    assert_eq!(says(&mut stage, "ann", "bye", &[]).result["number"], 17);
    assert_eq!(
        obstacle(&stage, "ann", "line", json!({"message": "and"})),
        "line_limit"
    );
    says(&mut stage, "bob", "bye", &[]);
    assert_eq!(kinds(&wait(&mut stage, 0)), [EventKind::ConversationClosed]);
    assert_closed(&stage, "limit");
}

#[test]
fn the_farewell_round_lasts_twenty_seconds_at_most() {
    let mut stage = open();
    talk_to_the_limit(&mut stage);
    // Two of the twenty seconds went by after the last line.
    assert_eq!(kinds(&wait(&mut stage, 17_999)), []);
    assert_eq!(kinds(&wait(&mut stage, 1)), [EventKind::ConversationClosed]);
    assert_closed(&stage, "limit");
}

#[test]
fn ten_minutes_after_its_proposal_a_conversation_says_farewell() {
    let mut stage = open();
    let mut last = Vec::new();
    for _ in 0..12 {
        assert_eq!(state(&stage).phase, Phase::Open);
        if state(&stage).floor.is_none() {
            does(&mut stage, "ann", "take_floor");
        }
        let holder = state(&stage).floor.as_ref().map(|floor| floor.holder);
        says(
            &mut stage,
            if holder == Some(id_of("ann")) {
                "ann"
            } else {
                "bob"
            },
            "hm",
            &[],
        );
        last = wait(&mut stage, 50_000);
    }
    assert_eq!(
        (kinds(&last).last(), state(&stage).line_count),
        (Some(&EventKind::ConversationClosing), 12)
    );
    assert_eq!(kinds(&wait(&mut stage, 20_000)), [EventKind::ConversationClosed]);
    assert_closed(&stage, "limit");
}
