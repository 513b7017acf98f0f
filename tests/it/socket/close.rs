//! How the server closes a socket that breaks the rules.

use crate::client::Socket;
use crate::world::{PATIENCE, Settings, TestWorld};
use bytes::Bytes;
use nix::sys::signal::Signal;
use rookery::wire::Encoding;
use rookery::wire::request::{Command, ConnectRequest, PingRequest, Request, RpcRequest};
use serde_json::json;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

async fn fresh(encoding: Encoding) -> Socket {
    Socket::open(&TestWorld::shared().url("ws", "/connection/websocket"), encoding).await
}

async fn open(encoding: Encoding) -> Socket {
    let mut socket = fresh(encoding).await;
    socket.connect(ConnectRequest::default()).await.unwrap();
    socket
}

#[tokio::test]
async fn a_command_before_connect_closes_with_3501() {
    for request in [
        Request::Rpc(RpcRequest::default()),
        Request::Ping(PingRequest {}),
        Request::Subscribe(Box::default()),
    ] {
        let mut socket = fresh(Encoding::Json).await;
        socket.start(request).await;
        assert_eq!(socket.closed().await, 3501);
    }
}

#[tokio::test]
async fn commands_that_are_none_close_with_3501() {
    let id_without_body = Command {
        id: 7,
        ..Command::default()
    };
    let body_without_id = Command::of(0_u32, Request::Rpc(RpcRequest::default()));
    let second_connect = Command::of(9_u32, Request::Connect(Box::default()));
    let empty_channel = Command::of(9_u32, Request::Subscribe(Box::default()));
    let empty_publish = Command::of(9_u32, Request::Publish(Box::default()));
    for encoding in [Encoding::Json, Encoding::Protobuf] {
        for command in [
            &id_without_body,
            &body_without_id,
            &second_connect,
            &empty_channel,
            &empty_publish,
        ] {
            let mut socket = open(encoding).await;
            socket.send_command(command).await;
            assert_eq!(socket.closed().await, 3501, "{encoding:?} {command:?}");
        }
    }
}

#[tokio::test]
async fn frames_that_are_not_the_protocol_close() {
    let deep = format!(
        "{{\"id\":1,\"rpc\":{{\"method\":\"ping\",\"data\":{}1{}}}}}",
        "[".repeat(40),
        "]".repeat(40)
    );
    for text in [
        "",
        "hello",
        "[]",
        "{\"id\":1",
        "{\"id\":-1,\"ping\":{}}",
        deep.as_str(),
    ] {
        let mut socket = open(Encoding::Json).await;
        socket.send_message(Message::text(text)).await;
        assert_eq!(socket.closed().await, 3501, "{text}");
    }
    let mut socket = open(Encoding::Protobuf).await;
    socket
        .send_message(Message::binary(Bytes::from_static(&[0xff, 0xff, 0xff])))
        .await;
    assert_eq!(socket.closed().await, 3501);
}

#[tokio::test]
async fn more_commands_in_a_frame_than_allowed_close_with_3501() {
    let mut socket = open(Encoding::Json).await;
    let lines: Vec<String> = (1..=65)
        .map(|id| json!({"id": id + 10, "ping": {}}).to_string())
        .collect();
    socket.send_message(Message::text(lines.join("\n"))).await;
    assert_eq!(socket.closed().await, 3501);
}

#[tokio::test]
async fn the_wrong_kind_of_frame_closes_with_3506() {
    let mut socket = open(Encoding::Json).await;
    socket
        .send_message(Message::binary(Bytes::from_static(b"{}")))
        .await;
    assert_eq!(socket.closed().await, 3506);
    let mut socket = open(Encoding::Protobuf).await;
    socket.send_message(Message::text("{}")).await;
    assert_eq!(socket.closed().await, 3506);
}

#[tokio::test]
async fn a_message_without_an_answer_closes_with_3508() {
    let mut socket = open(Encoding::Json).await;
    socket.send_async(&json!({"hello": "world"})).await;
    assert_eq!(socket.closed().await, 3508);
}

#[tokio::test]
async fn a_pong_that_nobody_asked_for_closes_with_3501() {
    let mut socket = open(Encoding::Json).await;
    socket.send_command(&Command::default()).await;
    assert_eq!(socket.closed().await, 3501);
}

