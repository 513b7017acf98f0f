use super::Talk;
use crate::actions::once::check_concurrent;
use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn a_proposal_reaches_whom_it_asks_once() {
    let plot = Plot::new().await;
    let (alice, bob) = (
        plot.agent_at("alice", 50.0, 50.0).await,
        plot.agent_at("bob", 52.0, 50.0).await,
    );
    let mut told = bob.connect().await;
    let with = |topic: &str| json!({"invitees": [bob.handle], "topic": topic});
    let receipt = check_concurrent(&alice, "converse_start", with("tea"), with("coffee")).await;
    assert_eq!(receipt["result"]["phase"], "proposed", "{receipt}");
    let event = told.heard("conversation_proposed").await.event;
    assert_eq!(
        (&event["source"], &event["content"]["topic"]),
        (&json!(alice.handle), &json!("tea"))
    );
    alice
        .act("whisper", json!({"target_id": bob.handle, "message": "end"}))
        .await
        .ok();
    told.heard("whisper").await;
    assert!(
        !told
            .events
            .iter()
            .any(|heard| heard.event["type"] == "conversation_proposed"),
        "{:?}",
        told.events
    );
}

#[tokio::test]
async fn a_proposal_needs_others_who_are_near_and_free() {
    let plot = Plot::new().await;
    let talk = Talk::open(&plot).await;
    let (carol, dave) = (&talk.carol, plot.agent_at("dave", 80.0, 52.0).await);
    let start = |invitees: serde_json::Value| carol.act("converse_start", json!({"invitees": invitees}));
    start(json!([])).await.refused("invalid_parameter");
    start(json!([dave.handle, dave.handle]))
        .await
        .refused("invalid_parameter");
    start(json!(["a", "b", "c", "d", "e", "f", "g", "h"]))
        .await
        .refused("invalid_parameter");
    start(json!([carol.handle])).await.refused("self_target");
    start(json!(["nobody-here"])).await.refused("target_not_found");
    start(json!([dave.handle])).await.refused("too_far");
    start(json!([talk.bob.handle]))
        .await
        .refused("conversation_state");
    talk.alice
        .act("converse_start", json!({"invitees": [carol.handle]}))
        .await
        .refused("conversation_state");
}
