//! What is left after the process ended, asked to or not.

use crate::services::Postgres;
use crate::world::{Settings, TestWorld, until, until_within};
use nix::sys::signal::Signal;
use serde_json::json;
use std::time::Duration;

/// Two seconds of running and a second of a busy machine. Units: metres.
const LOST_MAX_M: f64 = 15.0;

#[tokio::test]
async fn after_kill_9_agents_stand_where_the_last_checkpoint_left_them() {
    let mut world = TestWorld::start(Settings::default());
    let (alice, bob) = (world.agent("alice").await, world.agent("bob").await);
    alice.enter().await;
    bob.enter().await;
    alice.stand("main", 10.0, 10.0).await;
    alice
        .act("move_to", json!({"x": 250.0, "y": 10.0, "gait": "run"}))
        .await
        .ok();
    let x_of = async || {
        alice.act("get_location", json!({})).await.result()["x"]
            .as_f64()
            .unwrap()
    };
    let before = until("alice has run for 3 s", async || {
        Some(x_of().await).filter(|x| *x > 25.0)
    })
    .await;
    world.restart(Signal::SIGKILL);
    // Nobody connected again: they are in the world still, with the time of grace.
    let after = x_of().await;
    assert!(after > before - LOST_MAX_M, "{before} m before, {after} m after");
    let later = until("alice runs on", async || {
        Some(x_of().await).filter(|x| *x > after)
    })
    .await;
    assert!(later <= 250.0);
    assert_eq!(world.get("/health/ready").await.status, 200);
}

async fn loses_nothing(database: Option<String>) {
    let mut world = TestWorld::start(Settings {
        database,
        ..Settings::default()
    });
    let alice = world.agent("alice").await;
    alice.enter().await;
    alice.stand("main", 10.0, 10.0).await;
    alice
        .act("move_to", json!({"x": 11.0, "y": 10.0, "gait": "run"}))
        .await
        .ok();
    until("alice arrives", async || {
        (alice.act("get_location", json!({})).await.result()["x"] == 11.0).then_some(())
    })
    .await;
    // Answered from memory: only the save of the stop can bring it to disk.
    alice.act("set_status", json!({"status": "reading"})).await.ok();
    world.restart(Signal::SIGTERM);
    alice.act("ping", json!({})).await.ok();
    let bob = world.agent("bob").await;
    bob.enter().await;
    bob.stand("main", 12.0, 10.0).await;
    let near = bob.act("get_nearby_agents", json!({"radius": 2})).await.result();
    let row = near
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["id"] == alice.handle.as_str())
        .unwrap_or_else(|| panic!("{near}"))
        .clone();
    assert_eq!(row["location"]["x"], 11.0);
    assert_eq!(row["status"], "reading");
    assert!(world.run(&["verify"]).len() < 10_000);
}

#[tokio::test]
async fn a_stop_that_was_asked_for_loses_nothing_on_sqlite() {
    loses_nothing(None).await;
}

#[tokio::test]
async fn a_stop_that_was_asked_for_loses_nothing_on_postgres() {
    loses_nothing(Some(Postgres::shared().fresh_database())).await;
}

#[tokio::test]
async fn a_start_that_finds_its_port_taken_gives_the_leases_back() {
    let postgres = Postgres::shared();
    let url = postgres.fresh_database();
    let mut world = TestWorld::start(Settings {
        database: Some(url.clone()),
        ..Settings::default()
    });
    world.stop(Signal::SIGTERM);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let address = taken.local_addr().expect("it has an address").to_string();
    let refusal = world.refused(&["serve", "--listen", &address]);
    assert!(refusal.contains("could not listen"), "{refusal}");
    let name = url.rsplit('/').next().expect("a database has a name");
    let claims = postgres.query(name, "SELECT max(epoch) FROM shard");
    assert_eq!(claims, "2", "both starts had claimed the shards");
    let owned = postgres.query(name, "SELECT count(*) FROM shard WHERE owner IS NOT NULL");
    assert_eq!(owned, "0");
}

