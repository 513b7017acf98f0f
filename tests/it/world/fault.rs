//! Planted faults: one part fails, the others go on. Needs the feature `faults`.

use crate::world::{Settings, TestWorld, until};
use serde_json::json;

const FAULTS: (&str, &str) = ("ROOKERY_FAULT", "region.act=boom;agent.act=get_weather");

fn faulty() -> TestWorld {
    TestWorld::start(Settings {
        variables: vec![(FAULTS.0, FAULTS.1.to_owned())],
        ..Settings::default()
    })
}

#[tokio::test]
async fn a_region_that_fails_is_back_with_all_it_knew_and_others_never_notice() {
    let world = faulty();
    let (alice, bob) = (world.agent("alice").await, world.agent_of("bob", "forest").await);
    alice.enter().await;
    bob.enter().await;
    alice.stand("main", 10.0, 20.0).await;
    let mut socket = alice.connect().await;
    let mut elsewhere = bob.connect().await;
    let boom = json!({"message": "boom"});
    for round in 1..=3 {
        alice.act("say", boom.clone()).await.refused("unavailable");
        elsewhere
            .rpc("say", json!({"message": "all is well"}))
            .await
            .expect("the forest goes on");
        let back = tokio::time::timeout(
            std::time::Duration::from_secs(2),
            until("the region is back", async || {
                let at = alice.act("get_location", json!({})).await;
                (at.status == 200).then_some(at.body)
            }),
        );
        let at = back
            .await
            .unwrap_or_else(|_| panic!("round {round}: the region is away for 2 s"));
        assert_eq!(
            (&at["result"]["x"], &at["result"]["y"]),
            (&json!(10.0), &json!(20.0)),
            "{at}"
        );
    }
    alice.act("say", boom.clone()).await.refused("poison");
    let error = socket.rpc("say", boom).await.unwrap_err();
    assert_eq!((error.code, error.temporary), (422, false));
    assert!(error.message.starts_with("poison: "), "{error:?}");
    alice.act("say", json!({"message": "still here"})).await.ok();
    // The sockets that watched before the failures see what comes after them.
    let carol = world.agent("carol").await;
    carol.enter().await;
    carol.stand("main", 12.0, 20.0).await;
    assert_eq!(socket.entry(&carol.handle).await["x"], 12.0);
    let full = world.get("/health/full").await.ok();
    assert!(
        full["actor_restarts"].as_f64() == Some(3.0) && full["quarantined"].as_f64() == Some(1.0),
        "{full}"
    );
    assert_eq!(world.get("/health/live").await.status, 200);
}

#[tokio::test]
async fn an_agent_whose_actor_fails_stays_in_the_world() {
    let world = faulty();
    let alice = world.agent("alice").await;
    let mut socket = alice.connect().await;
    alice.stand("main", 30.0, 20.0).await;
    for _ in 0..3 {
        let error = socket.rpc("get_weather", json!({})).await.unwrap_err();
        assert_eq!((error.code, error.temporary), (503, true), "{error:?}");
        until("alice is back", async || {
            let at = alice.act("get_location", json!({})).await;
            (at.status == 200 && at.body["result"]["x"] == 30.0).then_some(())
        })
        .await;
    }
    let poison = alice.act("get_weather", json!({})).await;
    assert!(
        ["poison", "unavailable"].contains(&poison.body["code"].as_str().unwrap_or_default()),
        "{}",
        poison.body
    );
    let bob = world.agent("bob").await;
    bob.enter().await;
    bob.act(
        "whisper",
        json!({"target_id": alice.handle, "message": "all right?"}),
    )
    .await
    .ok();
    assert_eq!(
        socket.heard("whisper").await.event["content"]["message"],
        "all right?"
    );
}

#[tokio::test]
async fn an_agent_whose_actor_fails_has_used_up_the_same() {
    let variables = [
        FAULTS,
        ("ROOKERY_LIMITS__ACTIONS_PER_MIN", "1"),
        ("ROOKERY_LIMITS__ACTIONS_BURST", "1"),
    ];
    let world = TestWorld::start(Settings {
        is_limited: true,
        variables: variables.map(|(name, value)| (name, value.to_owned())).to_vec(),
        ..Settings::default()
    });
    let alice = world.agent("alice").await;
    alice.enter().await;
    let wave = || alice.act("emote", json!({"action": "wave"}));
    wave().await.ok();
    wave().await.refused("rate_limited");
    alice.act("get_weather", json!({})).await.refused("unavailable");
    until("alice is back", async || {
        (alice.act("ping", json!({})).await.status == 200).then_some(())
    })
    .await;
    let full = world.get("/health/full").await.ok();
    assert_eq!(full["actor_restarts"].as_f64(), Some(1.0), "{full}");
    wave().await.refused("rate_limited");
}
