//! Spectators see the whole world from any node, and what gets lost is told anew.

use super::socket::TestSocket;
use super::{FOREST, run};
use crate::actors::directory::Watcher;
use crate::actors::hub::HubMessage;
use crate::actors::node::DEADLINE;
use crate::actors::spectator::{Looking, SpectatorActor, SpectatorMessage};
use crate::actors::test_node::{TestNode, wait_until};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::spectate::Spectate;
use serde_json::{Value, json};

/// Has a socket's spectator look at something.
async fn spectate(node: &TestNode, socket: &TestSocket, what: Value) -> Result<Looking, Refusal> {
    let known = node.node().spectators.get(socket.session);
    let seat = known
        .or_else(|| SpectatorActor::start(node.node(), socket.session, socket.hub))
        .unwrap();
    let spectate: Spectate = serde_json::from_value(what).unwrap();
    let me = seat.clone();
    seat.ask(DEADLINE, |reply| {
        SpectatorMessage::Look(Box::new(spectate), me, reply)
    })
    .await
}

#[test]
fn a_camera_follows_an_agent_from_node_to_node() {
    run(async |first, second| {
        let alice = second.register("alice").await;
        let _own = TestSocket::join(&second, &alice, Some("forest")).await;
        let socket = TestSocket::open(&first, None);
        wait_until("she is known", || async {
            first.node().directory.online(&alice.handle).is_some()
        })
        .await;
        let looking = spectate(&first, &socket, json!({"target": {"agent": "alice"}}))
            .await
            .unwrap();
        assert_eq!((looking.region.as_str(), looking.at.is_some()), ("forest", true));
        let is_alice = |said: &Value| said.get("cell").is_some() && said.to_string().contains("alice");
        socket.hear(&first, "she is seen", is_alice).await;
        for region in ["plaza", "forest"] {
            second
                .act(
                    &alice,
                    "teleport",
                    json!({"region": region, "x": 60.0, "y": 60.0}),
                )
                .await
                .unwrap();
            socket
                .hear(&first, "the camera goes along", |said| said["region"] == region)
                .await;
            socket.hear(&first, "she is seen there", is_alice).await;
        }
        let nobody = spectate(&first, &socket, json!({"target": {"agent": "nobody"}})).await;
        assert_eq!(nobody.unwrap_err().code, Code::TargetNotFound);
    });
}

#[test]
fn a_whole_region_of_another_node_is_watched_through_a_change_of_hands() {
    run(async |first, second| {
        let alice = second.register("alice").await;
        let _own = TestSocket::join(&second, &alice, Some("forest")).await;
        let socket = TestSocket::open(&first, None);
        spectate(
            &first,
            &socket,
            json!({"target": {"region": "forest"}, "mode": "overview"}),
        )
        .await
        .unwrap();
        let is_alice = |said: &Value| said.to_string().contains("alice");
        socket.hear(&first, "she is seen", is_alice).await;
        first.take_shard(&second, FOREST).await;
        socket.hear(&first, "she is seen again", is_alice).await;
        second.take_shard(&first, FOREST).await;
        socket.hear(&first, "and again", is_alice).await;
    });
}

#[test]
fn what_a_followed_agent_does_goes_to_the_nodes_of_its_followers_alone() {
    run(async |first, second| {
        let alice = first.join("alice", 100.0, 100.0).await;
        let say = async |text: &str| first.act(&alice, "say", json!({"message": text})).await.unwrap();
        // Whatever came to the second node about her would be written to this one.
        let socket = TestSocket::open(&second, None);
        let follow = HubMessage::Follow {
            session: socket.session,
            from: None,
            to: Some("spectator:alice".into()),
        };
        second.node().directory.hubs()[socket.hub].seat.order(follow);
        let follower = |node| Watcher {
            session: socket.session,
            node,
        };
        first.node().directory.put_watcher(&alice.handle, follower(None));
        say("to the first").await;
        let there = Some(second.node().id);
        first.node().directory.put_watcher(&alice.handle, follower(there));
        say("to both").await;
        let mut heard = Vec::new();
        wait_until("it is heard", || {
            let pushes = socket.pushes().into_iter();
            heard.extend(pushes.filter(|push| push["channel"] == "spectator:alice"));
            let is_heard = !heard.is_empty();
            async move { is_heard }
        })
        .await;
        assert!(heard[0].to_string().contains("to both"), "{heard:?}");
    });
}
