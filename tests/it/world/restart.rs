//! What is left after the process ended, asked to or not.

use crate::world::{Settings, TestWorld, until};
use nix::sys::signal::Signal;
use serde_json::json;

/// Two seconds of running and a second of a busy machine. Units: metres.
const LOST_MAX_M: f64 = 15.0;

#[tokio::test]
async fn after_kill_9_agents_stand_where_the_last_checkpoint_left_them() {
    let mut world = TestWorld::start(Settings::default());
    let (alice, bob) = (world.agent("alice").await, world.agent("bob").await);
    alice.enter().await;
    bob.enter().await;
    alice.stand("main", 10.0, 10.0).await;
    alice.act("move_to", json!({"x": 250.0, "y": 10.0, "gait": "run"})).await.ok();
    let x_of = async || alice.act("get_location", json!({})).await.result()["x"].as_f64().unwrap();
    let before = until("alice has run for 3 s", async || Some(x_of().await).filter(|x| *x > 25.0)).await;
    world.restart(Signal::SIGKILL);
    // Nobody connected again: they are in the world still, with the time of grace.
    let after = x_of().await;
    assert!(after > before - LOST_MAX_M, "{before} m before, {after} m after");
    let later = until("alice runs on", async || Some(x_of().await).filter(|x| *x > after)).await;
    assert!(later <= 250.0);
    assert_eq!(world.get("/health/ready").await.status, 200);
}

#[tokio::test]
async fn a_stop_that_was_asked_for_loses_nothing() {
    let mut world = TestWorld::start(Settings::default());
    let alice = world.agent("alice").await;
    alice.enter().await;
    alice.stand("main", 10.0, 10.0).await;
    alice.act("set_status", json!({"status": "thinking"})).await.ok();
    alice.act("move_to", json!({"x": 11.0, "y": 10.0, "gait": "run"})).await.ok();
    until("alice arrives", async || (alice.act("get_location", json!({})).await.result()["x"] == 11.0).then_some(())).await;
    world.restart(Signal::SIGTERM);
    let bob = world.agent("bob").await;
    bob.enter().await;
    bob.stand("main", 12.0, 10.0).await;
    let near = bob.act("get_nearby_agents", json!({"radius": 2})).await.result();
    let row = near.as_array().unwrap().iter().find(|row| row["id"] == alice.handle.as_str()).unwrap_or_else(|| panic!("{near}")).clone();
    assert_eq!((&row["status"], &row["location"]["x"]), (&json!("thinking"), &json!(11.0)));
    assert!(world.run(&["verify"]).len() < 10_000);
}

#[tokio::test]
async fn a_second_process_on_the_same_data_is_refused() {
    let world = TestWorld::start(Settings::default());
    let output = world.command(&["serve", "--listen", "127.0.0.1:0"]).output().unwrap();
    assert!(!output.status.success());
    let errors = format!("{}{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    assert!(errors.contains("in use by another process"), "{errors}");
    assert_eq!(world.get("/health/ready").await.status, 200);
}
