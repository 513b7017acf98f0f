//! Into the world and out of it, without a socket.

use crate::plot::Plot;
use crate::world::TestWorld;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn an_agent_enters_where_it_wants_and_comes_back_where_it_left() {
    let (plot, world) = (Plot::new().await, TestWorld::shared());
    let alice = world.agent("alice").await;
    let body = json!({"agent_id": alice.handle, "token": alice.token, "spawn_region": plot.name});
    let answer = world.post("/api/v1/connect", body.clone()).await.ok();
    assert_eq!(
        (&answer["status"], &answer["location"]["region"]),
        (&json!("connected"), &json!(plot.name))
    );
    assert_eq!(
        answer["config"]["permissions"],
        json!(["move", "speak", "emote", "trade"]),
        "{answer}"
    );
    assert_eq!(
        world.post("/api/v1/connect", body).await.ok()["location"],
        answer["location"],
        "it is there already"
    );
    alice.stand(&plot.name, 33.0, 44.0).await;
    alice.leave().await;
    alice.leave().await;
    alice.act("ping", json!({})).await.refused("not_in_world");
    assert_eq!(
        alice.enter().await,
        json!({"x": 33.0, "y": 44.0, "z": 25.0, "region": plot.name})
    );
}

#[tokio::test]
async fn only_the_agent_itself_brings_itself_in_and_out() {
    let world = TestWorld::shared();
    let (alice, bob) = (world.agent("alice").await, world.agent("bob").await);
    let connect =
        |agent: &str, token: &str| world.post("/api/v1/connect", json!({"agent_id": agent, "token": token}));
    connect(&alice.handle, &bob.token)
        .await
        .refused("unauthenticated");
    connect(&alice.handle, "nonsense")
        .await
        .refused("unauthenticated");
    connect("nobody-here", &bob.token)
        .await
        .refused("agent_not_found");
    let nowhere = json!({"agent_id": alice.handle, "token": alice.token, "spawn_region": "nowhere"});
    world
        .post("/api/v1/connect", nowhere)
        .await
        .refused("region_not_found");
    bob.post(&format!("/api/v1/disconnect/{}", alice.handle), json!({}))
        .await
        .refused("not_owner");
    let profile = format!("/api/v1/agents/{}", alice.handle);
    bob.call(Method::PATCH, &profile, Some(&json!({"description": "mine"})))
        .await
        .refused("not_owner");
    alice
        .call(Method::PATCH, &profile, Some(&json!({"permissions": ["admin"]})))
        .await
        .refused("invalid_parameter");
    let changed = alice
        .call(Method::PATCH, &profile, Some(&json!({"description": "a rook"})))
        .await
        .ok();
    assert_eq!(changed["description"], "a rook");
}

#[tokio::test]
async fn a_key_a_refresh_token_and_a_revocation_do_what_they_should() {
    let world = TestWorld::shared();
    let alice = world.agent("alice").await;
    let exchange = |key: &str| world.post("/api/v1/token", json!({"agent_id": alice.handle, "api_key": key}));
    exchange("wrong").await.refused("unauthenticated");
    let pair = exchange(&alice.api_key).await.ok();
    assert!(
        pair["token"].is_string() && pair["refresh_token"].is_string() && !pair["expires_at"].is_null(),
        "{pair}"
    );
    let refresh = |token: &str| world.post("/api/v1/token/refresh", json!({"refresh_token": token}));
    let next = refresh(pair["refresh_token"].as_str().unwrap()).await.ok();
    assert_ne!(next["refresh_token"], pair["refresh_token"]);
    refresh("nonsense").await.refused("unauthenticated");
    refresh(&alice.refresh_token).await.ok();
    alice
        .post("/api/v1/token/revoke", json!({"scope": "token"}))
        .await
        .ok();
    alice.act("ping", json!({})).await.refused("token_revoked");
    let fresh = next["token"].as_str().unwrap();
    let body = json!({"agent_id": alice.handle, "token": fresh});
    world.post("/api/v1/connect", body).await.ok();
}

#[tokio::test]
async fn names_and_handles_are_unique_and_well_formed() {
    let world = TestWorld::shared();
    let alice = world.agent("alice").await;
    let register = |body: serde_json::Value| world.post("/api/v1/register", body);
    register(json!({"name": alice.handle}))
        .await
        .refused("name_taken");
    register(json!({"name": format!("{} two", alice.handle), "agent_id": alice.handle}))
        .await
        .refused("already_exists");
    for bad in [
        json!({}),
        json!({"name": ""}),
        json!({"name": "x", "agent_id": "NOT OK"}),
        json!({"name": "x", "agent_id": "system"}),
        json!({"name": "x", "role": "admin"}),
    ] {
        register(bad).await.refused("invalid_parameter");
    }
    register(json!({"name": "somewhere else", "default_region": "nowhere"}))
        .await
        .refused("region_not_found");
}
