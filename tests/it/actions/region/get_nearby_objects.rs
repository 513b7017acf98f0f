use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn objects_in_the_radius_are_listed_with_what_they_afford() {
    let plot = Plot::new().await;
    let alice = plot.agent_at("alice", 25.0, 20.0).await;
    let list = alice.act("get_nearby_objects", json!({})).await.result();
    let ids: Vec<&str> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [plot.bench.as_str(), plot.fountain.as_str()]);
    assert_eq!(
        (&list[0]["type"], &list[0]["actions"], &list[0]["distance"]),
        (&json!("bench"), &json!(["sit", "stand"]), &json!(5.0))
    );
    let all = alice
        .act("get_nearby_objects", json!({"radius": 96}))
        .await
        .result();
    assert_eq!(all.as_array().unwrap().len(), 4);
    alice
        .act("get_nearby_objects", json!({"radius": 97}))
        .await
        .refused("invalid_parameter");
}
