//! The inbox on a socket: nothing lost, nothing twice, whatever ends the process.

use crate::agent::Agent;
use crate::client::Socket;
use crate::world::{Settings, TestWorld};
use nix::sys::signal::Signal;
use rookery::wire::Encoding;
use rookery::wire::reply::ConnectResult;
use rookery::wire::request::ConnectRequest;
use rookery::wire::subscription::{SubscribeRequest, SubscribeResult};
use serde_json::{Value, json};

/// Connects again from a position in the inbox.
async fn resume(agent: &Agent, epoch: &str, offset: u64) -> (Socket, SubscribeResult) {
    let channel = format!("#{}", agent.handle);
    let sub = SubscribeRequest {
        recover: true,
        epoch: epoch.to_owned(),
        offset,
        ..SubscribeRequest::default()
    };
    let request = ConnectRequest {
        subs: [(channel.clone(), sub)].into(),
        ..agent.hello()
    };
    let mut socket = agent.open(Encoding::Json).await;
    let hello: ConnectResult = socket.connect(request).await.unwrap();
    (socket, hello.subs[&channel].clone())
}

fn messages(result: &SubscribeResult) -> Vec<(u64, String)> {
    let read = |data: &[u8]| {
        serde_json::from_slice::<Value>(data).unwrap()["events"][0]["content"]["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    result
        .publications
        .iter()
        .map(|it| (it.offset, read(&it.data)))
        .collect()
}

#[tokio::test]
async fn missed_whispers_are_recovered_after_kill_9() {
    let mut world = TestWorld::start(Settings::default());
    let (alice, bob) = (world.agent("alice").await, world.agent("bob").await);
    alice.enter().await;
    let to_bob = |message: &str| json!({"target_id": bob.handle, "message": message});
    let mut socket = bob.connect().await;
    let epoch = socket.hello.subs[&format!("#{}", bob.handle)].epoch.clone();
    alice.act("whisper", to_bob("one")).await.ok();
    assert_eq!(socket.heard("whisper").await.offset, 1);
    drop(socket);
    for message in ["two", "three"] {
        alice.act("whisper", to_bob(message)).await.ok();
    }
    world.restart(Signal::SIGKILL);
    alice.enter().await;
    alice.act("whisper", to_bob("four")).await.ok();
    let (mut socket, inbox) = resume(&bob, &epoch, 1).await;
    assert!(
        inbox.recovered && inbox.was_recovering && inbox.epoch == epoch,
        "{inbox:?}"
    );
    assert_eq!(
        messages(&inbox),
        [
            (2, "two".to_owned()),
            (3, "three".to_owned()),
            (4, "four".to_owned())
        ]
    );
    assert_eq!(inbox.offset, 1, "a recovered stream echoes the client's offset");
    alice.act("whisper", to_bob("five")).await.ok();
    assert_eq!(socket.heard("whisper").await.offset, 5);
}

#[tokio::test]
async fn a_position_that_is_not_ours_is_not_recovered() {
    let world = TestWorld::shared();
    let (alice, bob) = (world.agent("alice").await, world.agent("bob").await);
    alice.enter().await;
    alice
        .act("whisper", json!({"target_id": bob.handle, "message": "one"}))
        .await
        .ok();
    let socket = bob.connect().await;
    let epoch = socket.hello.subs[&format!("#{}", bob.handle)].epoch.clone();
    for (epoch, offset) in [("_", 0), (epoch.as_str(), 99)] {
        let (_socket, inbox) = resume(&bob, epoch, offset).await;
        assert!(
            !inbox.recovered && inbox.was_recovering && inbox.publications.is_empty() && inbox.offset == 1,
            "{inbox:?}"
        );
    }
    let (_socket, inbox) = resume(&bob, &epoch, 1).await;
    assert!(
        inbox.recovered && inbox.publications.is_empty() && inbox.offset == 1,
        "{inbox:?}"
    );
}

#[tokio::test]
async fn every_socket_of_an_agent_gets_each_entry_once() {
    let world = TestWorld::shared();
    let (alice, bob) = (world.agent("alice").await, world.agent("bob").await);
    alice.enter().await;
    let mut sockets = [bob.connect().await, bob.connect_with(Encoding::Protobuf).await];
    let sent = 40;
    for n in 0..sent {
        alice
            .act(
                "whisper",
                json!({"target_id": bob.handle, "message": n.to_string()}),
            )
            .await
            .ok();
    }
    for socket in &mut sockets {
        let mut offsets = Vec::new();
        for _ in 0..sent {
            offsets.push(socket.heard("whisper").await.offset);
        }
        assert_eq!(offsets, (1..=sent).collect::<Vec<u64>>());
    }
}

#[tokio::test]
async fn without_a_socket_the_inbox_is_read_by_cursor() {
    let world = TestWorld::shared();
    let (alice, bob) = (world.agent("alice").await, world.agent("bob").await);
    alice.enter().await;
    bob.enter().await;
    let path = format!("/api/v1/agents/{}/events", bob.handle);
    let page = bob.get(&path).await.ok();
    let cursor = page["cursor"]
        .as_str()
        .unwrap_or_else(|| panic!("{page}"))
        .to_owned();
    alice
        .act("whisper", json!({"target_id": bob.handle, "message": "psst"}))
        .await
        .ok();
    let page = bob.get(&format!("{path}?cursor={cursor}&wait_s=10")).await.ok();
    let events = page["events"].as_array().unwrap();
    assert!(
        events
            .iter()
            .any(|event| event["type"] == "whisper" && event["content"]["message"] == "psst"),
        "{page}"
    );
    alice.get(&path).await.refused("not_owner");
}
