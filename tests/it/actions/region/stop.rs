use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn who_stops_stands_still_where_it_is() {
    let plot = Plot::new().await;
    let (alice, _, mut seen) = plot.alice_and_bob().await;
    alice.act("move_to", json!({"x": 60.0, "y": 50.0})).await.ok();
    assert!(!seen.entry(&alice.handle).await["to"].is_null());
    alice.act("stop", json!({})).await.ok();
    let entry = seen.entry(&alice.handle).await;
    assert!(
        entry["to"].is_null() && entry["x"].as_f64().is_some_and(|x| (50.0..59.0).contains(&x)),
        "{entry}"
    );
    let at = alice.act("get_location", json!({})).await.result();
    assert_eq!(at["x"], entry["x"]);
}
