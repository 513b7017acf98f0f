//! Planted faults: one part fails, the others go on. Needs the feature `faults`.

use crate::agent::Agent;
use crate::services::Postgres;
use crate::world::{Settings, TestWorld, until};
use nix::sys::signal::Signal;
use rookery::base::id::ShardId;
use rookery::store::{Reader, Target};
use serde_json::json;

const FAULTS: (&str, &str) = ("ROOKERY_FAULT", "region.act=boom;agent.act=get_weather");

fn faulty() -> TestWorld {
    faulty_on(None)
}

/// A world on a PostgreSQL database, or on SQLite.
fn faulty_on(database: Option<String>) -> TestWorld {
    TestWorld::start(Settings {
        database,
        variables: vec![(FAULTS.0, FAULTS.1.to_owned())],
        ..Settings::default()
    })
}

/// Says what makes the region fail, and waits until it is back.
async fn fail(agent: &Agent, command_id: &str) {
    agent
        .act_as(command_id, "say", json!({"message": "boom"}))
        .await
        .refused("unavailable");
    until("the region is back", async || {
        (agent.act("get_location", json!({})).await.status == 200).then_some(())
    })
    .await;
}

/// Waits until the store has a quarantined command.
async fn until_stored(target: Target) {
    until("the quarantine is in the store", async || {
        let target = target.clone();
        let count = || {
            Reader::open(&target)?
                .poisoned_commands(10)
                .map(|found| found.len())
        };
        // The store is for threads without a runtime.
        let found = std::thread::scope(|scope| scope.spawn(count).join());
        let found = found.expect("reading does not panic").expect("the store answers");
        (found == 1).then_some(())
    })
    .await;
}

/// Fails three times with one command id, then checks that this id, and only it, is poison after each kind of restart.
async fn check_poison_outlives_restarts(database: Option<String>) {
    let mut world = faulty_on(database.clone());
    let target = database.map_or_else(
        || Target::Sqlite(world.data().join("rookery.sqlite")),
        Target::Postgres,
    );
    let alice = world.agent("alice").await;
    alice.enter().await;
    for _ in 0..3 {
        fail(&alice, "bad").await;
    }
    let boom = json!({"message": "boom"});
    alice.act_as("bad", "say", boom.clone()).await.refused("poison");
    until_stored(target).await;
    for signal in [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGKILL] {
        world.restart(signal);
        alice.enter().await;
        alice.act_as("bad", "say", boom.clone()).await.refused("poison");
        alice
            .act_as("bad", "say", json!({"message": "hello"}))
            .await
            .refused("command_mismatch");
        let full = world.get("/health/full").await.ok();
        assert_eq!(
            full["actor_restarts"].as_f64(),
            Some(0.0),
            "after {signal}: {full}"
        );
    }
    fail(&alice, "new").await;
    alice
        .act_as("good", "say", json!({"message": "hello"}))
        .await
        .ok();
    world.run(&["verify"]);
}

#[tokio::test]
async fn poison_outlives_restarts_on_sqlite() {
    check_poison_outlives_restarts(None).await;
}

#[tokio::test]
async fn poison_outlives_restarts_on_postgres() {
    check_poison_outlives_restarts(Some(Postgres::shared().fresh_database())).await;
}

#[tokio::test]
async fn poison_of_a_time_without_a_database_is_stored_when_it_is_back() {
    let mut postgres = Postgres::start();
    let url = postgres.fresh_database();
    let mut world = faulty_on(Some(url.clone()));
    let alice = world.agent("alice").await;
    alice.enter().await;
    fail(&alice, "bad").await;
    fail(&alice, "bad").await;
    postgres.kill_immediate();
    let boom = json!({"message": "boom"});
    alice
        .act_as("bad", "say", boom.clone())
        .await
        .refused("unavailable");
    until("the command is quarantined", async || {
        let full = world.get("/health/full").await.body;
        (full["quarantined"].as_f64() == Some(1.0)).then_some(())
    })
    .await;
    postgres.restart();
    until_stored(Target::Postgres(url)).await;
    world.restart(Signal::SIGKILL);
    alice.enter().await;
    alice.act_as("bad", "say", boom).await.refused("poison");
}

