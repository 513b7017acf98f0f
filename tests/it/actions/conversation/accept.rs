use super::{Talk, nowhere};
use crate::actions::once::check_concurrent;
use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn who_accepts_takes_part_and_the_conversation_is_open() {
    let plot = Plot::new().await;
    let talk = Talk::proposed(&plot).await;
    let mut told = talk.alice.connect().await;
    let receipt = check_concurrent(&talk.bob, "converse_accept", talk.this(), nowhere()).await;
    assert_eq!(
        (&receipt["result"]["phase"], &receipt["result"]["member_phase"]),
        (&json!("open"), &json!("participating"))
    );
    assert_eq!(
        told.heard("conversation_opened").await.event["source"],
        talk.bob.handle
    );
}

#[tokio::test]
async fn who_accepts_from_afar_is_joining_until_it_comes() {
    let plot = Plot::new().await;
    let talk = Talk::proposed(&plot).await;
    let mut told = talk.alice.connect().await;
    talk.bob.stand(&plot.name, 62.0, 50.0).await;
    let result = talk.bob.act("converse_accept", talk.this()).await.result();
    assert_eq!(result["member_phase"], "joining", "{result}");
    assert!(result["hint"].is_string());
    talk.bob
        .act("move_to", json!({"x": 53.0, "y": 50.0, "gait": "run"}))
        .await
        .ok();
    told.heard("conversation_opened").await;
}

#[tokio::test]
async fn only_who_was_asked_accepts() {
    let plot = Plot::new().await;
    let talk = Talk::proposed(&plot).await;
    talk.carol
        .act("converse_accept", talk.this())
        .await
        .refused("not_found");
    talk.bob
        .act("converse_accept", nowhere())
        .await
        .refused("not_found");
    talk.bob
        .act("converse_accept", json!({"conversation_id": "tea"}))
        .await
        .refused("invalid_parameter");
    talk.bob.stand(&plot.name, 90.0, 50.0).await;
    talk.bob
        .act("converse_accept", talk.this())
        .await
        .refused("too_far");
    talk.bob.stand(&plot.name, 52.0, 50.0).await;
    talk.bob.act("converse_accept", talk.this()).await.ok();
    talk.bob
        .act("converse_accept", talk.this())
        .await
        .refused("conversation_state");
}
