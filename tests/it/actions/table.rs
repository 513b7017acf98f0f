//! What holds for every row of the table.

use super::sample::{actions, params};
use crate::plot::Plot;
use crate::world::TestWorld;
use rookery::domain::action::{ACTIONS, Durability};
use serde_json::json;
use std::path::Path;

#[test]
fn every_action_has_a_test_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/actions");
    let nouns: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    let file = |name: &str| format!("{}.rs", name.strip_prefix("converse_").unwrap_or(name));
    let missing: Vec<&str> = ACTIONS
        .iter()
        .map(|row| row.name)
        .filter(|name| !nouns.iter().any(|noun| noun.join(file(name)).is_file()))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[tokio::test]
async fn every_action_is_accepted_and_says_how_durable_it_is() {
    let plot = Plot::new().await;
    let (alice, bob) = (
        plot.agent_at("alice", 80.0, 20.0).await,
        plot.agent_at("bob", 81.0, 20.0).await,
    );
    for row in actions() {
        let receipt = alice
            .act_as(
                &format!("try-{}", row.name),
                row.name,
                params(row.name, &plot, &bob),
            )
            .await
            .ok();
        assert_eq!(receipt["durability"], row.durability.name(), "{receipt}");
        assert_eq!(
            (&receipt["region"], receipt["seq"].is_i64()),
            (&json!(plot.name), row.durability == Durability::Durable),
            "{receipt}"
        );
        assert!(receipt["tick"].as_i64().is_some_and(|tick| tick > 0), "{receipt}");
    }
}

#[tokio::test]
async fn every_action_outside_the_world_is_refused() {
    let plot = Plot::new().await;
    let (alice, bob) = (plot.stranger("alice").await, plot.agent("bob").await);
    for row in actions() {
        alice
            .act(row.name, params(row.name, &plot, &bob))
            .await
            .refused("not_in_world");
    }
}

#[tokio::test]
async fn every_action_for_another_agent_is_refused() {
    let plot = Plot::new().await;
    let (alice, bob) = (plot.agent("alice").await, plot.agent("bob").await);
    let path = format!("/api/v1/agents/{}/action", alice.handle);
    for row in actions() {
        let body = json!({"action": row.name, "params": params(row.name, &plot, &bob)});
        bob.post(&path, body.clone()).await.refused("not_owner");
        plot.world.post(&path, body).await.refused("unauthenticated");
    }
}

#[tokio::test]
async fn every_action_refuses_a_parameter_that_it_does_not_know() {
    let plot = Plot::new().await;
    let (alice, bob) = (plot.agent("alice").await, plot.agent("bob").await);
    for row in actions() {
        let mut params = params(row.name, &plot, &bob);
        params["role"] = json!("admin");
        alice.act(row.name, params).await.refused("invalid_parameter");
    }
}

#[tokio::test]
async fn what_is_no_action_is_refused() {
    let alice = TestWorld::shared().agent("alice").await;
    alice.enter().await;
    alice.act("fly", json!({})).await.refused("unknown_action");
    alice
        .act("say", json!("hello"))
        .await
        .refused("invalid_parameter");
    let path = format!("/api/v1/agents/{}/action", alice.handle);
    alice
        .post(&path, json!({"params": {}}))
        .await
        .refused("invalid_parameter");
    alice
        .post(&path, json!({"action": "ping", "as": "admin"}))
        .await
        .refused("invalid_parameter");
    alice
        .post("/api/v1/agents/nobody-here/action", json!({"action": "ping"}))
        .await
        .refused("agent_not_found");
}

#[tokio::test]
async fn a_command_id_is_1_to_64_visible_characters() {
    let alice = TestWorld::shared().agent("alice").await;
    alice.enter().await;
    for bad in [String::new(), "x".repeat(65), "a\u{7}b".to_owned()] {
        alice
            .act_as(&bad, "say", json!({"message": "hi"}))
            .await
            .refused("invalid_parameter");
    }
    let longest = "x".repeat(64);
    assert_eq!(
        alice.act_as(&longest, "say", json!({"message": "hi"})).await.ok()["command_id"],
        longest
    );
}
