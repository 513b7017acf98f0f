use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn a_status_is_seen_around_and_stays() {
    let plot = Plot::new().await;
    let (alice, bob, mut seen) = plot.alice_and_bob().await;
    alice
        .act("set_status", json!({"status": "reading", "mood": "happy"}))
        .await
        .ok();
    assert_eq!(seen.entry(&alice.handle).await["status"], "reading (happy)");
    let near = bob.act("get_nearby_agents", json!({})).await.result();
    assert_eq!(near[0]["status"], "reading (happy)");
}

#[tokio::test]
async fn a_status_that_is_empty_or_too_long_is_refused() {
    let plot = Plot::new().await;
    let alice = plot.agent("alice").await;
    for bad in [
        json!({}),
        json!({"status": ""}),
        json!({"status": "x".repeat(65)}),
        json!({"status": "a", "mood": "x".repeat(33)}),
    ] {
        alice.act("set_status", bad).await.refused("invalid_parameter");
    }
}