#[tokio::test]
async fn a_message_over_the_limit_closes_with_1009() {
    for encoding in [Encoding::Json, Encoding::Protobuf] {
        let mut socket = open(encoding).await;
        let data = Bytes::from(json!("x".repeat(17_000)).to_string());
        socket
            .start(Request::Rpc(RpcRequest {
                data,
                method: "say".to_owned(),
            }))
            .await;
        assert_eq!(socket.closed().await, 1009);
    }
}

#[tokio::test]
async fn a_socket_that_says_nothing_closes_with_3502() {
    let mut socket = fresh(Encoding::Json).await;
    assert_eq!(socket.closed().await, 3502);
}

#[tokio::test]
async fn the_end_of_the_process_closes_with_3001() {
    let mut world = TestWorld::start(Settings::default());
    let mut watcher = Socket::open(&world.url("ws", "/connection/websocket"), Encoding::Json).await;
    watcher.connect(ConnectRequest::default()).await.unwrap();
    let alice = world.agent("alice").await;
    let mut socket = alice.connect().await;
    let mut fresh = Socket::open(&world.url("ws", "/connection/websocket"), Encoding::Json).await;
    let stopped = std::thread::spawn(move || world.stop(Signal::SIGTERM));
    assert_eq!((socket.closed().await, watcher.closed().await), (3001, 3001));
    assert_eq!(fresh.closed().await, 3001, "nobody said yet whose it is");
    stopped.join().unwrap();
}

#[tokio::test]
async fn a_client_that_closes_is_answered_with_its_own_code() {
    let world = TestWorld::shared();
    let alice = world.agent("alice").await;
    let small = format!("/ws/{}", alice.handle);
    for path in ["/connection/websocket", small.as_str()] {
        for code in [1000_u16, 4321] {
            let mut socket = Socket::open(&world.url("ws", path), Encoding::Json).await;
            let frame = CloseFrame {
                code: code.into(),
                reason: "".into(),
            };
            socket.send_message(Message::Close(Some(frame))).await;
            assert_eq!(socket.closed().await, code, "{path}");
        }
    }
    let mut socket = alice.connect().await;
    socket.send_message(Message::Close(None)).await;
    assert_eq!(socket.closed().await, 1000);
}

#[tokio::test]
async fn a_revoked_agent_is_out_within_two_seconds() {
    let alice = TestWorld::shared().agent("alice").await;
    let mut sockets = [
        alice.connect().await,
        alice.connect_with(Encoding::Protobuf).await,
    ];
    alice
        .post("/api/v1/token/revoke", json!({"scope": "agent"}))
        .await
        .ok();
    // One second of a busy machine on top of the two.
    for socket in &mut sockets {
        assert_eq!(socket.closed_within(Duration::from_secs(3)).await, 3500);
    }
    alice.act("ping", json!({})).await.refused("token_revoked");
    let mut again = alice.open(Encoding::Json).await;
    again.start(Request::Connect(Box::new(alice.hello()))).await;
    assert_eq!(again.closed_within(PATIENCE).await, 3500);
}

#[tokio::test]
async fn leaving_the_world_closes_its_sockets_with_3503() {
    let alice = TestWorld::shared().agent("alice").await;
    let mut socket = alice.connect().await;
    alice.leave().await;
    assert_eq!(socket.closed().await, 3503);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_and_nobody_else_notices() {
    let world = TestWorld::shared();
    let (alice, bob) = (world.agent("alice").await, world.agent("bob").await);
    let name = format!("public.flood-{}", crate::world::unique());
    let mut stalled = bob.connect().await;
    stalled.subscribe(&name).await.unwrap();
    let mut sender = alice.connect().await;
    sender.subscribe(&name).await.unwrap();
    let slow = async || {
        world.get("/health/full").await.ok()["slow_clients_closed"]
            .as_f64()
            .unwrap()
    };
    let before = slow().await;
    let data = json!("x".repeat(15_000));
    let mut sent = 0;
    // Far more than the queue and the kernel's buffers hold together.
    while slow().await <= before {
        assert!(
            sent < 2_000,
            "{sent} publications are waiting for a client that does not read"
        );
        for _ in 0..50 {
            sender.publish(&name, &data).await.unwrap();
            sent += 1;
        }
    }
    sender.rpc("ping", json!({})).await.unwrap();
    let code = stalled.closed().await;
    assert!([1006, 3008].contains(&code), "{code}");
}
