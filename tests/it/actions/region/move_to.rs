use crate::plot::Plot;
use crate::world::until;
use serde_json::json;

#[tokio::test]
async fn a_walk_is_seen_as_one_trajectory_and_ends_at_its_goal() {
    let plot = Plot::new().await;
    let (alice, _, mut seen) = plot.alice_and_bob().await;
    let answer = alice
        .act("move_to", json!({"x": 53.0, "y": 54.0, "gait": "run"}))
        .await
        .result();
    assert_eq!(answer, json!({"arrives_in_s": 1.0}));
    let entry = seen.entry(&alice.handle).await;
    assert_eq!(
        (&entry["to"], &entry["speed"]),
        (&json!({"x": 53.0, "y": 54.0, "z": 25.0}), &json!(5.0))
    );
    until("alice arrives", async || {
        let at = alice.act("get_location", json!({})).await.result();
        (at == json!({"x": 53.0, "y": 54.0, "z": 25.0, "region": plot.name})).then_some(())
    })
    .await;
    // The arrival is no news: the next entry is about something else.
    alice.act("set_status", json!({"status": "there"})).await.ok();
    assert_eq!(seen.entry(&alice.handle).await["status"], "there");
}

#[tokio::test]
async fn a_goal_outside_the_region_or_no_number_is_refused() {
    let plot = Plot::new().await;
    let alice = plot.agent("alice").await;
    for (x, y) in [(-0.1, 5.0), (5.0, 256.1), (1e300, 5.0)] {
        alice
            .act("move_to", json!({"x": x, "y": y}))
            .await
            .refused("out_of_bounds");
    }
    for bad in [
        json!({}),
        json!({"x": 1.0}),
        json!({"x": "1", "y": 1.0}),
        json!({"x": null, "y": 1.0}),
        json!({"x": 1.0, "y": 1.0, "gait": "fly"}),
    ] {
        alice.act("move_to", bad).await.refused("invalid_parameter");
    }
}
