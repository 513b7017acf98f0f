//! Shards follow their leases.

use super::follow::adopt;
use super::*;
use crate::actors::test_node::{TestNode, plan, run, run_kept, wait_until};
use crate::base::id::NodeId;
use crate::base::time::Tick;
use crate::domain::refusal::Code;
use crate::store::lease::{Claiming, Holding, NodeState, Turn, Wished};
use crate::store::region::Created;
use crate::store::shard::Checkpoint;
use serde_json::json;

/// Makes a region in the store, as a node does whose answer gets lost.
async fn make_unnoticed(node: &TestNode, name: &'static str) -> Vec<Lease> {
    let (id, now) = (node.node().id, node.node().now());
    let made = node.node().database.write(move |store| {
        let mut plan = plan(name);
        plan.shards = 2;
        store.open_region(&plan, id, (86_400_000, Claiming::Alone), now)
    });
    match made.await.unwrap() {
        Created::Done(opened) => opened.into_iter().map(|(_, lease)| lease).collect(),
        other => panic!("{name} was not made: {other:?}"),
    }
}

#[test]
fn a_lease_of_a_region_that_nobody_here_knows_is_run_once() {
    run(async |node| {
        let alice = node.join("alice", 10.0, 10.0).await;
        let leases = make_unnoticed(&node, "hall").await;
        let to = json!({"region": "hall", "x": 200.0, "y": 9.0});
        let refusal = node.act(&alice, "teleport", to.clone()).await.unwrap_err();
        assert_eq!(refusal.code, Code::RegionNotFound);
        adopt(node.node(), leases.clone()).await;
        let seats = node.node().directory.shard(leases[1].shard).unwrap();
        let there = node.act(&alice, "teleport", to).await.unwrap();
        assert_eq!(there.shard, Some(leases[1].shard));
        // Once more changes nothing: the same actors run.
        adopt(node.node(), leases.clone()).await;
        let again = node.node().directory.shard(leases[1].shard).unwrap();
        assert!(seats.region.is_same(&again.region));
        let world = node.node().directory.world();
        assert_eq!(
            world.shards.iter().filter(|shard| shard.region == "hall").count(),
            2
        );
    });
}

/// A turn of the node's leases.
async fn turn(node: &TestNode) -> Turn {
    let node = node.node();
    let (id, ttl_ms, now) = (node.id, node.lease_ttl_ms, node.now());
    let turn = node
        .database
        .write(move |store| store.keep_leases(id, ttl_ms, Claiming::Alone, now));
    turn.await.unwrap()
}

fn epochs(node: &TestNode) -> Vec<i64> {
    let seats = node.node().directory.shards();
    seats.iter().map(|(_, seats)| seats.lease.epoch()).collect()
}

#[test]
fn a_claim_starts_what_is_strange_and_goes_on_with_what_runs() {
    run(async |node| {
        let alice = node.join("alice", 10.0, 10.0).await;
        make_unnoticed(&node, "hall").await;
        let (id, now) = (node.node().id, node.node().now());
        let claims = node
            .node()
            .database
            .write(move |store| store.claim_shards(id, 86_400_000, now));
        assert_eq!(claims.await.unwrap().len(), 4);
        follow(node.node(), &turn(&node).await).await;
        wait_until("both go on under the new epochs", || async {
            epochs(&node) == [2, 2, 2, 2]
        })
        .await;
        node.stand(&alice, 20.0, 20.0).await;
        let to = json!({"region": "hall", "x": 10.0, "y": 9.0});
        node.act(&alice, "teleport", to).await.unwrap();
        node.stand(&alice, 30.0, 20.0).await;
    });
}

#[test]
fn a_shard_whose_lease_ran_out_goes_on_when_it_is_claimed_anew() {
    run(async |node| {
        let alice = node.join("alice", 10.0, 10.0).await;
        // What is prolonged stays as it is.
        follow(node.node(), &turn(&node).await).await;
        assert_eq!(epochs(&node), [1, 1]);
        node.clock
            .advance(node.node().lease_ttl_ms.unsigned_abs() + 1_000);
        follow(node.node(), &turn(&node).await).await;
        wait_until("newer epochs", || async { epochs(&node) == [2, 2] }).await;
        wait_until("alice is loaded again", || async {
            let to = json!({"region": "plaza", "x": 20.0, "y": 20.0});
            node.act(&alice, "teleport", to).await.is_ok()
        })
        .await;
    });
}

