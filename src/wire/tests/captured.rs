//! What official SDKs write: centrifuge (JavaScript) 5.8.0 wrote the commands, the protobuf schema inside
//! centrifuge-python 0.7.0 the binary replies.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::wire::push::*;
use crate::wire::reply::*;
use crate::wire::request::*;
use crate::wire::subscription::*;
use crate::wire::{ClientError, UnsubscribeCode, code};

pub fn raw(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

/// What the JavaScript SDK sent, in order, as a value, in JSON and in protobuf.
pub fn captured_commands() -> Vec<(Command, &'static str, &'static str)> {
    let leaf = |key: &str, cmp: &str| FilterNode {
        key: key.into(),
        cmp: cmp.into(),
        ..FilterNode::default()
    };
    let filter = FilterNode {
        op: "and".into(),
        nodes: vec![
            FilterNode {
                vals: vec!["1".into(), "2".into()],
                ..leaf("a", "in")
            },
            FilterNode {
                val: "x".into(),
                ..leaf("b", "eq")
            },
        ],
        ..FilterNode::default()
    };
    let connect = ConnectRequest {
        token: "tok".into(),
        data: raw(r#"{"hi":"ä"}"#),
        name: "js".into(),
        headers: BTreeMap::from([("x-a".into(), "b".into())]),
        ..ConnectRequest::default()
    };
    let subscribe = SubscribeRequest {
        channel: "region:plaza".into(),
        recover: true,
        recoverable: true,
        join_leave: true,
        epoch: "e".into(),
        offset: 7,
        flag: 1,
        tf: Some(Box::new(filter)),
        ..SubscribeRequest::default()
    };
    let move_to = RpcRequest {
        data: raw(r#"{"x":1.5,"y":2}"#),
        method: "move_to".into(),
    };
    let publish = PublishRequest {
        channel: "ch".into(),
        data: raw(r#""text""#),
        ..PublishRequest::default()
    };
    let since = Some(StreamPosition {
        offset: 3,
        epoch: "e".into(),
    });
    let history = HistoryRequest {
        channel: "ch".into(),
        limit: 5,
        since,
        reverse: true,
    };
    let channel = String::from("ch");
    vec![
        (
            Command::of(1_u32, Request::Connect(Box::new(connect))),
            r#"{"connect":{"token":"tok","data":{"hi":"ä"},"name":"js","headers":{"x-a":"b"}},"id":1}"#,
            "24080122200a03746f6b120b7b226869223a22c3a4227d22026a7332080a03782d61120162",
        ),
        (
            Command::of(2_u32, Request::Subscribe(Box::new(subscribe))),
            r#"{"subscribe":{"channel":"region:plaza","recoverable":true,"join_leave":true,"flag":1,"recover":true,"offset":7,"epoch":"e","tf":{"op":"and","nodes":[{"key":"a","cmp":"in","vals":["1","2"]},{"key":"b","cmp":"eq","val":"x"}]}},"id":2}"#,
            "4108022a3d0a0c726567696f6e3a706c617a6118013201653807500158016a200a03616e64320d1201611a02696e2a01312a0132320a1201621a0265712201787001",
        ),
        (
            Command::of(3_u32, Request::Rpc(move_to)),
            r#"{"rpc":{"method":"move_to","data":{"x":1.5,"y":2}},"id":3}"#,
            "1e08036a1a0a0f7b2278223a312e352c2279223a327d12076d6f76655f746f",
        ),
        (
            Command::of(4_u32, Request::Publish(Box::new(publish))),
            r#"{"publish":{"channel":"ch","data":"text"},"id":4}"#,
            "1008043a0c0a0263681206227465787422",
        ),
        (
            Command::of(0_u32, Request::Send(SendRequest { data: raw("[1]") })),
            r#"{"send":{"data":[1]}}"#,
            "0762050a035b315d",
        ),
        (
            Command::of(
                5_u32,
                Request::Presence(PresenceRequest {
                    channel: channel.clone(),
                }),
            ),
            r#"{"presence":{"channel":"ch"},"id":5}"#,
            "08080542040a026368",
        ),
        (
            Command::of(6_u32, Request::PresenceStats(PresenceStatsRequest { channel })),
            r#"{"presence_stats":{"channel":"ch"},"id":6}"#,
            "0808064a040a026368",
        ),
        (
            Command::of(7_u32, Request::History(Box::new(history))),
            r#"{"history":{"channel":"ch","since":{"offset":3,"epoch":"e"},"limit":5,"reverse":true},"id":7}"#,
            "130807520f0a0263683805420508031201654801",
        ),
        (Command::default(), "{}", "00"),
    ]
}

/// Replies as a value, in our JSON and in the bytes of the official schema.
pub fn replies() -> Vec<(Reply, &'static str, &'static str)> {
    let personal = SubscribeResult {
        recoverable: true,
        epoch: "e".into(),
        offset: 3,
        positioned: true,
        ..SubscribeResult::default()
    };
    let connect = ConnectResult {
        client: "c1".into(),
        version: "rookery".into(),
        data: raw(r#"{"tick":7}"#),
        subs: BTreeMap::from([("#alice".into(), personal)]),
        ping: 25,
        pong: true,
        time: 1_700_000_000_000,
        ..ConnectResult::default()
    };
    let info = ClientInfo {
        user: "alice".into(),
        client: "c1".into(),
        ..ClientInfo::default()
    };
    let present = ClientInfo {
        conn_info: raw(r#"{"a":1}"#),
        ..info.clone()
    };
    let publication = Publication {
        data: raw(r#"{"tick":1}"#),
        offset: 300,
        info: Some(Box::new(info)),
        ..Publication::default()
    };
    vec![
        (
            Reply::of(1_u32, ReplyBody::Connect(Box::new(connect))),
            r##"{"id":1,"connect":{"client":"c1","version":"rookery","data":{"tick":7},"subs":{"#alice":{"recoverable":true,"epoch":"e","offset":3,"positioned":true}},"ping":25,"pong":true,"time":1700000000000}}"##,
            "3d08012a390a0263311207726f6f6b6572792a0a7b227469636b223a377d32130a0623616c6963651209180132016548035001381940015880d095ffbc31",
        ),
        (
            Reply::of(
                2_u32,
                ReplyBody::Rpc(RpcResult {
                    data: raw(r#"{"ok":true}"#),
                }),
            ),
            r#"{"id":2,"rpc":{"data":{"ok":true}}}"#,
            "1108026a0d0a0b7b226f6b223a747275657d",
        ),
        (
            Reply::refuse(3, ClientError::TOO_MANY_REQUESTS),
            r#"{"id":3,"error":{"code":111,"message":"too many requests","temporary":true}}"#,
            "1b08031217086f1211746f6f206d616e792072657175657374731801",
        ),
        (
            Reply::of(4_u32, ReplyBody::Publish(PublishResult {})),
            r#"{"id":4,"publish":{}}"#,
            "0408044200",
        ),
        (
            Reply::of(
                5_u32,
                ReplyBody::Presence(PresenceResult {
                    presence: BTreeMap::from([("c1".into(), present)]),
                }),
            ),
            r#"{"id":5,"presence":{"presence":{"c1":{"user":"alice","client":"c1","conn_info":{"a":1}}}}}"#,
            "2008054a1c0a1a0a02633112140a05616c696365120263311a077b2261223a317d",
        ),
        (
            Reply::push(Push::of(
                "region:plaza",
                PushBody::Publication(Box::new(publication)),
            )),
            r#"{"push":{"channel":"region:plaza","pub":{"data":{"tick":1},"info":{"user":"alice","client":"c1"},"offset":300}}}"#,
            "2e222c120c726567696f6e3a706c617a61221c220a7b227469636b223a317d2a0b0a05616c6963651202633130ac02",
        ),
        (
            Reply::push(Push::of(
                "x",
                PushBody::Unsubscribe(UnsubscribeCode::INSUFFICIENT_STATE.into()),
            )),
            r#"{"push":{"channel":"x","unsubscribe":{"code":2500,"reason":"insufficient state"}}}"#,
            "1e221c1201783a1710c4131a12696e73756666696369656e74207374617465",
        ),
        (
            Reply::push(Push::of(
                "",
                PushBody::Disconnect(code::Disconnect::SHUTDOWN.into()),
            )),
            r#"{"push":{"disconnect":{"code":3001,"reason":"shutdown","reconnect":true}}}"#,
            "1322115a0f08b917120873687574646f776e1801",
        ),
        (Reply::default(), "{}", "00"),
    ]
}
