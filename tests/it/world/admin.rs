//! Regions made while the world runs.

use crate::plot::Plot;
use crate::world::{Settings, TestWorld, unique};
use futures_util::future::join_all;
use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::json;

const PATH: &str = "/api/v1/admin/regions";

#[tokio::test]
async fn regions_made_at_once_all_run_at_once() {
    let world = TestWorld::shared();
    let names: Vec<String> = (0..6).map(|_| format!("new-{}", unique())).collect();
    let make = |name: &String| world.post_as_admin(PATH, json!({"name": name, "size_m": 64}));
    for answer in join_all(names.iter().map(make)).await {
        assert_eq!(
            (answer.status, &answer.body["size_m"]),
            (201, &json!(64.0)),
            "{}",
            answer.body
        );
    }
    let alice = world.agent("alice").await;
    alice.enter().await;
    for name in &names {
        alice.act("teleport", json!({"region": name})).await.ok();
        alice.act("say", json!({"message": "first"})).await.ok();
    }
    let listed = world
        .call(Method::GET, PATH, Some(world.admin_token()), None)
        .await
        .ok();
    let mine = listed["regions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|region| names.iter().any(|name| region["name"] == name.as_str()));
    assert!(
        mine.clone().count() == 6
            && mine
                .into_iter()
                .all(|region| region["shards"][0]["is_here"] == true),
        "{listed}"
    );
}

#[tokio::test]
async fn a_region_is_made_by_an_administrator_only_and_once() {
    let plot = Plot::new().await;
    let alice = plot.agent("alice").await;
    let body = json!({"name": plot.name, "size_m": 64});
    alice.post(PATH, body.clone()).await.refused("permission_missing");
    plot.world
        .post(PATH, body.clone())
        .await
        .refused("unauthenticated");
    plot.world
        .post_as_admin(PATH, body)
        .await
        .refused("already_exists");
    let object = json!({"id": plot.bench, "name": "Copy", "kind": "bench", "x": 1.0, "y": 1.0});
    let copy = json!({"name": format!("{}-copy", plot.name), "objects": [object]});
    plot.world
        .post_as_admin(PATH, copy)
        .await
        .refused("already_exists");
    for bad in [
        json!({"name": "Not A Name"}),
        json!({"name": "tiny", "size_m": 15}),
        json!({"name": "odd", "owner": "me"}),
    ] {
        plot.world
            .post_as_admin(PATH, bad)
            .await
            .refused("invalid_parameter");
    }
}

#[tokio::test]
async fn a_region_that_was_made_is_there_after_kill_9() {
    let mut world = TestWorld::start(Settings::default());
    let (name, alice) = {
        let plot = Plot::in_world(&world).await;
        (plot.name.clone(), plot.agent_at("alice", 7.0, 8.0).await)
    };
    world.restart(Signal::SIGKILL);
    assert_eq!(
        alice.enter().await,
        json!({"x": 7.0, "y": 8.0, "z": 25.0, "region": name})
    );
    assert_eq!(
        world.get(&format!("/api/v1/objects/{name}-bench")).await.ok()["type"],
        "bench"
    );
}