#[test]
fn a_shard_that_another_node_holds_ends_here_and_may_come_back() {
    run(async |node| {
        let alice = node.join("alice", 10.0, 10.0).await;
        node.stand(&alice, 40.0, 50.0).await;
        let thief = crate::base::id::NodeId(uuid::Uuid::from_u128(7));
        let (ttl_ms, now) = (node.node().lease_ttl_ms, node.node().now());
        let stolen = node
            .node()
            .database
            .write(move |store| store.claim_shards(thief, ttl_ms, now));
        assert_eq!(stolen.await.unwrap().len(), 2);
        follow(node.node(), &turn(&node).await).await;
        wait_until("nothing runs here", || async {
            let directory = &node.node().directory;
            let is_empty = directory.shards().is_empty() && directory.agent_count() == 0;
            is_empty && directory.online_count() == 0
        })
        .await;
        let refusal = node.act(&alice, "get_location", json!({})).await.unwrap_err();
        assert_eq!(refusal.code, Code::Moving);
        let given = node
            .node()
            .database
            .write(move |store| store.release_leases(thief, now));
        given.await.unwrap();
        follow(node.node(), &turn(&node).await).await;
        assert_eq!(epochs(&node), [3, 3]);
        wait_until("alice is where she was", || async {
            let at = node.act(&alice, "get_location", json!({})).await;
            at.is_ok_and(|at| at.result.tree()["x"] == 40.0)
        })
        .await;
    });
}

#[test]
fn without_proof_of_the_lease_nothing_is_decided() {
    run(async |node| {
        let alice = node.join("alice", 10.0, 10.0).await;
        let tries = [
            ("move_to", json!({"x": 12.0, "y": 10.0})),
            ("say", json!({"message": "still mine?"})),
        ];
        let now_ms = node.node().clock.monotonic_ms();
        node.node().leases.prove_until(now_ms);
        for (action, params) in &tries {
            let refusal = node.act(&alice, action, params.clone()).await.unwrap_err();
            assert_eq!(refusal.code, Code::Moving, "{action}");
        }
        node.node().leases.prove_until(now_ms + 1);
        for (action, params) in &tries {
            node.act(&alice, action, params.clone()).await.unwrap();
        }
    });
}

/// Follows the turns of a node's leases, as a node does.
fn keep_following(node: &TestNode) {
    let (node, mut turns) = (Arc::clone(node.node()), node.turns.clone().unwrap());
    actix_rt::spawn(async move {
        while turns.changed().await.is_ok() {
            let turn = turns.borrow_and_update().clone();
            follow(&node, &turn).await;
        }
    });
}

/// Another node on the same database.
async fn other(node: &TestNode) -> NodeId {
    let (other, now) = (NodeId(uuid::Uuid::from_u128(7)), node.node().now());
    let known = node
        .node()
        .database
        .write(move |store| store.register_node(other, "other", "127.0.0.1:0", "0", now));
    known.await.unwrap();
    other
}

async fn holdings(node: &TestNode) -> Vec<Holding> {
    let now = node.node().now();
    node.read(move |reader| reader.holdings(now)).await
}

/// A turn of the other node.
async fn turn_of(node: &TestNode, other: NodeId, how: Claiming) -> Turn {
    let (ttl_ms, now) = (node.node().lease_ttl_ms, node.node().now());
    let turn = node
        .node()
        .database
        .write(move |store| store.keep_leases(other, ttl_ms, how, now));
    turn.await.unwrap()
}

async fn wish(node: &TestNode, shard: ShardId, to: NodeId) {
    let (ttl_ms, now) = (node.node().lease_ttl_ms, node.node().now());
    let wished = node
        .node()
        .database
        .write(move |store| store.wish_shard(shard, to, ttl_ms, now));
    assert_eq!(wished.await.unwrap(), Wished::Done);
    node.node().leases.look();
}

#[test]
fn a_shard_is_handed_over_with_all_that_was_answered() {
    run_kept(Claiming::Shared, async |node| {
        let alice = node.join("alice", 10.0, 10.0).await;
        let (plaza, _) = node.shard("plaza");
        let other = other(&node).await;
        // What it has as its share stays.
        turn_of(&node, other, Claiming::None).await;
        node.clock.advance(100);
        node.act(&alice, "move_to", json!({"x": 60.0, "y": 10.0}))
            .await
            .unwrap();
        let tick = node.node().tick();
        wish(&node, plaza, other).await;
        keep_following(&node);
        wait_until("it is given back", async || {
            holdings(&node).await[0].owner.is_none() && node.node().directory.shard(plaza).is_none()
        })
        .await;
        let held = holdings(&node).await;
        assert_eq!((held[0].wish, held[0].epoch), (Some(other), 1));
        assert_eq!(held[1].owner, Some(node.node().id), "the other one stays");
        let loaded = node.read(move |reader| reader.load_shard(plaza)).await.unwrap();
        let saved = loaded.checkpoint.unwrap();
        assert_eq!(saved.tick, tick, "its last moment");
        let body = String::from_utf8(saved.body).unwrap();
        assert!(body.contains("60.0"), "{body}");
        let turn = turn_of(&node, other, Claiming::Shared).await;
        assert_eq!((turn.holdings[0].owner, turn.holdings[0].epoch), (Some(other), 2));
    });
}

