//! A socket stays where it is, wherever its agent goes.

use super::socket::TestSocket;
use super::{FOREST, PLAZA, run};
use crate::actors::gateway::Caller;
use crate::actors::roster;
use crate::actors::test_node::{TestNode, plan, run_pair, wait_until};
use crate::base::id::{NodeId, ShardId};
use serde_json::{Value, json};

/// Whether a frame shows an agent.
fn shows(agent: &Caller) -> impl Fn(&Value) -> bool {
    let handle = agent.handle.to_string();
    move |said| said.get("cell").is_some() && said.to_string().contains(&handle)
}

async fn walk(node: &TestNode, agent: &Caller, x: f64) {
    node.act(agent, "move_to", json!({"x": x, "y": 128.0}))
        .await
        .unwrap();
}

#[test]
fn a_socket_sees_and_hears_what_happens_on_the_other_node() {
    run(async |first, second| {
        let (alice, bob) = (first.register("alice").await, first.register("bob").await);
        let socket = TestSocket::join(&first, &alice, Some("forest")).await;
        socket.hear(&first, "alice sees herself", shows(&alice)).await;
        second
            .gateway
            .join(
                &bob.handle,
                crate::actors::gateway::Guest::Rest,
                Some("forest".into()),
            )
            .await
            .unwrap();
        socket.hear(&first, "she sees bob", shows(&bob)).await;
        walk(&second, &bob, 130.0).await;
        socket.hear(&first, "she sees him walk", shows(&bob)).await;
        second
            .act(&bob, "say", json!({"message": "over here"}))
            .await
            .unwrap();
        socket
            .hear(&first, "she hears him", |said| {
                said.to_string().contains("over here")
            })
            .await;
        second
            .act(&bob, "whisper", json!({"target_id": "alice", "message": "psst"}))
            .await
            .unwrap();
        socket
            .hear(&first, "her inbox", |said| {
                said["inbox"].to_string().contains("psst")
            })
            .await;
        first.gateway.part(&alice.handle, socket.session);
        wait_until("nobody watches there", || async {
            first.clock.advance(100);
            !second
                .node()
                .directory
                .hubs()
                .iter()
                .enumerate()
                .any(|(hub, _)| second.node().directory.is_watched(FOREST, hub))
        })
        .await;
    });
}

#[test]
fn a_socket_follows_its_agent_to_the_other_node_and_back() {
    run(async |first, second| {
        let (alice, bob) = (
            first.register("alice").await,
            first.join("bob", 128.0, 128.0).await,
        );
        let socket = TestSocket::join(&first, &alice, Some("plaza")).await;
        socket.hear(&first, "she sees bob", shows(&bob)).await;
        for (region, shard) in [("forest", FOREST), ("plaza", PLAZA), ("forest", FOREST)] {
            let to = json!({"region": region, "x": 120.0, "y": 128.0});
            assert_eq!(
                first.act(&alice, "teleport", to).await.unwrap().shard,
                Some(shard)
            );
            socket
                .hear(&first, "the region changes", |said| said["region"] == region)
                .await;
            socket.hear(&first, "she sees herself there", shows(&alice)).await;
            walk(&first, &alice, 126.0).await;
            socket.hear(&first, "and goes on", shows(&alice)).await;
        }
        assert!(!socket.is_closed());
        assert_eq!(second.node().directory.sockets(&alice.handle).len(), 1);
    });
}

#[test]
fn a_socket_walks_over_the_border_with_its_agent() {
    let mut wide = plan("plaza");
    wide.shards = 2;
    run_pair(&[wide], async |first, second| {
        second.take_shard(&first, ShardId(2)).await;
        let alice = first.register("alice").await;
        let socket = TestSocket::join(&first, &alice, None).await;
        let stood = first
            .act(
                &alice,
                "teleport",
                json!({"region": "plaza", "x": 126.0, "y": 100.0}),
            )
            .await;
        assert_eq!(stood.unwrap().shard, Some(ShardId(1)));
        socket.hear(&first, "she sees herself", shows(&alice)).await;
        first
            .act(&alice, "move_to", json!({"x": 140.0, "y": 100.0}))
            .await
            .unwrap();
        wait_until("she is with the other node", || async {
            first.clock.advance(100);
            second.node().directory.agent(&alice.handle).is_some()
        })
        .await;
        let seen = socket.hear(&first, "she sees herself there", shows(&alice)).await;
        assert!(!seen.iter().any(|said| said.get("region").is_some()), "{seen:?}");
        assert!(!socket.is_closed());
    });
}

#[test]
fn sockets_go_on_when_another_node_takes_their_agents_shard() {
    run(async |first, second| {
        let alice = first.register("alice").await;
        let socket = TestSocket::join(&first, &alice, Some("forest")).await;
        socket.hear(&first, "she sees herself", shows(&alice)).await;
        // The shard comes here, from a node that is still there.
        first.take_shard(&second, FOREST).await;
        let seen = socket
            .hear(&first, "what she saw is lost", |said| said.get("lost").is_some())
            .await;
        assert!(!seen.is_empty());
        socket.hear(&first, "she sees herself again", shows(&alice)).await;
        walk(&first, &alice, 130.0).await;
        socket.hear(&first, "and goes on", shows(&alice)).await;
        // And away again: her socket is here, her agent there.
        second.take_shard(&first, FOREST).await;
        socket
            .hear(&first, "she sees herself once more", shows(&alice))
            .await;
        let at = first.act(&alice, "get_location", json!({})).await.unwrap();
        assert_eq!(at.shard, Some(FOREST));
        assert!(!socket.is_closed());
    });
}

#[test]
fn nodes_that_come_and_go_take_one_place_among_the_hubs() {
    run(async |first, second| {
        let (node, me) = (first.node(), first.node().id);
        let hubs = || node.directory.hubs().len();
        // Nothing is awaited here, so that nothing is heard meanwhile.
        let before = hubs();
        let place = node.directory.hub_of(second.node().id).unwrap();
        for number in 1..=5 {
            roster::note_turn(node, &[], &[me]);
            assert_eq!(node.directory.hub_of(second.node().id), None);
            let anew = NodeId(uuid::Uuid::from_u128(number));
            roster::note_turn(node, &[], &[me, anew]);
            assert_eq!(node.directory.hub_of(anew), Some(place));
        }
        // One that comes as another goes is known beside it for a moment.
        for number in 6..=9 {
            let anew = NodeId(uuid::Uuid::from_u128(number));
            roster::note_turn(node, &[], &[me, anew]);
            assert!(node.directory.hub_of(anew).is_some());
        }
        assert_eq!(hubs(), before + 1);
    });
}

#[test]
fn a_node_that_is_gone_leaves_nothing_behind() {
    run(async |first, second| {
        let (alice, bob) = (second.register("alice").await, first.register("bob").await);
        let _guest = TestSocket::join(&second, &alice, Some("plaza")).await;
        let socket = TestSocket::join(&first, &bob, Some("forest")).await;
        wait_until("both are known", || async {
            first.node().directory.online_count() == 2
        })
        .await;
        assert_eq!(first.node().directory.sockets(&alice.handle).len(), 1);
        // The second one stops without a word: the lease of the forest runs out.
        let (id, now) = (first.node().id, first.node().now());
        let granted = first
            .node()
            .database
            .write(move |store| store.grant_shard(FOREST, id, 86_400_000, now));
        let lease = granted.await.unwrap();
        first.run_shard(lease);
        roster::note_turn(first.node(), &[], &[id]);
        assert!(first.node().directory.sockets(&alice.handle).is_empty());
        socket.hear(&first, "bob is served again", shows(&bob)).await;
    });
}