#[tokio::test]
async fn what_is_not_committed_is_neither_acknowledged_nor_heard() {
    let mut postgres = Postgres::start();
    let world = TestWorld::start(Settings {
        database: Some(postgres.fresh_database()),
        ..Settings::default()
    });
    let (alice, bob) = (world.agent("alice").await, world.agent("bob").await);
    alice.enter().await;
    let mut ears = bob.connect().await;
    postgres.kill_immediate();
    let ghost = alice.act("say", json!({"message": "ghost"})).await;
    assert_eq!(ghost.status, 503, "{}", ghost.body);
    postgres.restart();
    until("alice is heard again", async || {
        let said = alice.act("say", json!({"message": "real"})).await;
        (said.status == 200).then_some(())
    })
    .await;
    assert_eq!(ears.heard("speech").await.event["content"]["message"], "real");
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
    alice.act("get_weather", json!({})).await.refused("poison");
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
async fn an_answer_that_cannot_be_encoded_closes_its_socket_and_no_other() {
    let world = TestWorld::start(Settings {
        variables: vec![("ROOKERY_FAULT", "flusher.answer=boom".to_owned())],
        ..Settings::default()
    });
    let (alice, bob) = (world.agent("alice").await, world.agent("bob").await);
    let (mut torn, mut other) = (alice.connect().await, bob.connect().await);
    torn.start_rpc("set_status", &json!({"status": "x", "command_id": "boom"}))
        .await;
    assert_eq!(torn.closed().await, 3004);
    other.rpc("ping", json!({})).await.unwrap();
    let full = world.get("/health/full").await.ok();
    assert_eq!(full["actor_restarts"].as_f64(), Some(1.0), "{full}");
    let mut again = alice.connect().await;
    again.rpc("ping", json!({})).await.unwrap();
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

/// A panic inside a transaction, after all was written, costs what was in that transaction and nothing else: the connection is
/// closed, and the next commit is on another.
async fn check_torn_transaction(database: Option<String>) {
    let world = TestWorld::start(Settings {
        database: database.clone(),
        variables: vec![
            ("ROOKERY_FAULT", "store.commit=boom".to_owned()),
            // The next commit comes to the same thread.
            ("ROOKERY_STORE__WRITER_THREADS", "1".to_owned()),
        ],
        ..Settings::default()
    });
    let target = database.map_or_else(
        || Target::Sqlite(world.data().join("rookery.sqlite")),
        Target::Postgres,
    );
    let (alice, bob) = (world.agent("alice").await, world.agent("bob").await);
    alice.enter().await;
    bob.enter().await;
    let pay = |note: &str| json!({"to": bob.handle, "amount": 10, "note": note});
    for round in 1..=3 {
        let torn = format!("torn-{round}");
        alice
            .act_as(&torn, "pay", pay("boom"))
            .await
            .refused("unavailable");
        let paid = alice.act_as(&format!("paid-{round}"), "pay", pay("rent")).await;
        paid.ok();
        until("the region is loaded again", async || {
            let said = bob.act("say", json!({"message": "thanks"})).await;
            (said.status == 200).then_some(())
        })
        .await;
        assert_eq!(bob.balance().await, 100_000 + 10 * round);
    }
    let payments = || Reader::open(&target)?.events_of_shard(ShardId(1), 0, 100_000);
    let events = std::thread::scope(|scope| scope.spawn(payments).join());
    let events = events
        .expect("reading does not panic")
        .expect("the store answers");
    let paid = events.iter().filter(|event| event["type"] == "payment");
    assert_eq!(paid.count(), 3, "{events:?}");
    world.run(&["verify"]);
}

#[tokio::test]
async fn a_torn_transaction_leaves_nothing_on_sqlite() {
    check_torn_transaction(None).await;
}

#[tokio::test]
async fn a_torn_transaction_leaves_nothing_on_postgres() {
    check_torn_transaction(Some(Postgres::shared().fresh_database())).await;
}
