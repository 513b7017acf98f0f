//! Several nodes on one PostgreSQL and one Redis share the world. Whoever is connected to any of them does not notice which one runs
//! its region.

use crate::agent::Agent;
use crate::client::{Heard, Socket};
use crate::services::{Postgres, Redis};
use crate::world::{Settings, TestWorld, unique, until};
use nix::sys::signal::Signal;
use reqwest::Method;
use rookery::wire::Encoding;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Nodes that share a world.
pub struct Nodes<R = Redis> {
    pub nodes: Vec<TestWorld>,
    pub redis: R,
}

impl Nodes {
    /// So many, each with its share of the shards.
    pub async fn start(count: usize) -> Self {
        Self::start_with(count, &[]).await
    }

    /// So many, with more variables.
    pub async fn start_with(count: usize, variables: &[(&'static str, String)]) -> Self {
        let redis = Redis::start();
        let url = redis.url();
        Self::start_on(redis, url, count, variables).await
    }
}

impl<R> Nodes<R> {
    /// So many on this Redis, each with its share of the shards.
    pub(super) async fn start_on(
        redis: R,
        url: String,
        count: usize,
        variables: &[(&'static str, String)],
    ) -> Self {
        // Short, for those that lose nodes; a variable may say otherwise.
        let lease = ("ROOKERY_STORE__LEASE_TTL_MS", "2000".to_owned());
        let is_limited = variables
            .iter()
            .any(|(name, _)| name.starts_with("ROOKERY_LIMITS__"));
        let settings = Settings {
            is_limited,
            database: Some(Postgres::shared().fresh_database()),
            redis: Some(url),
            variables: [lease].into_iter().chain(variables.iter().cloned()).collect(),
        };
        let nodes: Vec<TestWorld> = (0..count).map(|_| TestWorld::start(settings.clone())).collect();
        let all = Self { nodes, redis };
        all.until_shared(0, count).await;
        all
    }

    /// Waits until so many nodes have the shards, each at least one, as a node says.
    pub(super) async fn until_shared(&self, at: usize, count: usize) {
        until("each node has a share", async || {
            let shards = self.shards(at).await?;
            let owners: BTreeSet<&str> = shards
                .iter()
                .filter_map(|shard| shard["node_id"].as_str())
                .collect();
            let is_whole = shards.iter().all(|shard| shard["node_id"].is_string());
            (is_whole && owners.len() == count).then_some(())
        })
        .await;
    }

    /// Waits until no node has two shards more than another: then they keep them.
    pub async fn until_even(&self) {
        until("all have as much", async || {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for shard in self.shards(0).await? {
                *counts.entry(shard["node_id"].as_str()?.to_owned()).or_default() += 1;
            }
            let (least, most) = (counts.values().min()?, counts.values().max()?);
            (counts.len() == self.nodes.len() && most - least < 2).then_some(())
        })
        .await;
    }

    pub(super) async fn shards(&self, at: usize) -> Option<Vec<Value>> {
        let node = &self.nodes[at];
        let answer = node
            .call(
                Method::GET,
                "/api/v1/admin/shards",
                Some(node.admin_token()),
                None,
            )
            .await;
        answer.body["shards"].as_array().cloned()
    }

    /// A region of each node.
    async fn regions(&self) -> Vec<String> {
        let shards = self.shards(0).await.expect("shards");
        let mut regions: Vec<(String, String)> = Vec::new();
        for shard in shards {
            let node = shard["node_id"].as_str().unwrap_or_default().to_owned();
            if !regions.iter().any(|(known, _)| *known == node) {
                regions.push((node, shard["region"].as_str().expect("a region").to_owned()));
            }
        }
        regions.into_iter().map(|(_, region)| region).collect()
    }

    pub(super) fn show_logs_on_panic(&self) {
        self.nodes.iter().for_each(TestWorld::show_log_on_panic);
    }
}

/// Acts over a socket; what is refused for the moment is tried again, as every client does.
pub(super) async fn act(socket: &mut Socket, action: &str, mut params: Value) -> Value {
    // One command, however often it is asked for: whoever hears `timeout` does not know whether it was done.
    params["command_id"] = json!(format!("it-{}", unique()));
    for _ in 0..400 {
        match socket.rpc(action, params.clone()).await {
            Ok(receipt) => return receipt,
            Err(error) => assert!(error.temporary, "{action}: {error:?}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("{action} was never done");
}

/// Says something until somebody hears it: who just came may be there a moment later.
async fn hears(speaker: &mut Socket, listener: &mut Socket, what: &str) -> Heard {
    act(speaker, "say", json!({"message": what})).await;
    listener.heard("speech").await
}

/// Two agents, each connected to a node of its own.
pub(super) struct Pair {
    pub(super) alice: Agent,
    bob: Agent,
    here: Socket,
    there: Socket,
}

impl Pair {
    pub(super) async fn of<R>(world: &Nodes<R>) -> Self {
        let [first, second] = [world.nodes[0].port(), world.nodes[1].port()];
        let alice = world.nodes[0].agent("alice").await;
        let bob = world.nodes[0].agent("bob").await;
        let here = alice.at(first).connect().await;
        let there = bob.at(second).connect_with(Encoding::Protobuf).await;
        Self {
            alice,
            bob,
            here,
            there,
        }
    }

    /// They go to a region of each node; in each they see one another, and what one does reaches the other.
    pub(super) async fn meets_everywhere<R>(&mut self, world: &Nodes<R>) {
        let Self {
            alice,
            bob,
            here,
            there,
        } = self;
        for region in world.regions().await {
            let place = json!({"region": region, "x": 60.0, "y": 60.0});
            for socket in [&mut *here, &mut *there] {
                let receipt = act(socket, "teleport", place.clone()).await;
                assert_eq!(receipt["region"], region);
            }
            // Each sees the other, and hears it.
            here.entry(&bob.handle).await;
            there.entry(&alice.handle).await;
            let heard = hears(here, there, &format!("hello {region}")).await;
            assert_eq!(heard.event["source"], json!(alice.handle));
            let heard = hears(there, here, &format!("welcome to {region}")).await;
            assert_eq!(heard.event["source"], json!(bob.handle));
            let paid = act(
                here,
                "pay",
                json!({"to": bob.handle, "amount": 7, "note": region}),
            )
            .await;
            assert_eq!(paid["durability"], "committed");
            let heard = there.heard("payment").await;
            assert_eq!(heard.event["content"]["amount"], 7);
            act(
                there,
                "whisper",
                json!({"target_id": alice.handle, "message": "thanks"}),
            )
            .await;
            here.heard("whisper").await;
        }
    }
}

#[tokio::test]
async fn whoever_is_connected_anywhere_meets_everywhere() {
    let world = Nodes::start(2).await;
    world.show_logs_on_panic();
    let mut pair = Pair::of(&world).await;
    pair.meets_everywhere(&world).await;
    // Over HTTP too, by way of either node.
    for node in &world.nodes {
        let balance = pair
            .alice
            .at(node.port())
            .act("balance", json!({}))
            .await
            .result();
        assert_eq!(balance["balance"], 100_000 - 14);
    }
}

#[tokio::test]
async fn a_killed_node_takes_no_socket_of_another_node_along() {
    let mut world = Nodes::start(2).await;
    world.show_logs_on_panic();
    let (alice, bob) = (
        world.nodes[0].agent("alice").await,
        world.nodes[0].agent("bob").await,
    );
    let regions = world.regions().await;
    let mut sockets = [alice.connect().await, bob.connect().await];
    // One agent with each node, both connected to the first.
    for (socket, region) in sockets.iter_mut().zip(&regions) {
        act(
            socket,
            "teleport",
            json!({"region": region, "x": 60.0, "y": 60.0}),
        )
        .await;
    }
    world.nodes[1].stop(Signal::SIGKILL);
    for (socket, region) in sockets.iter_mut().zip(&regions) {
        let at = act(socket, "get_location", json!({})).await;
        assert_eq!(
            (at["region"].as_str(), &at["result"]["x"]),
            (Some(region.as_str()), &json!(60.0))
        );
        act(socket, "move_to", json!({"x": 70.0, "y": 60.0})).await;
    }
    for (socket, agent) in sockets.iter_mut().zip([&alice, &bob]) {
        socket.entry(&agent.handle).await;
    }
    world.until_shared(0, 1).await;
}

#[tokio::test]
async fn a_node_that_is_told_to_stop_hands_its_shards_over_and_nobody_elsewhere_notices() {
    let mut world = Nodes::start(3).await;
    world.show_logs_on_panic();
    let agent = world.nodes[0].agent("alice").await;
    let regions = world.regions().await;
    assert_eq!(regions.len(), 3);
    let mut socket = agent.connect().await;
    for (left, region) in [(2, &regions[2]), (1, &regions[1])] {
        act(
            &mut socket,
            "teleport",
            json!({"region": region, "x": 60.0, "y": 60.0}),
        )
        .await;
        let mut stopping = world.nodes.remove(left);
        let stopped = tokio::task::spawn_blocking(move || stopping.stop(Signal::SIGTERM));
        let mut count = 0;
        while !stopped.is_finished() {
            act(&mut socket, "get_location", json!({})).await;
            let said = format!("{left}-{count}");
            act(&mut socket, "say", json!({"message": said, "command_id": said})).await;
            count += 1;
        }
        stopped.await.expect("it stops");
        assert!(count > 0);
        world.until_shared(0, left).await;
    }
    assert_eq!(
        act(&mut socket, "get_location", json!({})).await["region"],
        json!(regions[1])
    );
}

#[tokio::test]
async fn a_spectator_of_one_node_follows_an_agent_through_the_regions_of_all() {
    let world = Nodes::start(2).await;
    world.show_logs_on_panic();
    let agent: Agent = world.nodes[0].agent("alice").await;
    let mut own = agent.connect().await;
    let mut spectator =
        Socket::open(&world.nodes[1].url("ws", "/connection/websocket"), Encoding::Json).await;
    spectator
        .connect(Default::default())
        .await
        .expect("spectators come in");
    let looking = until("she is known there", async || {
        let target = json!({"target": {"agent": agent.handle}});
        spectator.rpc("spectate", target).await.ok()
    });
    looking.await;
    spectator.entry(&agent.handle).await;
    for region in world.regions().await.iter().chain(&world.regions().await) {
        act(
            &mut own,
            "teleport",
            json!({"region": region, "x": 80.0, "y": 80.0}),
        )
        .await;
        act(&mut own, "move_to", json!({"x": 90.0, "y": 80.0})).await;
        spectator
            .push(&format!("a frame of {region}"), |push| {
                let frame: Value = serde_json::from_slice(&push.r#pub.as_ref()?.data).ok()?;
                let is_hers = frame["agents"]
                    .as_array()?
                    .iter()
                    .any(|entry| entry["id"] == json!(agent.handle));
                (is_hers && push.channel == format!("region:{region}")).then_some(())
            })
            .await;
    }
}

#[tokio::test]
async fn without_redis_each_node_goes_on_and_hears_of_the_others_by_the_store() {
    let mut world = Nodes::start(2).await;
    world.show_logs_on_panic();
    let (alice, bob) = (
        world.nodes[0].agent("alice").await,
        world.nodes[0].agent("bob").await,
    );
    // Both in a region of the second node, alice by way of the first.
    let shards = world.shards(0).await.expect("shards");
    let seconds = world.nodes[1].get("/health/full").await.body;
    let mut far = alice.connect().await;
    let mut near = bob.at(world.nodes[1].port()).connect().await;
    let mut found = None;
    for region in shards.iter().filter_map(|shard| shard["region"].as_str()) {
        for socket in [&mut far, &mut near] {
            act(
                socket,
                "teleport",
                json!({"region": region, "x": 60.0, "y": 60.0}),
            )
            .await;
        }
        let agents_here = world.nodes[1].get("/health/full").await.body["agent_actors"].as_u64();
        if agents_here == Some(2) {
            found = Some(region);
            break;
        }
    }
    assert!(found.is_some(), "{seconds}");
    far.entry(&bob.handle).await;
    world.redis.kill();
    let refused = until("it is noticed", async || {
        let tried = far.rpc("say", json!({"message": "anybody?"})).await;
        tried.err().filter(|error| error.message.starts_with("moving"))
    });
    assert!(refused.await.temporary);
    // The second node goes on with its own, and the first reads of it.
    act(&mut near, "say", json!({"message": "no redis here"})).await;
    far.until("she hears him", |socket| {
        let said = |heard: &Heard| heard.event["content"]["message"] == "no redis here";
        socket.events.iter().any(said).then_some(())
    })
    .await;
    act(
        &mut near,
        "whisper",
        json!({"target_id": alice.handle, "message": "psst"}),
    )
    .await;
    far.heard("whisper").await;
    world.redis.restart();
    act(&mut far, "say", json!({"message": "back again"})).await;
    near.until("he hears her", |socket| {
        let said = |heard: &Heard| heard.event["content"]["message"] == "back again";
        socket.events.iter().any(said).then_some(())
    })
    .await;
}
