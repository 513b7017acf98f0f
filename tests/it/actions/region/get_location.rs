use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn a_location_is_where_the_agent_stands() {
    let plot = Plot::new().await;
    let alice = plot.agent_at("alice", 12.345, 40.0).await;
    let receipt = alice.act("get_location", json!({})).await.ok();
    assert_eq!(receipt["result"]["region"], plot.name.as_str());
    assert!(
        receipt["result"]["x"]
            .as_f64()
            .is_some_and(|x| (x - 12.345).abs() < 0.006),
        "{receipt}"
    );
    assert_eq!(receipt["durability"], "ephemeral");
}
