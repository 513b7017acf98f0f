//! What only time shows, all in one test: its sockets wait side by side.

use super::token::token;
use crate::client::Socket;
use crate::plot::Plot;
use crate::world::TestWorld;
use rookery::wire::Encoding;
use rookery::wire::request::ConnectRequest;
use serde_json::json;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

async fn open(encoding: Encoding) -> Socket {
    Socket::open(&TestWorld::shared().url("ws", "/connection/websocket"), encoding).await
}

/// A ping comes within 25 s and its answer keeps the socket open.
async fn lives(encoding: Encoding) {
    let mut socket = open(encoding).await;
    socket.connect(ConnectRequest::default()).await.unwrap();
    socket
        .until_within(LONG, "a second ping", |socket| (socket.pings >= 2).then_some(()))
        .await;
    assert!(
        socket
            .rpc("spectate", json!({"target": {"region": "main"}}))
            .await
            .is_ok()
    );
}

async fn is_silent(encoding: Encoding) {
    let mut socket = open(encoding).await;
    socket.connect(ConnectRequest::default()).await.unwrap();
    socket.ignore_pings();
    assert_eq!(socket.closed_within(LONG).await, 3012);
    assert_eq!(socket.pings, 1);
}

async fn expires() {
    let mut clock = open(Encoding::Json).await;
    let now_s = clock.connect(ConnectRequest::default()).await.unwrap().time / 1_000;
    let mut socket = open(Encoding::Json).await;
    let hello = socket
        .connect(ConnectRequest {
            token: token("guest", now_s + 2),
            ..ConnectRequest::default()
        })
        .await
        .unwrap();
    assert!(hello.expires && hello.ttl <= 3, "{hello:?}");
    drop(clock);
    assert_eq!(socket.closed_within(LONG).await, 3005);
}

/// An agent leaves the world when its last socket is gone for 30 s, and not before.
async fn despawns() {
    let plot = Plot::new().await;
    let (alice, bob) = (plot.stranger("alice").await, plot.agent("bob").await);
    let mut seen = bob.connect().await;
    let socket = alice.connect().await;
    seen.heard("agent_spawn").await;
    drop(socket);
    // Back within the grace: it never left.
    let socket = alice.connect().await;
    assert_eq!(
        bob.act("get_region_info", json!({})).await.result()["agent_count"],
        2
    );
    assert!(
        !seen
            .events
            .iter()
            .any(|heard| heard.event["type"] == "agent_despawn")
    );
    drop(socket);
    let event = seen.until_within(LONG, "alice leaves", |socket| {
        socket
            .events
            .iter()
            .find(|heard| heard.event["type"] == "agent_despawn")
            .map(|heard| heard.event.clone())
    });
    assert_eq!(event.await["source"], alice.handle);
    alice.act("ping", json!({})).await.refused("not_in_world");
}

#[tokio::test]
async fn pings_silence_expiry_and_absence_take_their_time() {
    tokio::join!(
        lives(Encoding::Json),
        lives(Encoding::Protobuf),
        is_silent(Encoding::Json),
        is_silent(Encoding::Protobuf),
        expires(),
        despawns()
    );
}
