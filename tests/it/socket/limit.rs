//! Rates and counts of sockets, in a world that has them.

use crate::agent::Answer;
use crate::client::Socket;
use crate::world::{Settings, TestWorld};
use rookery::wire::Encoding;
use serde_json::json;

fn limited() -> TestWorld {
    let variables = vec![("ROOKERY_LIMITS__SOCKET_MESSAGES_BURST", "30".to_owned())];
    TestWorld::start(Settings {
        is_limited: true,
        variables,
        ..Settings::default()
    })
}

#[tokio::test]
async fn sockets_of_one_agent_are_counted_and_floods_are_closed() {
    let world = limited();
    let alice = world.agent("alice").await;
    let mut oldest = alice.connect().await;
    let mut others = [
        alice.connect().await,
        alice.connect_with(Encoding::Protobuf).await,
    ];
    let mut fourth = alice.connect().await;
    assert_eq!(oldest.closed().await, 3503);
    for socket in others.iter_mut().chain([&mut fourth]) {
        socket.rpc("ping", json!({})).await.unwrap();
    }
    // One flood: first refused with 111, in the end closed with 3013.
    let mut flood = Socket::open(&world.url("ws", "/connection/websocket"), Encoding::Json).await;
    flood.connect(Default::default()).await.unwrap();
    let mut last = 0;
    for _ in 0..40 {
        last = flood
            .start_rpc("spectate", &json!({"target": {"region": "main"}}))
            .await;
    }
    let refused = flood.rpc_reply(last).await.unwrap_err();
    assert_eq!((refused.code, refused.temporary), (111, true));
    for _ in 0..400 {
        flood
            .start_rpc("spectate", &json!({"target": {"region": "main"}}))
            .await;
    }
    assert_eq!(flood.closed().await, 3013);
}

#[tokio::test]
async fn requests_that_nobody_answers_are_bounded_and_end_as_timeouts() {
    let world = TestWorld::start(Settings {
        variables: vec![("ROOKERY_FAULT", "agent.mute=".to_owned())],
        ..Settings::default()
    });
    let alice = world.agent("alice").await;
    let mut socket = alice.connect().await;
    let mut asked = Vec::new();
    for _ in 0..64 {
        asked.push(socket.start_rpc("get_location", &json!({})).await);
    }
    let refused = socket.rpc("get_location", json!({})).await.unwrap_err();
    assert!(
        refused.message.starts_with("busy") && refused.temporary,
        "{refused:?}"
    );
    for id in asked {
        let refused = socket.rpc_reply(id).await.unwrap_err();
        assert!(
            refused.message.starts_with("timeout") && refused.temporary,
            "{refused:?}"
        );
    }
    // Their places are free again.
    let refused = socket.rpc("get_location", json!({})).await.unwrap_err();
    assert!(refused.message.starts_with("timeout"), "{refused:?}");
}

#[tokio::test]
async fn actions_of_one_agent_have_a_rate() {
    let world = limited();
    let (alice, bob) = (world.agent("alice").await, world.agent("bob").await);
    alice.enter().await;
    bob.enter().await;
    let mut refused = None;
    for _ in 0..40 {
        let answer = alice.act("emote", json!({"action": "wave"})).await;
        if answer.status == 429 {
            assert!(answer.headers.contains_key("retry-after"));
            refused = Some(answer.refused("rate_limited"));
            break;
        }
    }
    let refused = refused.expect("the burst ends");
    assert!(
        refused["retry_after_ms"].as_i64().is_some_and(|ms| ms > 0),
        "{refused}"
    );
    bob.act("emote", json!({"action": "wave"})).await.ok();
    alice.act("get_time", json!({})).await.ok();
    let mut codes = Vec::new();
    for n in 0..6 {
        codes.push(
            world
                .post("/api/v1/register", json!({"name": format!("Visitor {n}")}))
                .await
                .status,
        );
    }
    assert_eq!(
        (codes.iter().filter(|code| **code == 201).count(), codes.last()),
        (3, Some(&429)),
        "two were registered before: {codes:?}"
    );
}

#[tokio::test]
async fn going_out_of_the_world_and_coming_back_lifts_no_limit() {
    // One a minute: what is used up stays so for as long as this test takes.
    let variables = vec![
        ("ROOKERY_LIMITS__ACTIONS_PER_MIN", "1".to_owned()),
        ("ROOKERY_LIMITS__ACTIONS_BURST", "2".to_owned()),
    ];
    let world = TestWorld::start(Settings {
        is_limited: true,
        variables,
        ..Settings::default()
    });
    let alice = world.agent("alice").await;
    let wave = json!({"action": "wave"});
    let is_told_when = |answer: &Answer| {
        let wait_s = answer.headers["retry-after"].to_str().unwrap().parse::<u64>();
        (1..=60).contains(&wait_s.unwrap())
    };
    let mut socket = alice.connect().await;
    for _ in 0..2 {
        socket.rpc("emote", wave.clone()).await.unwrap();
    }
    let first = socket.rpc("emote", wave.clone()).await.unwrap_err();
    assert!(
        first.message.starts_with("rate_limited: ") && first.temporary,
        "{first:?}"
    );
    alice.leave().await;
    socket.closed().await;
    alice.act("ping", json!({})).await.refused("not_in_world");
    let absent = alice.act("emote", wave.clone()).await;
    assert!(is_told_when(&absent));
    absent.refused("rate_limited");
    let mut again = alice.connect().await;
    let error = again.rpc("emote", wave.clone()).await.unwrap_err();
    assert_eq!((error.code, &error.message), (first.code, &first.message));
    again.rpc("ping", json!({})).await.unwrap();
    let answer = alice.act("emote", wave).await;
    assert!(is_told_when(&answer));
    answer.refused("rate_limited");
}