#[test]
fn a_stop_that_comes_while_it_starts_is_a_stop() {
    let mut world = TestWorld::start(Settings::default());
    world.stop(Signal::SIGTERM);
    let log = world.cell.folder.join("log");
    let mut command = world.command(&["serve", "--listen", "127.0.0.1:0"]);
    let is_starting = |_| std::fs::read_to_string(&log).is_ok_and(|log| log.contains(" runs with "));
    world
        .cell
        .start(&mut command, is_starting)
        .expect("its shards start");
    let ended = world.cell.stop(Signal::SIGTERM).expect("it ran");
    let log = world.cell.log();
    assert!(ended.success(), "{ended}: {log}");
    assert!(log.contains("stopped"), "{log}");
}

/// A start that cannot go on, because somebody holds a table that it reads, and is told to stop.
fn stops_while_it_waits_for(table: &str) {
    let postgres = Postgres::shared();
    let url = postgres.fresh_database();
    let name = url.rsplit('/').next().expect("a database has a name").to_owned();
    let mut world = TestWorld::start(Settings {
        database: Some(url),
        ..Settings::default()
    });
    world.stop(Signal::SIGTERM);
    let held = postgres.hold(&name, table);
    let mut command = world.command(&["serve", "--listen", "127.0.0.1:0"]);
    world
        .cell
        .start(&mut command, |_| held.is_waited_for())
        .expect("it starts");
    let ended = world.cell.stop(Signal::SIGTERM).expect("it ran");
    let log = world.cell.log();
    assert!(ended.success(), "{ended}: {log}");
    assert!(log.contains("stopped") && !log.contains("is ready"), "{log}");
    let owned = postgres.query(&name, "SELECT count(*) FROM shard WHERE owner IS NOT NULL");
    assert_eq!(owned, "0", "{log}");
}

#[test]
fn a_stop_acts_while_the_start_waits_for_its_keys() {
    stops_while_it_waits_for("signing_key");
}

#[test]
fn a_stop_acts_while_the_start_waits_for_its_shards() {
    stops_while_it_waits_for("checkpoint");
}

#[tokio::test]
async fn a_follow_goes_on_after_a_restart() {
    let mut world = TestWorld::start(Settings::default());
    let (alice, bob) = (world.agent("alice").await, world.agent("bob").await);
    for (agent, x) in [(&alice, 10.0), (&bob, 12.0)] {
        agent.enter().await;
        agent.stand("main", x, 10.0).await;
    }
    alice
        .act("follow", json!({"target_id": bob.handle, "distance": 1.0}))
        .await
        .ok();
    // A stop that was asked for saves at its end.
    world.restart(Signal::SIGTERM);
    bob.act("move_to", json!({"x": 30.0, "y": 10.0, "gait": "run"}))
        .await
        .ok();
    until("alice comes after bob", async || {
        let at = alice.act("get_location", json!({})).await.result();
        at["x"].as_f64().filter(|x| *x > 27.0)
    })
    .await;
}

#[tokio::test]
async fn a_second_process_on_the_same_data_is_refused() {
    let world = TestWorld::start(Settings::default());
    let output = world
        .command(&["serve", "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let errors = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&output.stdout)
    );
    assert!(errors.contains("in use by another process"), "{errors}");
    assert_eq!(world.get("/health/ready").await.status, 200);
}

#[tokio::test]
async fn who_does_not_come_back_after_a_restart_leaves_the_world_after_its_grace() {
    let mut world = TestWorld::start(Settings::default());
    let (alice, bob) = (world.agent("alice").await, world.agent("bob").await);
    alice.enter().await;
    bob.enter().await;
    world.restart(Signal::SIGKILL);
    bob.enter().await;
    let count = async || bob.act("get_region_info", json!({})).await.result()["agent_count"].as_i64();
    assert_eq!(count().await, Some(2), "the grace has begun only");
    until_within(Duration::from_secs(45), "alice leaves", async || {
        (count().await == Some(1)).then_some(())
    })
    .await;
    alice.act("ping", json!({})).await.refused("not_in_world");
    bob.act("ping", json!({})).await.ok();
}
