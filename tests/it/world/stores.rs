//! The same world on SQLite and on PostgreSQL with Redis, and what Redis has to do with it: nothing that matters.

use crate::actions::once::check_done_once;
use crate::plot::Plot;
use crate::services::{Postgres, Redis};
use crate::world::{Settings, TestWorld, until};
use nix::sys::signal::Signal;
use serde_json::json;

/// A day in the life of a world: everything that crosses the store or the bus.
async fn smoke(settings: Settings) {
    let mut world = TestWorld::start(settings);
    let (alice, bob, balance) = {
        let plot = Plot::in_world(&world).await;
        let (alice, bob) = (
            plot.agent_at("alice", 80.0, 20.0).await,
            plot.agent_at("bob", 81.0, 20.0).await,
        );
        let mut heard = bob.connect().await;
        check_done_once(
            &alice,
            "say",
            json!({"message": "hello"}),
            json!({"message": "bye"}),
        )
        .await;
        check_done_once(
            &alice,
            "pay",
            json!({"to": bob.handle, "amount": 5}),
            json!({"to": bob.handle, "amount": 6}),
        )
        .await;
        let buy = |quantity: i64| json!({"object_id": plot.stall, "action": "buy", "item": "apple", "quantity": quantity});
        check_done_once(&alice, "use_object", buy(1), buy(2)).await;
        let give = |quantity: i64| json!({"target_id": bob.handle, "item_id": "apple", "quantity": quantity});
        check_done_once(&alice, "give_item", give(1), give(2)).await;
        alice
            .act("pay", json!({"to": bob.handle, "amount": 1_000_000}))
            .await
            .refused("insufficient_funds");
        alice
            .act_as(
                "w",
                "whisper",
                json!({"target_id": bob.handle, "message": "psst"}),
            )
            .await
            .ok();
        for kind in ["speech", "payment", "item_give", "whisper"] {
            heard.heard(kind).await;
        }
        alice
            .act("teleport", json!({"region": "forest", "x": 9.0, "y": 9.0}))
            .await
            .ok();
        assert_eq!(bob.holds("apple").await, 2);
        let observed = bob
            .act("observe_events", json!({"event_types": ["speech"]}))
            .await
            .result();
        assert_eq!(observed["events"].as_array().map(Vec::len), Some(2), "{observed}");
        let balance = alice.balance().await;
        (alice, bob, balance)
    };
    world.restart(Signal::SIGKILL);
    assert_eq!(alice.enter().await["region"], "forest");
    bob.enter().await;
    assert_eq!(
        (
            alice.balance().await,
            bob.balance().await,
            bob.holds("apple").await
        ),
        (balance, 100_010, 2)
    );
    assert!(
        alice
            .act_as(
                "w",
                "whisper",
                json!({"target_id": bob.handle, "message": "psst"})
            )
            .await
            .is_replayed()
    );
    world.run(&["verify"]);
}

#[tokio::test]
async fn a_day_on_sqlite_and_the_local_bus() {
    smoke(Settings::default()).await;
}

#[tokio::test]
async fn a_day_on_postgres_and_redis() {
    let redis = Redis::start();
    let database = Some(Postgres::shared().fresh_database());
    smoke(Settings {
        database,
        redis: Some(redis.url()),
        ..Settings::default()
    })
    .await;
}

