use super::token::{FUTURE_S, PAST_S, signed, token};
use crate::client::Socket;
use crate::plot::Plot;
use crate::world::TestWorld;
use bytes::{Bytes, BytesMut};
use rookery::wire::reply::ReplyBody;
use rookery::wire::request::{Command, ConnectRequest, RefreshRequest, Request, RpcRequest};
use rookery::wire::subscription::SubscribeRequest;
use rookery::wire::{self, Encoding};
use serde_json::{Value, json};

const BOTH: [Encoding; 2] = [Encoding::Json, Encoding::Protobuf];

async fn nobody(encoding: Encoding) -> Socket {
    Socket::open(&TestWorld::shared().url("ws", "/connection/websocket"), encoding).await
}

fn with(token: String) -> ConnectRequest {
    ConnectRequest {
        token,
        ..ConnectRequest::default()
    }
}

#[tokio::test]
async fn both_encodings_are_welcomed_alike() {
    let plot = Plot::new().await;
    for encoding in BOTH {
        let alice = plot.stranger("alice").await;
        let mut socket = alice.connect_with(encoding).await;
        let hello = socket.hello.clone();
        assert!(!hello.client.is_empty() && hello.expires && hello.ttl > 0 && hello.ping == 25 && hello.pong);
        let data: Value = serde_json::from_slice(&hello.data).unwrap();
        assert!(
            data["protocol"] == 1
                && data["tick"].is_i64()
                && data["time_ms"].is_i64()
                && data["tick_ms"].is_i64(),
            "{data}"
        );
        let names: Vec<&String> = hello.subs.keys().collect();
        assert_eq!(
            names,
            [&format!("#{}", alice.handle), &format!("region:{}", plot.name)]
        );
        let inbox = &hello.subs[names[0]];
        assert!(inbox.recoverable && inbox.positioned && !inbox.epoch.is_empty() && inbox.offset == 0);
        let receipt = socket.rpc("get_location", json!({})).await.unwrap();
        assert_eq!(receipt["result"]["region"], plot.name.as_str());
        assert_eq!(socket.entry(&alice.handle).await["name"], alice.handle.as_str());
    }
}

