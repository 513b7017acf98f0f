use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn a_ping_is_answered_with_the_tick() {
    let plot = Plot::new().await;
    let alice = plot.agent("alice").await;
    let receipt = alice.act("ping", json!({})).await.ok();
    assert!(
        receipt["result"].is_object() && receipt["tick"].is_i64(),
        "{receipt}"
    );
}
