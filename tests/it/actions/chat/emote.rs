use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn an_emote_is_seen_by_those_around_and_kept_nowhere() {
    let plot = Plot::new().await;
    let (alice, bob, mut seen) = plot.alice_and_bob().await;
    alice.act("emote", json!({"action": "wave"})).await.ok();
    let emote = seen.heard("emote").await;
    assert_eq!(
        (&emote.event["source"], &emote.event["content"]),
        (&json!(alice.handle), &json!({"action": "wave"}))
    );
    let observed = bob
        .act("observe_events", json!({"event_types": ["emote"]}))
        .await
        .result();
    assert_eq!(observed["events"], json!([]), "{observed}");
}

#[tokio::test]
async fn an_emote_that_is_empty_or_too_long_is_refused() {
    let plot = Plot::new().await;
    let alice = plot.agent("alice").await;
    for bad in [
        json!({}),
        json!({"action": ""}),
        json!({"action": "x".repeat(65)}),
    ] {
        alice.act("emote", bad).await.refused("invalid_parameter");
    }
}
