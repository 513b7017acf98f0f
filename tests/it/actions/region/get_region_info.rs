use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn a_region_describes_itself_and_counts_who_is_there() {
    let plot = Plot::new().await;
    let (alice, bob) = (plot.agent("alice").await, plot.agent("bob").await);
    let info = alice.act("get_region_info", json!({})).await.result();
    assert_eq!(
        (&info["name"], &info["size"], &info["agent_count"]),
        (&json!(plot.name), &json!(256.0), &json!(2))
    );
    assert!(
        !info["weather"].is_null() && !info["time_of_day"].is_null(),
        "{info}"
    );
    bob.leave().await;
    assert_eq!(
        alice.act("get_region_info", json!({})).await.result()["agent_count"],
        1
    );
}
