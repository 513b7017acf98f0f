use super::{Talk, nowhere};
use crate::actions::once::check_concurrent;
use crate::plot::Plot;

#[tokio::test]
async fn one_has_the_floor_at_a_time() {
    let plot = Plot::new().await;
    let talk = Talk::open(&plot).await;
    let mut told = talk.bob.connect().await;
    let receipt = check_concurrent(&talk.alice, "converse_take_floor", talk.this(), nowhere()).await;
    assert!(!receipt["result"]["until"].is_null(), "{receipt}");
    assert_eq!(
        told.heard("conversation_floor_taken").await.event["content"]["holder"],
        talk.alice.handle
    );
    let refused = talk
        .bob
        .act("converse_take_floor", talk.this())
        .await
        .refused("conversation_state");
    assert!(
        refused["retry_after_ms"].as_i64().is_some_and(|ms| ms > 20_000),
        "{refused}"
    );
    talk.alice.act("converse_take_floor", talk.this()).await.ok();
}

#[tokio::test]
async fn the_floor_is_for_members_of_an_open_conversation() {
    let plot = Plot::new().await;
    let talk = Talk::proposed(&plot).await;
    talk.alice
        .act("converse_take_floor", talk.this())
        .await
        .refused("conversation_state");
    talk.carol
        .act("converse_take_floor", talk.this())
        .await
        .refused("not_found");
    talk.alice
        .act("converse_take_floor", nowhere())
        .await
        .refused("not_found");
}
