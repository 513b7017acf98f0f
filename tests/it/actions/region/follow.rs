use crate::plot::Plot;
use crate::world::until;
use serde_json::json;

#[tokio::test]
async fn a_follower_comes_along_and_is_told_when_its_target_is_gone() {
    let plot = Plot::new().await;
    let (alice, bob) = (
        plot.agent_at("alice", 50.0, 50.0).await,
        plot.agent_at("bob", 54.0, 50.0).await,
    );
    let mut told = alice.connect().await;
    alice
        .act("follow", json!({"target_id": bob.handle, "distance": 1.0}))
        .await
        .ok();
    bob.act("move_to", json!({"x": 60.0, "y": 50.0, "gait": "run"}))
        .await
        .ok();
    until("alice is near bob", async || {
        let at = alice.act("get_location", json!({})).await.result();
        at["x"].as_f64().filter(|x| (58.0..=60.0).contains(x))
    })
    .await;
    bob.act("teleport", json!({"region": "main"})).await.ok();
    assert_eq!(told.heard("follow_ended").await.event["type"], "follow_ended");
}

#[tokio::test]
async fn oneself_the_absent_and_odd_distances_are_not_followed() {
    let plot = Plot::new().await;
    let (alice, carol) = (plot.agent("alice").await, plot.world.agent("carol").await);
    carol.enter().await;
    alice
        .act("follow", json!({"target_id": alice.handle}))
        .await
        .refused("self_target");
    alice
        .act("follow", json!({"target_id": "nobody-here"}))
        .await
        .refused("target_not_found");
    alice
        .act("follow", json!({"target_id": carol.handle}))
        .await
        .refused("target_not_found");
    for distance in [0.4, 50.1, -1.0] {
        alice
            .act("follow", json!({"target_id": carol.handle, "distance": distance}))
            .await
            .refused("invalid_parameter");
    }
}
