use crate::actions::once::check_done_once;
use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn a_teleport_within_and_between_regions_is_where_it_says() {
    let plot = Plot::new().await;
    let other = Plot::new().await;
    let alice = plot.agent("alice").await;
    for (region, x) in [(&plot.name, 10.0), (&other.name, 20.0), (&plot.name, 30.0)] {
        let answer = alice
            .act("teleport", json!({"region": region, "x": x, "y": 5.0}))
            .await
            .ok();
        assert_eq!(
            answer["result"]["location"],
            json!({"x": x, "y": 5.0, "z": 25.0, "region": region}),
            "{answer}"
        );
        assert_eq!(answer["region"], region.as_str());
        let at = alice.act("get_location", json!({})).await.result();
        assert_eq!(at, answer["result"]["location"]);
    }
}

#[tokio::test]
async fn without_a_point_a_teleport_leads_to_the_entrance() {
    let plot = Plot::new().await;
    let alice = plot.world.agent("alice").await;
    alice.enter().await;
    let at = alice.act("teleport", json!({"region": plot.name})).await.result()["location"].take();
    let near = |key: &str| at[key].as_f64().is_some_and(|value| (value - 128.0).abs() < 16.0);
    assert!(
        near("x") && near("y") && at["region"] == plot.name.as_str(),
        "{at}"
    );
}

#[tokio::test]
async fn a_socket_is_told_of_the_old_and_the_new_region() {
    let (plot, other) = (Plot::new().await, Plot::new().await);
    let alice = plot.agent("alice").await;
    let mut socket = alice.connect().await;
    assert!(socket.hello.subs.contains_key(&format!("region:{}", plot.name)));
    socket
        .rpc("teleport", json!({"region": other.name}))
        .await
        .unwrap();
    let code = socket.push("the old region ends", |push| {
        (push.channel == format!("region:{}", plot.name))
            .then(|| push.unsubscribe.as_ref().map(|it| it.code))
            .flatten()
    });
    assert_eq!(code.await, 2000);
    socket
        .push("the new region begins", |push| {
            (push.channel == format!("region:{}", other.name))
                .then(|| push.subscribe.clone())
                .flatten()
        })
        .await;
    socket.entry(&alice.handle).await;
}

#[tokio::test]
async fn a_teleport_is_made_once() {
    let (plot, other) = (Plot::new().await, Plot::new().await);
    let alice = plot.agent("alice").await;
    let to = |x: f64| json!({"region": other.name, "x": x, "y": 5.0});
    check_done_once(&alice, "teleport", to(10.0), to(11.0)).await;
    let at = alice.act("get_location", json!({})).await.result();
    assert_eq!((&at["region"], &at["x"]), (&json!(other.name), &json!(10.0)));
}

#[tokio::test]
async fn a_place_that_is_not_there_is_refused() {
    let plot = Plot::new().await;
    let alice = plot.agent_at("alice", 10.0, 10.0).await;
    alice
        .act("teleport", json!({"region": "nowhere"}))
        .await
        .refused("region_not_found");
    alice
        .act("teleport", json!({"region": plot.name, "x": 300.0, "y": 1.0}))
        .await
        .refused("out_of_bounds");
    alice
        .act("teleport", json!({"region": plot.name, "x": 3.0}))
        .await
        .refused("invalid_parameter");
    alice
        .act("teleport", json!({}))
        .await
        .refused("invalid_parameter");
    assert_eq!(alice.act("get_location", json!({})).await.result()["x"], 10.0);
}

#[tokio::test]
async fn a_full_region_lets_nobody_in() {
    let plot = Plot::new().await;
    let name = format!("{}-hut", plot.name);
    plot.world
        .post_as_admin(
            "/api/v1/admin/regions",
            json!({"name": name, "size_m": 32, "capacity": 1}),
        )
        .await
        .ok();
    let (alice, bob) = (plot.agent("alice").await, plot.agent("bob").await);
    alice.act("teleport", json!({"region": name})).await.ok();
    bob.act("teleport", json!({"region": name}))
        .await
        .refused("region_full");
    assert_eq!(
        bob.act("get_location", json!({})).await.result()["region"],
        plot.name.as_str()
    );
    alice.act("teleport", json!({"region": plot.name})).await.ok();
    bob.act("teleport", json!({"region": name})).await.ok();
}
