//! An administrator says where shards run.

use super::standby::{check, live, pair, until_served};
use crate::world::{TestWorld, until};
use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::{Value, json};

/// Long enough for a busy machine, and a stand-by looks twelve times in it. Units: milliseconds.
const LEASE_MS: u32 = 6_000;

/// The nodes and what they hold, as an administrator sees them.
async fn nodes(world: &TestWorld) -> Vec<Value> {
    let path = "/api/v1/admin/nodes";
    let listed = world
        .call(Method::GET, path, Some(world.admin_token()), None)
        .await
        .ok();
    listed["nodes"].as_array().unwrap().clone()
}

/// The id of the node that holds so many shards.
async fn holder(world: &TestWorld, shards: usize) -> String {
    let nodes = nodes(world).await;
    let found = nodes.iter().find(|node| node["shards"] == shards);
    found.unwrap_or_else(|| panic!("{nodes:?}"))["node_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Waits until readiness says that.
async fn until_ready_says(world: &TestWorld, status: &str) {
    until(status, async || {
        let ready = world.get("/health/ready").await;
        (ready.body["status"] == status).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_node_that_is_drained_gives_everything_to_the_other_and_takes_nothing_back() {
    let (first, mut second) = pair(LEASE_MS);
    let (alice, bob) = (first.agent("alice").await, first.agent("bob").await);
    live(&alice, &bob).await;
    let mut socket = bob.connect().await;
    let drain = |node: &str| format!("/api/v1/admin/nodes/{node}/drain");
    let id = holder(&second, 4).await;
    alice
        .post(&drain(&id), json!({}))
        .await
        .refused("permission_missing");
    first
        .post(&drain(&id), json!({}))
        .await
        .refused("unauthenticated");
    first
        .post_as_admin(&drain("nobody"), json!({}))
        .await
        .refused("not_found");
    let draining = second.post_as_admin(&drain(&id), json!({})).await.ok();
    assert_eq!(draining["status"], "draining");
    assert_eq!(socket.closed().await, 3011);
    let (alice_there, bob_there) = (alice.at(second.port()), bob.at(second.port()));
    until_served(&alice_there).await;
    check(&alice_there, &bob_there).await;
    until_ready_says(&first, "draining").await;
    assert_eq!(first.get("/health/ready").await.status, 503);
    until_ready_says(&second, "ready").await;
    let seen = nodes(&first).await;
    let drained = seen.iter().find(|node| node["node_id"] == id.as_str()).unwrap();
    assert_eq!(
        (&drained["state"], &drained["shards"]),
        (&json!("draining"), &json!(0))
    );
    until("both agents are counted where they are", async || {
        let seen = nodes(&first).await;
        let other = seen.iter().find(|node| node["shards"] == 4)?;
        (other["agents"] == 2).then_some(())
    })
    .await;
    second.stop(Signal::SIGTERM);
    alice.act("get_location", json!({})).await.refused("moving");
    until_ready_says(&first, "draining").await;
    let held = first.run(&["admin", "shards"]);
    assert_eq!(held.matches("nobody").count(), 4, "{held}");
    first.run(&["verify"]);
}

#[tokio::test]
async fn a_world_of_one_node_moves_to_the_other_and_back() {
    let (first, second) = pair(LEASE_MS);
    let (alice, bob) = (first.agent("alice").await, first.agent("bob").await);
    live(&alice, &bob).await;
    let mut socket = bob.connect().await;
    let (here, there) = (holder(&first, 4).await, holder(&first, 0).await);
    let path = |shard: &str| format!("/api/v1/admin/shards/{shard}/move");
    let order = |node: &str| json!({"node": node});
    alice
        .post(&path("1"), order(&there))
        .await
        .refused("permission_missing");
    for shard in ["99", "main", "-1"] {
        first
            .post_as_admin(&path(shard), order(&there))
            .await
            .refused("not_found");
    }
    for body in [
        order("nobody"),
        json!({}),
        json!({"node": there, "now": true}),
        json!({"node": 7}),
    ] {
        first
            .post_as_admin(&path("1"), body)
            .await
            .refused("invalid_parameter");
    }
    let moving = first.post_as_admin(&path("2"), order(&there)).await.ok();
    assert_eq!(moving["status"], "moving");
    assert_eq!(socket.closed().await, 3011);
    let (alice_there, bob_there) = (alice.at(second.port()), bob.at(second.port()));
    until_served(&alice_there).await;
    check(&alice_there, &bob_there).await;
    until_ready_says(&first, "standby").await;
    assert_eq!(holder(&first, 4).await, there);

    let refused = first.refused(&["admin", "move", "99", &here]);
    assert!(refused.contains("there is no shard 99"), "{refused}");
    let refused = first.refused(&["admin", "drain", "nobody"]);
    assert!(refused.contains("no node nobody is there"), "{refused}");
    let said = first.run(&["admin", "move", "3", &here]);
    assert!(said.contains(&here), "{said}");
    until_served(&alice).await;
    check(&alice, &bob).await;
    until_ready_says(&second, "standby").await;
    let said = second.run(&["admin", "drain", &here]);
    assert!(said.contains("is draining"), "{said}");
    until_served(&alice_there).await;
    check(&alice_there, &bob_there).await;
    let refused = first.refused(&["admin", "move", "1", &here]);
    assert!(refused.contains("takes no shards"), "{refused}");
    until_ready_says(&first, "draining").await;
    second.run(&["verify"]);
}
