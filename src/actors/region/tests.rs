//! A region in two shards whose border is at 128 m: what a shard knows after it was loaded again.

use super::{RegionActor, RegionMessage, look};
use crate::actors::gateway::Caller;
use crate::actors::mailbox::Seat;
use crate::actors::test_node::{TestNode, plan, run_in, wait_until};
use crate::base::id::ShardId;
use crate::config::Limits;
use crate::domain::refusal::Code;
use crate::domain::space::Vec3;
use serde_json::json;
use std::future::Future;
use std::sync::mpsc;
use std::time::Duration;

fn run_divided<F: Future<Output = ()>>(body: impl FnOnce(TestNode) -> F) {
    let mut plaza = plan("plaza");
    plaza.shards = 2;
    let limits = Limits {
        unlimited: true,
        ..Limits::default()
    };
    run_in(&[plaza], limits, 7, body);
}

fn west(node: &TestNode) -> (ShardId, Seat<RegionActor>) {
    let at = Vec3::new(10.0, 10.0, 25.0);
    let (shard, seats) = node.node().directory.shard_at("plaza", at).unwrap();
    (shard, seats.region)
}

/// Waits until the last checkpoint of the western shard says something.
async fn saved(node: &TestNode, what: &str) {
    let (shard, region) = west(node);
    wait_until("a checkpoint", || async {
        // A region that is loading keeps nothing; the next look asks again.
        let _ = region.demand(Duration::from_secs(1), RegionMessage::Save).await;
        let loaded = node.read(move |reader| reader.load_shard(shard)).await;
        let body = loaded.unwrap().checkpoint.map(|checkpoint| checkpoint.body);
        String::from_utf8(body.unwrap_or_default())
            .unwrap()
            .contains(what)
    })
    .await;
}

/// Where an agent is, and the shard that says so.
async fn place(node: &TestNode, agent: &Caller) -> (f64, ShardId) {
    loop {
        match node.act(agent, "get_location", json!({})).await {
            Ok(receipt) => {
                return (
                    receipt.result.tree()["x"].as_f64().unwrap(),
                    receipt.shard.unwrap(),
                );
            }
            Err(refusal) => assert_eq!(refusal.code, Code::Moving),
        }
    }
}

#[test]
fn a_shard_that_was_loaded_again_has_nobody_beyond_its_border() {
    run_divided(|node| async move {
        let alice = node.join("alice", 120.0, 10.0).await;
        let way = json!({"x": 136.0, "y": 10.0, "gait": "run"});
        node.act(&alice, "move_to", way).await.unwrap();
        saved(&node, "136.0").await;
        let (shard, region) = west(&node);
        // Time goes by while the shard does nothing, and then it is loaded again before it ticks.
        let (go_on, held) = mpsc::channel::<()>();
        region.order(RegionMessage::Look(Box::new(move |_, _| {
            let _ = held.recv();
        })));
        region.order(RegionMessage::Reload);
        node.clock.advance(4_000);
        let looked = look(&region, |state, tick| {
            let at = |body| state.position(body, tick).x;
            state.bodies().map(at).collect::<Vec<f64>>()
        });
        let located = place(&node, &alice);
        // Both are asked before the shard goes on.
        let (looked, (x, by), ()) = tokio::join!(looked, located, async { go_on.send(()).unwrap() });
        assert!(looked.unwrap().iter().all(|x| *x < 128.0));
        assert_eq!((x < 128.0), by == shard, "{x} by {by}");
        wait_until("alice comes over", || async {
            place(&node, &alice).await.1 != shard
        })
        .await;
    });
}

#[test]
fn a_shard_that_was_loaded_again_knows_who_is_followed_over_the_border() {
    run_divided(|node| async move {
        let (alice, bob) = (
            node.join("alice", 100.0, 10.0).await,
            node.join("bob", 120.0, 10.0).await,
        );
        let follow = json!({"target_id": "bob", "distance": 40.0});
        node.act(&alice, "follow", follow).await.unwrap();
        let way = json!({"x": 130.0, "y": 10.0, "gait": "run"});
        node.act(&bob, "move_to", way).await.unwrap();
        let (shard, region) = west(&node);
        node.clock.advance(4_000);
        wait_until("bob goes over", || async { place(&node, &bob).await.1 != shard }).await;
        saved(&node, "follow").await;
        region.order(RegionMessage::Reload);
        node.clock.advance(200);
        let (alice, bob) = (alice.id, bob.id);
        let known = async || {
            let seen = look(&region, move |state, _| {
                let follow = state.body(alice).and_then(|body| body.follow.clone());
                (follow.map(|follow| follow.target), state.beyond(bob).is_some())
            });
            seen.await.unwrap()
        };
        wait_until("bob is found", || async { known().await.1 }).await;
        node.clock.advance(20_000);
        assert_eq!(known().await, (Some(bob), true));
    });
}
