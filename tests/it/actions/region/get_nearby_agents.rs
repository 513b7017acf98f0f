use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn those_in_the_radius_are_listed_nearest_first() {
    let plot = Plot::new().await;
    let alice = plot.agent_at("alice", 50.0, 50.0).await;
    let near = plot.agent_at("near", 53.0, 54.0).await;
    let nearer = plot.agent_at("nearer", 50.0, 51.0).await;
    let far = plot.agent_at("far", 50.0, 71.0).await;
    let list = alice.act("get_nearby_agents", json!({})).await.result();
    let ids: Vec<&str> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [nearer.handle.as_str(), near.handle.as_str()]);
    assert_eq!(
        (&list[1]["distance"], &list[1]["location"]["x"]),
        (&json!(5.0), &json!(53.0))
    );
    let list = alice
        .act("get_nearby_agents", json!({"radius": 96}))
        .await
        .result();
    assert_eq!(
        (list.as_array().unwrap().len(), &list[2]["id"]),
        (3, &json!(far.handle))
    );
}

#[tokio::test]
async fn an_odd_radius_is_refused() {
    let plot = Plot::new().await;
    let alice = plot.agent("alice").await;
    for radius in [json!(0), json!(-1), json!(96.1), json!("20")] {
        alice
            .act("get_nearby_agents", json!({"radius": radius}))
            .await
            .refused("invalid_parameter");
    }
}