#[test]
fn a_shard_that_cannot_be_handed_over_goes_on() {
    run_kept(Claiming::Alone, async |node| {
        let alice = node.join("alice", 10.0, 10.0).await;
        let other = other(&node).await;
        let (shard, seats) = node.shard("plaza");
        let lease = Lease {
            shard,
            owner: node.node().id,
            epoch: seats.lease.epoch(),
        };
        let later = Checkpoint {
            tick: Tick(node.node().tick().0 + 1_000),
            body: b"[]".to_vec(),
        };
        let now = node.node().now();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (begun, is_begun) = tokio::sync::oneshot::channel();
        let database = Arc::clone(node.node());
        // The writer is kept until we say so, and a later checkpoint is there then: this one cannot be saved.
        actix_rt::spawn(async move {
            let kept = database.database.write(move |store| {
                assert!(store.save_checkpoint(lease, &later, 1, now)?);
                begun.send(()).unwrap();
                wait.recv().unwrap();
                Ok(())
            });
            kept.await.unwrap();
        });
        is_begun.await.unwrap();
        seats.keeper.order(ShardMessage::HandOver(other));
        wait_until("it is being handed over", async || seats.lease.is_closed()).await;
        let moved = node.act(&alice, "move_to", json!({"x": 12.0, "y": 10.0})).await;
        if seats.lease.is_closed() {
            assert_eq!(moved.unwrap_err().code, Code::Moving);
        }
        go.send(()).unwrap();
        wait_until("it goes on here", async || {
            node.act(&alice, "say", json!({"message": "still here"}))
                .await
                .is_ok()
        })
        .await;
        assert!(!seats.lease.is_lost());
        let held = holdings(&node).await;
        assert_eq!((held[0].owner, held[0].epoch), (Some(node.node().id), 1));
    });
}

#[test]
fn few_shards_are_handed_over_at_a_time_and_each_once() {
    run(async |node| {
        let leases = &node.node().leases;
        let begin = |shard| leases.begin_hand_over(ShardId(shard));
        let mut under_way: Vec<_> = (1..=4).map(|shard| begin(shard).unwrap()).collect();
        assert!(begin(5).is_none());
        drop(under_way.remove(1));
        assert!(begin(1).is_none());
        assert!(begin(5).is_some());
        let _again = begin(2).unwrap();
        assert!(begin(5).is_none());
    });
}

#[test]
fn who_is_draining_gives_its_shards_away_and_takes_none_back() {
    run_kept(Claiming::Alone, async |node| {
        let alice = node.join("alice", 10.0, 10.0).await;
        let (other, id) = (other(&node).await, node.node().id);
        let set = node
            .node()
            .database
            .write(move |store| store.set_node_state(id, NodeState::Draining));
        assert!(set.await.unwrap());
        keep_following(&node);
        node.node().leases.look();
        wait_until("nothing runs here", async || !node.node().directory.runs_any()).await;
        assert!(node.node().leases.is_draining());
        let free = turn_of(&node, id, Claiming::Alone).await;
        assert!(
            free.holdings
                .iter()
                .all(|held| held.owner.is_none() && held.wish == Some(other))
        );
        let turn = turn_of(&node, other, Claiming::Alone).await;
        assert!(
            turn.holdings
                .iter()
                .all(|held| held.owner == Some(other) && held.epoch == 2)
        );
        node.act(&alice, "get_location", json!({})).await.unwrap_err();
    });
}

#[test]
fn a_region_that_another_node_made_is_known_here() {
    run(async |node| {
        let alice = node.join("alice", 10.0, 10.0).await;
        let other = other(&node).await;
        let (ttl_ms, now) = (node.node().lease_ttl_ms, node.node().now());
        let made = node
            .node()
            .database
            .write(move |store| store.open_region(&plan("hall"), other, (ttl_ms, Claiming::Shared), now));
        assert!(matches!(made.await.unwrap(), Created::Done(_)));
        follow(node.node(), &turn(&node).await).await;
        assert!(node.node().directory.world().region("hall").is_some());
        assert_eq!(node.node().directory.shards().len(), 2);
        node.stand(&alice, 20.0, 20.0).await;
    });
}
