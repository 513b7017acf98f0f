//! The server API on two nodes: what a backend orders of one of them is done on both.

use super::shared::Nodes;
use crate::agent::{Agent, Answer, page};
use crate::client::Socket;
use crate::world::{TestWorld, unique, until};
use rookery::wire::Encoding;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The key of both nodes.
const KEY: &str = "of-the-tests-only-kX2vv9Qm4rT7bN1sLw8Z";
/// So many channels that each of two nodes is the home of some.
const CHANNELS: usize = 12;

/// Orders until it is not refused for the moment, as a backend does. Gives the result.
async fn order(node: &TestWorld, method: &str, params: Value) -> Value {
    let url = node.url("http", "/api");
    let body = json!({"method": method, "params": params}).to_string();
    until(method, async || {
        let mut answer = Answer::of_backend(&url, ("X-API-Key", KEY), body.clone())
            .await
            .ok();
        let error = &answer["error"];
        // 100: something is on the move, or a node was not heard of for a moment.
        assert!(error.is_null() || error["code"] == 100, "{method}: {answer}");
        let result = answer["result"].take();
        (!result.is_null()).then_some(result)
    })
    .await
}

async fn connected(agent: &Agent, encoding: Encoding) -> Socket {
    until("it is let in", async || {
        let mut socket = agent.open(encoding).await;
        match socket.connect(agent.hello()).await {
            Ok(_) => Some(socket),
            Err(error) => {
                assert!(error.temporary, "{error:?}");
                None
            }
        }
    })
    .await
}

async fn subscribe(socket: &mut Socket, channel: &str) {
    until("a subscription", async || match socket.subscribe(channel).await {
        Ok(_) => Some(()),
        Err(error) => {
            assert!(error.temporary, "{error:?}");
            None
        }
    })
    .await;
}

#[tokio::test]
async fn a_backend_reaches_sockets_and_channels_of_both_nodes_by_either() {
    let variables = [
        ("ROOKERY_SERVER__API_KEY", KEY.to_owned()),
        ("ROOKERY_SERVER__STATS_PAGE", "true".to_owned()),
    ];
    let world = Nodes::start_with(2, &variables).await;
    world.show_logs_on_panic();
    world.until_even().await;
    let alice = world.nodes[0].agent("alice").await;
    let bob = world.nodes[0].agent("bob").await;
    let there = alice.at(world.nodes[1].port());
    let mut here = connected(&alice, Encoding::Json).await;
    let mut afar = connected(&there, Encoding::Protobuf).await;
    let mut other = connected(&bob.at(world.nodes[1].port()), Encoding::Json).await;
    let mut homes = BTreeSet::new();
    for n in 0..CHANNELS {
        let channel = format!("public.it-{}", unique());
        for socket in [&mut here, &mut afar, &mut other] {
            subscribe(socket, &channel).await;
        }
        for (count, node) in (1..).zip(&world.nodes) {
            let params = json!({"channel": channel, "data": {"n": n}});
            let published = order(node, "publish", params).await;
            assert_eq!(published["offset"], count, "{published}");
            let epoch = published["epoch"].as_str().expect("an epoch");
            homes.insert(epoch.split_once('-').expect("a home's").0.to_owned());
            for socket in [&mut here, &mut afar, &mut other] {
                let heard = socket.publication(&channel).await;
                let data: Value = serde_json::from_slice(&heard.data).expect("JSON");
                assert_eq!((data, heard.offset, heard.info), (json!({"n": n}), count, None));
            }
        }
        for node in &world.nodes {
            let asked = json!({"channel": channel, "limit": 10});
            let history = order(node, "history", asked.clone()).await;
            assert_eq!(history["publications"].as_array().map(Vec::len), Some(2));
            assert!(history["publications"][0]["info"].is_null(), "{history}");
            let counts = order(node, "presence_stats", asked.clone()).await;
            assert_eq!(counts, json!({"num_clients": 3, "num_users": 2}));
            let presence = order(node, "presence", asked).await["presence"].take();
            assert_eq!(presence[&other.hello.client]["user"], json!(bob.handle));
        }
        // By the node that the socket is not connected to.
        let params = json!({"user": alice.handle, "channel": channel});
        order(&world.nodes[n % 2], "unsubscribe", params).await;
        for socket in [&mut here, &mut afar] {
            let told = socket.push("it is unsubscribed", |push| {
                let unsubscribe = push.unsubscribe.as_ref().filter(|_| push.channel == channel)?;
                Some(unsubscribe.code)
            });
            assert_eq!(told.await, 2000);
        }
    }
    assert_eq!(homes.len(), 2, "both nodes are homes");
    for node in &world.nodes {
        let info = order(node, "info", json!({})).await;
        let nodes = info["nodes"].as_array().expect("a list");
        let clients = nodes
            .iter()
            .map(|node| node["num_clients"].as_u64().expect("a count"));
        assert_eq!((nodes.len(), clients.sum::<u64>()), (2, 3), "{info}");
        let ids: BTreeSet<&str> = nodes.iter().filter_map(|node| node["uid"].as_str()).collect();
        assert_eq!(ids.len(), 2);
    }
    // CE-29: both tell of what was published on either. What was refused for the moment was not published.
    for node in &world.nodes {
        let counted = until("both are counted", async || {
            let counted = page(&node.url("http", "/stats"), &[("accept", "application/json")]).await;
            let counted: Value = serde_json::from_str(&counted.text).ok()?;
            (counted["nodes"] == 2).then_some(counted)
        })
        .await;
        assert_eq!(counted["totalMessages"], 2 * CHANNELS, "{counted}");
    }
    order(&world.nodes[0], "disconnect", json!({"user": alice.handle})).await;
    assert_eq!([here.closed().await, afar.closed().await], [3503; 2]);
    // Bob, on the second node, is still there, and goes by an order to the first.
    let channel = format!("public.it-{}", unique());
    subscribe(&mut other, &channel).await;
    order(
        &world.nodes[0],
        "disconnect",
        json!({"user": bob.handle, "disconnect": {"code": 3507}}),
    )
    .await;
    assert_eq!(other.closed().await, 3507);
}