#[tokio::test]
async fn redis_away_is_no_reason_to_stop_and_back_it_is_filled_again() {
    let mut redis = Redis::start();
    let world = TestWorld::start(Settings {
        redis: Some(redis.url()),
        ..Settings::default()
    });
    let (alice, bob) = (world.agent("alice").await, world.agent("bob").await);
    let mut heard = bob.connect().await;
    alice.enter().await;
    is_filled(&redis, &alice.handle, &bob.handle, async |n| {
        alice
            .act("say", json!({"message": format!("hello {n}")}))
            .await
            .ok();
    })
    .await;
    redis.kill();
    until("redis is missed", async || {
        (world.get("/health/ready").await.body["redis"] == "degraded").then_some(())
    })
    .await;
    assert_eq!(world.get("/health/ready").await.status, 200);
    alice
        .act("pay", json!({"to": bob.handle, "amount": 5}))
        .await
        .ok();
    heard.heard("payment").await;
    alice.act("move_to", json!({"x": 100.0, "y": 100.0})).await.ok();
    redis.restart();
    until("redis is back", async || {
        (world.get("/health/ready").await.body["redis"] == "ok").then_some(())
    })
    .await;
    is_filled(&redis, &alice.handle, &bob.handle, async |n| {
        alice
            .act("say", json!({"message": format!("again {n}")}))
            .await
            .ok();
    })
    .await;
}

#[tokio::test]
async fn what_happens_where_nobody_may_watch_is_not_in_redis() {
    let redis = Redis::start();
    let world = TestWorld::start(Settings {
        redis: Some(redis.url()),
        ..Settings::default()
    });
    let hidden = json!({"name": "attic", "display_name": "The Attic", "public": false});
    let made = world.post_as_admin("/api/v1/admin/regions", hidden).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let ask = |command: &str| redis.ask(command).unwrap_or_default();
    let exists = |key: &str| ask(&format!("EXISTS {key}")) == ":1\r\n";
    let alice = world.agent("alice").await;
    let name = alice.handle.as_str();
    let _socket = alice.connect().await;
    let (session, place) = (format!("session:{name}"), format!("pos:main:{name}"));
    let wait_for = async |key: &str, is_there: bool| {
        until(&format!("{key} in redis: {is_there}"), async || {
            (exists(key) == is_there).then_some(())
        })
        .await
    };
    wait_for(&session, true).await;
    wait_for(&place, true).await;

    alice.act("teleport", json!({"region": "attic"})).await.ok();
    alice.act("say", json!({"message": "a secret"})).await.ok();
    alice.act("set_status", json!({"status": "hiding"})).await.ok();
    wait_for(&session, false).await;
    wait_for(&place, false).await;

    alice.act("teleport", json!({"region": "main"})).await.ok();
    alice.act("emote", json!({"action": "wave"})).await.ok();
    wait_for(&format!("ratelimit:{name}:emote"), true).await;
    wait_for(&session, true).await;
    assert!(!exists(&format!("ratelimit:{name}:say")));
    assert!(!exists(&format!("ratelimit:{name}:set_status")));
    assert_eq!(ask("KEYS *attic*"), "*0\r\n");
    let events = ask("XREVRANGE events:main + - COUNT 10");
    assert!(events.contains("agent_teleport"), "{events}");
    assert!(
        !events.contains("attic") && !events.contains("secret"),
        "{events}"
    );
}

/// Waits until the mirror holds what outside tools look for.
async fn is_filled(redis: &Redis, alice: &str, bob: &str, mut act: impl AsyncFnMut(u32)) {
    let keys = [
        format!("session:{bob}"),
        format!("pos:main:{alice}"),
        "region:main:agents".to_owned(),
        "geo:main".to_owned(),
        "events:main".to_owned(),
        "world:tick".to_owned(),
        "world:time".to_owned(),
        "world:weather:main".to_owned(),
        format!("ratelimit:{alice}:say"),
    ];
    let mut round = 0;
    for key in keys {
        until(&format!("redis has {key}"), async || {
            round += 1;
            if round % 20 == 1 {
                act(round).await;
            }
            (redis.ask(&format!("EXISTS {key}")).as_deref() == Some(":1\r\n")).then_some(())
        })
        .await;
    }
    let score = redis
        .ask(&format!("ZSCORE region:main:agents {alice}"))
        .unwrap_or_default();
    assert!(score.starts_with('$') && !score.starts_with("$-1"), "{score}");
}
