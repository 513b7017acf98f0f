//! Accepting, declining, inviting, leaving: who is in a conversation.

use super::*;

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
        (
            decision.result.tree()["member_phase"].as_str(),
            state(&stage).phase
        ),
        (Some("joining"), Phase::Proposed)
    );
    assert!(
        decision.result.tree()["hint"]
            .as_str()
            .unwrap()
            .contains("5 metres")
    );
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
    let decision = invites(&mut stage, "bob", "cat");
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
    invites(&mut stage, "a0", "a8");
    assert_eq!(state(&stage).members.len(), 8);
    assert!(state(&stage).member(id_of("a3")).is_none());
}
