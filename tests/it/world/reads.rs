//! Every read route without parameters answers, and OpenAPI knows it.

use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn every_read_route_without_parameters_answers_with_json() {
    let plot = Plot::new().await;
    let document = plot.world.get("/openapi.json").await.ok();
    let mut count = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let is_plain = methods.get("get").is_some() && path.starts_with("/api/") && !path.contains('{');
        let is_open = methods["get"]["security"] == json!([]);
        if is_plain && is_open {
            // A search alone needs to know what for.
            let path = &path.replace("/search", "/search?q=a");
            let answer = plot.world.get(path).await;
            assert!(
                answer.status == 200 && !answer.body.is_null(),
                "{path}: {} {}",
                answer.status,
                answer.body
            );
            count += 1;
        }
    }
    assert!(count >= 8, "{count} routes");
}

#[tokio::test]
async fn what_is_said_aloud_is_in_the_histories_and_what_is_whispered_is_not() {
    let plot = Plot::new().await;
    let (alice, bob) = (
        plot.agent_at("alice", 30.0, 30.0).await,
        plot.agent_at("bob", 31.0, 30.0).await,
    );
    alice.act("say", json!({"message": "for everybody"})).await.ok();
    alice
        .act(
            "whisper",
            json!({"target_id": bob.handle, "message": "for bob alone"}),
        )
        .await
        .ok();
    let history = plot
        .world
        .get(&format!("/api/v1/chat/history?region={}", plot.name))
        .await
        .ok()
        .to_string();
    assert!(
        history.contains("for everybody") && !history.contains("for bob alone"),
        "{history}"
    );
    let private = format!("/api/v1/chat/history/{}", bob.handle);
    assert!(bob.get(&private).await.ok().to_string().contains("for bob alone"));
    alice.get(&private).await.refused("not_owner");
    let events = plot
        .world
        .get("/api/v1/world/events?limit=200")
        .await
        .ok()
        .to_string();
    assert!(!events.contains("for bob alone"), "{events}");
}

#[tokio::test]
async fn a_stored_command_is_shown_to_its_owner_only() {
    let plot = Plot::new().await;
    let (alice, bob) = (plot.agent("alice").await, plot.agent("bob").await);
    alice
        .act_as("mine", "pay", json!({"to": bob.handle, "amount": 3}))
        .await
        .ok();
    alice
        .act_as("broke", "pay", json!({"to": bob.handle, "amount": 900_000}))
        .await
        .refused("insufficient_funds");
    let path = |id: &str| format!("/api/v1/agents/{}/commands/{id}", alice.handle);
    let done = alice.get(&path("mine")).await.ok();
    assert_eq!(
        (&done["status"], &done["action"], &done["result"]["balance"]),
        (&json!("done"), &json!("pay"), &json!(99_997))
    );
    let refused = alice.get(&path("broke")).await.ok();
    assert_eq!(
        (&refused["status"], &refused["refusal"]["code"]),
        (&json!("refused"), &json!("insufficient_funds"))
    );
    alice.get(&path("never")).await.refused("not_found");
    bob.get(&path("mine")).await.refused("not_found");
}
