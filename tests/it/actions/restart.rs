//! Durable answers outlive `kill -9`: the same commands again are answered from the record.

use super::once::without_replayed;
use super::sample::{actions, params};
use crate::plot::Plot;
use crate::world::{Settings, TestWorld};
use nix::sys::signal::Signal;
use rookery::domain::action::Durability;
use serde_json::Value;
use std::collections::BTreeMap;

#[tokio::test]
async fn every_durable_answer_survives_kill_9_and_its_effect_is_there_once() {
    let mut world = TestWorld::start(Settings::default());
    let (alice, bob, before, rows);
    {
        let plot = Plot::in_world(&world).await;
        alice = plot.agent_at("alice", 80.0, 20.0).await;
        bob = plot.agent_at("bob", 81.0, 20.0).await;
        rows = actions()
            .filter(|row| row.durability == Durability::Durable)
            .map(|row| (row.name, params(row.name, &plot, &bob)))
            .collect::<Vec<_>>();
        let mut receipts: BTreeMap<&str, Value> = BTreeMap::new();
        for (name, params) in &rows {
            let receipt = alice
                .act_as(&format!("durable-{name}"), name, params.clone())
                .await
                .ok();
            receipts.insert(name, receipt);
        }
        before = receipts;
    }
    assert!(before.len() >= 6, "the table has durable actions");
    let state = async || {
        (
            alice.balance().await,
            bob.balance().await,
            alice.holds("apple").await,
            bob.holds("apple").await,
        )
    };
    let expected = state().await;
    world.restart(Signal::SIGKILL);
    alice.enter().await;
    bob.enter().await;
    assert_eq!(state().await, expected);
    for (name, params) in &rows {
        let again = alice
            .act_as(&format!("durable-{name}"), name, params.clone())
            .await;
        assert!(again.is_replayed(), "{name}: {}", again.body);
        assert_eq!(without_replayed(again.ok()), before[name], "{name}");
    }
    assert_eq!(state().await, expected);
}
