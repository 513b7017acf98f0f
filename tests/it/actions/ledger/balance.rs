use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn a_new_agent_has_its_grant_once() {
    let plot = Plot::new().await;
    let alice = plot.agent("alice").await;
    let balance = alice.act("balance", json!({})).await.result();
    assert_eq!(balance["balance"], 100_000, "{balance}");
    assert!(!balance["currency"].is_null(), "{balance}");
    alice.leave().await;
    alice.enter().await;
    assert_eq!(alice.balance().await, 100_000);
}
