//! How a conversation ends.

use super::*;

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
