//! Starting a conversation: with whom, and how soon again.

use super::*;

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
