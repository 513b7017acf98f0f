//! Channels: subscribe, publish, presence, history, recovery, and every error of theirs.

use crate::agent::Agent;
use crate::client::Socket;
use crate::world::{TestWorld, unique};
use rookery::wire::Encoding;
use rookery::wire::reply::{Error, HistoryResult, ReplyBody};
use rookery::wire::request::{
    HistoryRequest, PresenceRequest, PresenceStatsRequest, PublishRequest, Request, StreamPosition,
};
use rookery::wire::subscription::{SubRefreshRequest, SubscribeRequest};
use serde_json::{Value, json};

async fn two() -> (Agent, Socket, Agent, Socket) {
    let world = TestWorld::shared();
    let (alice, bob) = (world.agent("alice").await, world.agent("bob").await);
    let sockets = (alice.connect().await, bob.connect_with(Encoding::Protobuf).await);
    (alice, sockets.0, bob, sockets.1)
}

fn channel() -> String {
    format!("public.it-{}", unique())
}

fn payload(data: &[u8]) -> Value {
    serde_json::from_slice::<Value>(data).unwrap()["payload"].take()
}

async fn history(socket: &mut Socket, request: HistoryRequest) -> Result<HistoryResult, Error> {
    match socket.ask(Request::History(Box::new(request))).await? {
        ReplyBody::History(result) => Ok(*result),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_publication_reaches_subscribers_of_both_encodings_wrapped() {
    let (alice, mut a, _, mut b) = two().await;
    let name = channel();
    a.subscribe(&name).await.unwrap();
    b.subscribe(&name).await.unwrap();
    a.publish(&name, &json!({"n": 1})).await.unwrap();
    for socket in [&mut a, &mut b] {
        let publication = socket.publication(&name).await;
        let data: Value = serde_json::from_slice(&publication.data).unwrap();
        assert_eq!(
            (&data["_claw"]["sender"], &data["payload"]),
            (&json!(alice.handle), &json!({"n": 1}))
        );
        assert!(data["_claw"]["timestamp"].is_i64());
        assert_eq!(
            (publication.offset, publication.info.unwrap().user),
            (1, alice.handle.clone())
        );
    }
    b.unsubscribe(&name).await.unwrap();
    b.unsubscribe(&name).await.unwrap();
    a.publish(&name, &json!({"n": 2})).await.unwrap();
    assert_eq!(payload(&a.publication(&name).await.data), json!({"n": 2}));
    b.rpc("ping", json!({})).await.unwrap();
    assert!(
        !b.pushes
            .iter()
            .any(|push| push.channel == name && push.r#pub.is_some()),
        "{:?}",
        b.pushes
    );
}

#[tokio::test]
async fn who_comes_and_goes_is_told_and_listed() {
    let (alice, mut a, bob, mut b) = two().await;
    let name = channel();
    a.subscribe(&name).await.unwrap();
    b.subscribe(&name).await.unwrap();
    let joined = a.push("bob joins", |push| {
        let info = push
            .join
            .as_ref()
            .filter(|_| push.channel == name)?
            .info
            .clone()?;
        (info.user == bob.handle).then_some(info)
    });
    assert_eq!(joined.await.client, b.hello.client);
    let presence = match a
        .ask(Request::Presence(PresenceRequest {
            channel: name.clone(),
        }))
        .await
        .unwrap()
    {
        ReplyBody::Presence(result) => result.presence,
        other => panic!("{other:?}"),
    };
    let mut users: Vec<&str> = presence.values().map(|info| info.user.as_str()).collect();
    users.sort_unstable();
    assert_eq!(users, [alice.handle.as_str(), bob.handle.as_str()]);
    assert!(presence.contains_key(&a.hello.client) && presence.contains_key(&b.hello.client));
    drop(b);
    a.push("bob leaves", |push| {
        let info = push
            .leave
            .as_ref()
            .filter(|_| push.channel == name)?
            .info
            .clone()?;
        (info.user == bob.handle).then_some(())
    })
    .await;
    match a
        .ask(Request::PresenceStats(PresenceStatsRequest { channel: name }))
        .await
        .unwrap()
    {
        ReplyBody::PresenceStats(stats) => assert_eq!((stats.num_clients, stats.num_users), (1, 1)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn history_gives_what_was_published_from_both_ends() {
    let (_, mut a, _, _b) = two().await;
    let name = channel();
    for n in 1..=5 {
        a.publish(&name, &json!(n)).await.unwrap();
    }
    let all = history(
        &mut a,
        HistoryRequest {
            channel: name.clone(),
            limit: -1,
            ..HistoryRequest::default()
        },
    )
    .await
    .unwrap();
    let numbers = |result: &HistoryResult| -> Vec<Value> {
        result.publications.iter().map(|it| payload(&it.data)).collect()
    };
    assert_eq!(
        (numbers(&all), all.offset),
        (vec![json!(1), json!(2), json!(3), json!(4), json!(5)], 5)
    );
    let position = history(
        &mut a,
        HistoryRequest {
            channel: name.clone(),
            ..HistoryRequest::default()
        },
    )
    .await
    .unwrap();
    assert_eq!(
        (position.publications.len(), position.offset, &position.epoch),
        (0, 5, &all.epoch)
    );
    let since = |offset: u64, epoch: &str| {
        Some(StreamPosition {
            offset,
            epoch: epoch.to_owned(),
        })
    };
    let request = HistoryRequest {
        channel: name.clone(),
        limit: 2,
        since: since(2, &all.epoch),
        reverse: false,
    };
    assert_eq!(
        numbers(&history(&mut a, request.clone()).await.unwrap()),
        [json!(3), json!(4)]
    );
    let reverse = HistoryRequest {
        reverse: true,
        ..request
    };
    assert_eq!(numbers(&history(&mut a, reverse).await.unwrap()), [json!(1)]);
    let newest = HistoryRequest {
        channel: name.clone(),
        limit: 1,
        since: None,
        reverse: true,
    };
    assert_eq!(numbers(&history(&mut a, newest).await.unwrap()), [json!(5)]);
    let stale = HistoryRequest {
        channel: name,
        limit: 1,
        since: since(1, "of-another-stream"),
        reverse: false,
    };
    assert_eq!(history(&mut a, stale).await.unwrap_err().code, 112);
}

#[tokio::test]
async fn what_was_missed_is_recovered_by_offset_and_epoch() {
    let (_, mut a, _, mut b) = two().await;
    let name = channel();
    let first = b.subscribe(&name).await.unwrap();
    assert!(first.recoverable && first.positioned && first.offset == 0 && !first.epoch.is_empty());
    a.publish(&name, &json!(1)).await.unwrap();
    assert_eq!(b.publication(&name).await.offset, 1);
    b.unsubscribe(&name).await.unwrap();
    a.publish(&name, &json!(2)).await.unwrap();
    a.publish(&name, &json!(3)).await.unwrap();
    let recover = |epoch: &str, offset: u64, flag: i64| SubscribeRequest {
        channel: name.clone(),
        recover: true,
        epoch: epoch.to_owned(),
        offset,
        flag,
        ..SubscribeRequest::default()
    };
    let again = b.subscribe_with(recover(&first.epoch, 1, 0)).await.unwrap();
    assert!(again.recovered && again.was_recovering);
    assert_eq!(
        again
            .publications
            .iter()
            .map(|it| (it.offset, payload(&it.data)))
            .collect::<Vec<_>>(),
        [(2, json!(2)), (3, json!(3))]
    );
    b.unsubscribe(&name).await.unwrap();
    let stale = b.subscribe_with(recover("_", 0, 0)).await.unwrap();
    assert!(!stale.recovered && stale.was_recovering && stale.publications.is_empty() && stale.offset == 3);
    b.unsubscribe(&name).await.unwrap();
    assert_eq!(b.subscribe_with(recover("_", 0, 2)).await.unwrap_err().code, 112);
    let from_start = b.subscribe_with(recover(&first.epoch, 0, 0)).await.unwrap();
    assert_eq!((from_start.recovered, from_start.publications.len()), (true, 3));
}

#[tokio::test]
async fn every_error_of_a_subscription_has_its_number() {
    let (alice, mut a, bob, _b) = two().await;
    let mine = format!("agent.{}.news", alice.handle);
    let lock = json!({"channel": format!("agent.{}.news", bob.handle)});
    bob.post("/api/lock", lock).await.ok();
    let cases = [
        ("nowhere.x".to_owned(), 102),
        ("chat:x".to_owned(), 102),
        (format!("agent.{}.news", bob.handle), 103),
        (format!("#{}", bob.handle), 103),
        ("region:forest".to_owned(), 103),
        (format!("#{}", alice.handle), 105),
        ("region:main".to_owned(), 105),
        (format!("public.{}", "x".repeat(260)), 107),
        ("public.a b".to_owned(), 107),
    ];
    for (name, code) in cases {
        assert_eq!(a.subscribe(&name).await.unwrap_err().code, code, "{name}");
    }
    a.subscribe(&mine).await.unwrap();
    assert_eq!(a.subscribe(&mine).await.unwrap_err().code, 105);
    // Presence and history are for public channels only.
    assert_eq!(
        a.ask(Request::Presence(PresenceRequest {
            channel: mine.clone()
        }))
        .await
        .unwrap_err()
        .code,
        108
    );
    assert_eq!(
        history(
            &mut a,
            HistoryRequest {
                channel: mine,
                ..HistoryRequest::default()
            }
        )
        .await
        .unwrap_err()
        .code,
        108
    );
    let map = SubscribeRequest {
        channel: channel(),
        r#type: 1,
        ..SubscribeRequest::default()
    };
    assert!([103, 108].contains(&a.subscribe_with(map).await.unwrap_err().code));
    let refresh = SubRefreshRequest {
        channel: channel(),
        token: "x".to_owned(),
        ..SubRefreshRequest::default()
    };
    assert_eq!(
        a.ask(Request::SubRefresh(Box::new(refresh)))
            .await
            .unwrap_err()
            .code,
        103
    );
}

#[tokio::test]
async fn the_129th_channel_of_a_socket_is_refused_with_106() {
    let alice = TestWorld::shared().agent("alice").await;
    let mut socket = alice.connect().await;
    let name = channel();
    for n in 0..128 {
        socket.subscribe(&format!("{name}.{n}")).await.unwrap();
    }
    assert_eq!(
        socket.subscribe(&format!("{name}.128")).await.unwrap_err().code,
        106
    );
    socket.unsubscribe(&format!("{name}.0")).await.unwrap();
    socket.subscribe(&format!("{name}.128")).await.unwrap();
}

#[tokio::test]
async fn publishing_needs_a_name_a_right_and_a_payload() {
    let (alice, mut a, bob, _b) = two().await;
    let mut watcher = Socket::open(
        &TestWorld::shared().url("ws", "/connection/websocket"),
        Encoding::Json,
    )
    .await;
    watcher.connect(Default::default()).await.unwrap();
    assert_eq!(
        watcher.publish(&channel(), &json!(1)).await.unwrap_err().code,
        103
    );
    for name in [
        format!("agent.{}.news", bob.handle),
        "system.news".to_owned(),
        "region:main".to_owned(),
        format!("#{}", alice.handle),
    ] {
        assert_eq!(a.publish(&name, &json!(1)).await.unwrap_err().code, 103, "{name}");
    }
    assert_eq!(a.publish("nowhere.x", &json!(1)).await.unwrap_err().code, 102);
    let empty = PublishRequest {
        channel: channel(),
        ..PublishRequest::default()
    };
    assert_eq!(
        a.ask(Request::Publish(Box::new(empty))).await.unwrap_err().code,
        107
    );
    a.publish(&format!("agent.{}.news", alice.handle), &json!(1))
        .await
        .unwrap();
}
