//! A region whose two shards run on two nodes: nobody notices the border between them, nor that one of them is killed.

use super::shared::{Nodes, act};
use crate::client::Socket;
use crate::world::until;
use nix::sys::signal::Signal;
use rookery::wire::Encoding;
use serde_json::{Value, json};

/// A region of 256 m: shard 1 is the west, 2 the east.
const WORLD: &str = "[[region]]\nname = \"main\"\nsize_m = 256\ncapacity = 8\nshards = 2\n";

async fn stand(socket: &mut Socket, x: f64) -> i64 {
    let place = json!({"region": "main", "x": x, "y": 50.0});
    let receipt = act(socket, "teleport", place).await;
    receipt["shard"].as_i64().expect("a shard")
}

/// Says something until so many hear it: those beyond the border are known a moment later.
async fn is_heard_by(socket: &mut Socket, what: &str, count: u64) {
    until("it is heard", async || {
        let receipt = act(socket, "say", json!({"message": what})).await;
        (receipt["result"]["heard_by"] == count).then_some(())
    })
    .await;
}

async fn speech(socket: &mut Socket, what: &str) {
    until("what was said comes", async || {
        let heard = socket.heard("speech").await;
        (heard.event["content"]["message"] == what).then_some(())
    })
    .await;
}

#[tokio::test]
async fn nobody_notices_a_border_between_two_nodes() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("world.toml");
    std::fs::write(&file, WORLD).expect("the world's file can be written");
    let mut world = Nodes::start_with(2, &[("ROOKERY_WORLD", file.display().to_string())]).await;
    world.show_logs_on_panic();
    let agents = [
        world.nodes[0].agent("alice").await,
        world.nodes[0].agent("bob").await,
    ];
    // One is connected to the node that the other's shard may run on: whichever, it is seen and heard.
    let mut alice = agents[0].at(world.nodes[0].port()).connect().await;
    let mut bob = agents[1]
        .at(world.nodes[1].port())
        .connect_with(Encoding::Protobuf)
        .await;
    assert_eq!(
        (stand(&mut alice, 124.0).await, stand(&mut bob, 132.0).await),
        (1, 2)
    );
    alice.entry(&agents[1].handle).await;
    bob.entry(&agents[0].handle).await;
    is_heard_by(&mut alice, "over there", 1).await;
    speech(&mut bob, "over there").await;
    is_heard_by(&mut bob, "over here", 1).await;
    speech(&mut alice, "over here").await;
    let near = act(&mut alice, "get_nearby_agents", json!({})).await;
    let ids: Vec<&Value> = near["result"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|agent| &agent["id"])
        .collect();
    assert_eq!(ids, [agents[1].handle.as_str()]);
    // She walks over to him and back.
    for goal in [131.0, 125.0] {
        act(
            &mut alice,
            "move_to",
            json!({"x": goal, "y": 50.0, "gait": "run"}),
        )
        .await;
        until("she is there", async || {
            let at = act(&mut alice, "get_location", json!({})).await;
            (at["result"]["x"] == goal).then_some(())
        })
        .await;
        act(&mut alice, "set_status", json!({"status": format!("at {goal}")})).await;
        until("he sees her there", async || {
            let entry = bob.entry(&agents[0].handle).await;
            (entry["status"] == format!("at {goal}")).then_some(())
        })
        .await;
    }
    // The node that bob is not connected to is killed: one shard of the two comes back on the other node.
    world.nodes[0].stop(Signal::SIGKILL);
    let mut alice = agents[0].at(world.nodes[1].port()).connect().await;
    world.until_shared(1, 1).await;
    is_heard_by(&mut alice, "still there", 1).await;
    speech(&mut bob, "still there").await;
    is_heard_by(&mut bob, "still here", 1).await;
    speech(&mut alice, "still here").await;
}
