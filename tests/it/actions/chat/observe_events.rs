use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn what_was_heard_is_listed_in_order_and_paged_by_cursor() {
    let plot = Plot::new().await;
    let (alice, bob) = (
        plot.agent_at("alice", 30.0, 30.0).await,
        plot.agent_at("bob", 31.0, 30.0).await,
    );
    let carol = plot.agent_at("carol", 200.0, 200.0).await;
    for message in ["one", "two", "three"] {
        alice.act("say", json!({"message": message})).await.ok();
    }
    let kinds = json!(["speech", "whisper"]);
    let first = bob
        .act("observe_events", json!({"event_types": kinds}))
        .await
        .result();
    alice
        .act("whisper", json!({"target_id": bob.handle, "message": "four"}))
        .await
        .ok();
    let messages = |page: &serde_json::Value| -> Vec<String> {
        let events = page["events"].as_array().unwrap_or_else(|| panic!("{page}"));
        events
            .iter()
            .map(|event| {
                event["content"]["message"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    };
    assert_eq!(messages(&first), ["one", "two", "three"]);
    assert!(
        first["events"][0]["shard"].is_i64() && first["events"][0]["seq"].is_i64(),
        "{first}"
    );
    let second = bob
        .act(
            "observe_events",
            json!({"event_types": kinds, "cursor": first["cursor"]}),
        )
        .await
        .result();
    assert_eq!(messages(&second), ["four"]);
    let far = carol
        .act("observe_events", json!({"event_types": kinds}))
        .await
        .result();
    assert_eq!(messages(&far), [""; 0]);
}

#[tokio::test]
async fn an_unknown_kind_a_broken_cursor_and_an_odd_limit_are_refused() {
    let plot = Plot::new().await;
    let alice = plot.agent("alice").await;
    for bad in [
        json!({"event_types": ["rumour"]}),
        json!({"limit": 0}),
        json!({"limit": 201}),
        json!({"cursor": ""}),
    ] {
        alice
            .act("observe_events", bad)
            .await
            .refused("invalid_parameter");
    }
    let broken = alice
        .act("observe_events", json!({"cursor": "no cursor of ours"}))
        .await;
    assert!(
        (400..500).contains(&broken.status),
        "{}: {}",
        broken.status,
        broken.body
    );
}
