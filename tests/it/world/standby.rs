//! Two nodes on one database: one runs the world, the other stands by and takes over.

use crate::agent::Agent;
use crate::services::Postgres;
use crate::world::{Settings, TestWorld, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::Method;
use serde_json::json;

/// Two nodes, the first of which runs the world.
pub(super) fn pair(lease_ttl_ms: u32) -> (TestWorld, TestWorld) {
    let settings = Settings {
        database: Some(Postgres::shared().fresh_database()),
        variables: vec![("ROOKERY_STORE__LEASE_TTL_MS", lease_ttl_ms.to_string())],
        ..Settings::default()
    };
    let first = TestWorld::start(settings.clone());
    (first, TestWorld::stand_by(settings))
}

/// Waits until an agent may act by way of a node.
pub(super) async fn until_served(agent: &Agent) {
    until("the world runs there", async || {
        let said = agent.act("say", json!({"message": "anybody?"})).await;
        (said.status == 200).then_some(())
    })
    .await;
}

/// Does what must outlive its node: pays, and goes somewhere.
pub(super) async fn live(alice: &Agent, bob: &Agent) {
    alice.enter().await;
    bob.enter().await;
    alice.stand("main", 10.0, 20.0).await;
    let rent = json!({"to": bob.handle, "amount": 10, "note": "rent"});
    alice.act_as("rent", "pay", rent).await.ok();
}

/// Checks that it did.
pub(super) async fn check(alice: &Agent, bob: &Agent) {
    // A machine so busy that a turn comes late makes any of these `moving` for a moment.
    let done = async |agent: &Agent, command_id: &str, action: &str, params: serde_json::Value| {
        until("it is done", async || {
            let answer = agent.act_as(command_id, action, params.clone()).await;
            (answer.status == 200).then_some(answer)
        })
        .await
    };
    let at = done(alice, "where", "get_location", json!({})).await.result();
    assert_eq!((&at["x"], &at["y"]), (&json!(10.0), &json!(20.0)), "{at}");
    let rent = json!({"to": bob.handle, "amount": 10, "note": "rent"});
    let again = done(alice, "rent", "pay", rent).await;
    assert!(again.is_replayed(), "{}", again.body);
    let balance = done(bob, "purse", "balance", json!({})).await.result();
    assert_eq!(balance["balance"], 100_010);
}

async fn takes_over_after(signal: Signal, lease_ttl_ms: u32) {
    let (mut first, second) = pair(lease_ttl_ms);
    let (alice, bob) = (first.agent("alice").await, first.agent("bob").await);
    live(&alice, &bob).await;
    let (ready, waiting) = (
        first.get("/health/ready").await,
        second.get("/health/ready").await,
    );
    assert_eq!((ready.status, &ready.body["status"]), (200, &json!("ready")));
    assert_eq!(
        (waiting.status, &waiting.body["status"]),
        (503, &json!("standby")),
        "{}",
        waiting.body
    );
    let seen = second
        .call(
            Method::GET,
            "/api/v1/admin/nodes",
            Some(second.admin_token()),
            None,
        )
        .await
        .ok();
    let mut counts: Vec<i64> = seen["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["shards"].as_i64().unwrap())
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, [0, 4], "{seen}");
    let held = first.run(&["admin", "shards"]);
    assert_eq!(
        (held.lines().count(), held.matches("epoch 1").count()),
        (4, 4),
        "{held}"
    );
    let (alice, bob) = (alice.at(second.port()), bob.at(second.port()));
    alice.act("get_location", json!({})).await.refused("moving");
    first.stop(signal);
    until_served(&alice).await;
    check(&alice, &bob).await;
    assert_eq!(second.get("/health/ready").await.status, 200);
    // Whoever comes next stands by in turn.
    let third = TestWorld::stand_by(Settings {
        database: second.database(),
        ..Settings::default()
    });
    alice
        .at(third.port())
        .act("get_location", json!({}))
        .await
        .refused("moving");
    second.run(&["verify"]);
}

#[tokio::test]
async fn a_node_that_is_killed_is_replaced_with_all_it_acknowledged() {
    takes_over_after(Signal::SIGKILL, 1_500).await;
}

#[tokio::test]
async fn a_node_that_stops_is_replaced_with_all_it_acknowledged() {
    // Longer than anybody waits here: they must be given back.
    takes_over_after(Signal::SIGTERM, 60_000).await;
}

#[tokio::test]
async fn a_node_that_was_paused_finds_itself_replaced_and_answers_nothing_as_its_own() {
    let (first, second) = pair(1_500);
    let (alice, bob) = (first.agent("alice").await, first.agent("bob").await);
    live(&alice, &bob).await;
    let mut socket = bob.connect().await;
    let process = Pid::from_raw(first.pid().try_into().expect("a process id"));
    kill(process, Signal::SIGSTOP).expect("our own child");
    let (alice_there, bob_there) = (alice.at(second.port()), bob.at(second.port()));
    until_served(&alice_there).await;
    check(&alice_there, &bob_there).await;
    kill(process, Signal::SIGCONT).expect("our own child");
    // Its first answer already: the clock tells it, before the database does.
    let moved = alice.act("move_to", json!({"x": 90.0, "y": 90.0})).await;
    assert_eq!(moved.body["temporary"], true, "{}", moved.body);
    let said = bob.act("say", json!({"message": "who hears this?"})).await;
    assert_eq!(said.body["temporary"], true, "{}", said.body);
    assert_eq!(socket.closed().await, 3011);
    until("the first stands by", async || {
        let ready = first.get("/health/ready").await;
        (ready.body["status"] == "standby").then_some(())
    })
    .await;
    // Nobody can make a region beside the one who runs the world.
    let made = first
        .post_as_admin("/api/v1/admin/regions", json!({"name": "lab", "size_m": 64}))
        .await;
    assert_eq!(made.body["temporary"], true, "{}", made.body);
    let held = second.run(&["admin", "shards"]);
    assert_eq!(held.lines().count(), 4, "{held}");
    check(&alice_there, &bob_there).await;
    // And back again.
    let mut second = second;
    second.stop(Signal::SIGKILL);
    until_served(&alice).await;
    check(&alice, &bob).await;
    first.run(&["verify"]);
}