#[tokio::test]
async fn protobuf_is_also_chosen_by_the_query() {
    let url = TestWorld::shared().url("ws", "/connection/websocket?format=protobuf");
    let (mut stream, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let command = Command::of(1_u32, Request::Connect(Box::default()));
    let frame = wire::encode_command(Encoding::Protobuf, &command);
    let message = tokio_tungstenite::tungstenite::Message::binary(frame);
    futures_util::SinkExt::send(&mut stream, message).await.unwrap();
    let answer = futures_util::StreamExt::next(&mut stream).await.unwrap().unwrap();
    let replies = wire::decode_replies(Encoding::Protobuf, &answer.into_data(), 8).unwrap();
    assert!(matches!(
        replies[0].clone().into_body(),
        Some(ReplyBody::Connect(_))
    ));
}

#[tokio::test]
async fn a_plain_get_is_told_to_upgrade() {
    TestWorld::shared()
        .get("/connection/websocket")
        .await
        .refused("upgrade_required");
}

#[tokio::test]
async fn a_page_of_another_origin_opens_no_socket() {
    use tokio_tungstenite::tungstenite::{Error, client::IntoClientRequest};
    let world = TestWorld::shared();
    for (origin, is_welcome) in [
        ("https://elsewhere.example".to_owned(), false),
        ("null".to_owned(), false),
        (world.url("http", ""), true),
    ] {
        let mut request = world
            .url("ws", "/connection/websocket")
            .into_client_request()
            .unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        match tokio_tungstenite::connect_async(request).await {
            Ok(_) => assert!(is_welcome, "{origin}"),
            Err(Error::Http(response)) => {
                assert_eq!((response.status().as_u16(), is_welcome), (403, false), "{origin}")
            }
            Err(error) => panic!("{origin}: {error}"),
        }
    }
}

#[tokio::test]
async fn commands_of_one_frame_are_handled_in_order() {
    let plot = Plot::new().await;
    for encoding in BOTH {
        let alice = plot.stranger("alice").await;
        let mut socket = alice.open(encoding).await;
        let subscribe = SubscribeRequest {
            channel: "public.frame".to_owned(),
            ..SubscribeRequest::default()
        };
        let rpc = |method: &str, data: Value| RpcRequest {
            data: Bytes::from(data.to_string()),
            method: method.to_owned(),
        };
        let commands = [
            Request::Connect(Box::new(alice.hello())),
            Request::Subscribe(Box::new(subscribe)),
            Request::Rpc(rpc("set_status", json!({"status": "busy"}))),
            Request::Rpc(rpc("get_location", json!({}))),
        ];
        let pieces: Vec<Bytes> = (1_u32..)
            .zip(commands)
            .map(|(id, body)| wire::encode_command(encoding, &Command::of(id, body)))
            .collect();
        let mut frame = BytesMut::new();
        wire::join(encoding, &pieces, &mut frame);
        socket.send_frame(frame.freeze()).await;
        assert!(matches!(socket.reply(1).await, Ok(ReplyBody::Connect(_))));
        assert!(matches!(socket.reply(2).await, Ok(ReplyBody::Subscribe(_))));
        assert_eq!(socket.rpc_reply(3).await.unwrap()["durability"], "checkpointed");
        assert_eq!(
            socket.rpc_reply(4).await.unwrap()["result"]["region"],
            plot.name.as_str()
        );
    }
}

#[tokio::test]
async fn an_expired_token_is_error_109_and_the_socket_takes_a_better_one() {
    let alice = TestWorld::shared().agent("alice").await;
    let mut socket = alice.open(Encoding::Json).await;
    let error = socket.connect(with(token("somebody", PAST_S))).await.unwrap_err();
    assert_eq!(error.code, 109);
    socket.connect(alice.hello()).await.unwrap();
}

#[tokio::test]
async fn a_forged_token_closes_with_3500() {
    let forged = signed(
        &json!({"sub": "somebody", "exp": FUTURE_S}),
        "of-somebody-else-0123456789abcdefgh",
    );
    for token in ["no token at all".to_owned(), forged] {
        let mut socket = nobody(Encoding::Json).await;
        socket.start(Request::Connect(Box::new(with(token)))).await;
        assert_eq!(socket.closed().await, 3500);
    }
}

#[tokio::test]
async fn without_a_token_one_may_watch_but_not_act() {
    for encoding in BOTH {
        let mut socket = nobody(encoding).await;
        let hello = socket.connect(ConnectRequest::default()).await.unwrap();
        assert!(hello.subs.is_empty() && !hello.expires);
        let error = socket.rpc("say", json!({"message": "hi"})).await.unwrap_err();
        assert_eq!(
            (error.code, error.message.split(':').next()),
            (401, Some("unauthenticated"))
        );
    }
}

#[tokio::test]
async fn a_user_of_a_backend_may_use_channels_but_not_act() {
    let mut socket = nobody(Encoding::Json).await;
    let hello = socket.connect(with(token("outsider", FUTURE_S))).await.unwrap();
    assert!(hello.expires && hello.ttl > 0);
    socket.subscribe("public.outside").await.unwrap();
    assert_eq!(
        socket
            .rpc("say", json!({"message": "hi"}))
            .await
            .unwrap_err()
            .code,
        401
    );
}

#[tokio::test]
async fn a_refresh_takes_a_new_token_of_the_same_user() {
    let alice = TestWorld::shared().agent("alice").await;
    let mut socket = alice.connect().await;
    let pair = TestWorld::shared()
        .post(
            "/api/v1/token",
            json!({"agent_id": alice.handle, "api_key": alice.api_key}),
        )
        .await
        .ok();
    let fresh = pair["token"].as_str().unwrap().to_owned();
    match socket
        .ask(Request::Refresh(RefreshRequest { token: fresh }))
        .await
    {
        Ok(ReplyBody::Refresh(result)) => assert!(result.expires && result.ttl > 0),
        other => panic!("{other:?}"),
    }
    socket.rpc("ping", json!({})).await.unwrap();
}

#[tokio::test]
async fn a_refresh_with_a_wrong_token_closes() {
    let (alice, bob) = (
        TestWorld::shared().agent("alice").await,
        TestWorld::shared().agent("bob").await,
    );
    let cases = [
        (bob.token.clone(), 3500),
        ("nonsense".to_owned(), 3500),
        (token(&alice.handle, PAST_S), 3005),
        (String::new(), 3501),
    ];
    for (token, code) in cases {
        let mut socket = alice.connect().await;
        socket.start(Request::Refresh(RefreshRequest { token })).await;
        assert_eq!(socket.closed().await, code);
    }
}

#[tokio::test]
async fn refusals_of_actions_have_their_numbers() {
    let alice = Plot::new().await.agent("alice").await;
    let mut socket = alice.connect().await;
    let cases = [
        ("fly", json!({}), 104, "unknown_action", false),
        ("say", json!({}), 422, "invalid_parameter", false),
        (
            "pay",
            json!({"to": "nobody-here", "amount": 1}),
            404,
            "target_not_found",
            false,
        ),
        (
            "whisper",
            json!({"target_id": alice.handle, "message": "x"}),
            422,
            "self_target",
            false,
        ),
    ];
    for (method, params, code, name, is_temporary) in cases {
        let error = socket.rpc(method, params).await.unwrap_err();
        assert_eq!((error.code, error.temporary), (code, is_temporary), "{error:?}");
        assert!(error.message.starts_with(&format!("{name}: ")), "{error:?}");
    }
}

#[tokio::test]
async fn a_durable_action_with_its_id_is_done_once_over_both_transports() {
    let plot = Plot::new().await;
    let (alice, bob) = (plot.agent("alice").await, plot.agent("bob").await);
    let mut socket = alice.connect().await;
    let pay = |amount: i64| json!({"to": bob.handle, "amount": amount, "command_id": "tea"});
    let first = socket.rpc("pay", pay(7)).await.unwrap();
    assert_eq!(socket.rpc("pay", pay(7)).await.unwrap()["replayed"], true);
    assert_eq!(socket.rpc("pay", pay(8)).await.unwrap_err().code, 422);
    let over_http = alice
        .act_as("tea", "pay", json!({"to": bob.handle, "amount": 7}))
        .await;
    assert!(
        over_http.is_replayed() && over_http.body["result"] == first["result"],
        "{}",
        over_http.body
    );
    assert_eq!(alice.balance().await, 100_000 - 7);
}
