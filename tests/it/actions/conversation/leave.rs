use super::{Talk, nowhere};
use crate::actions::once::check_concurrent;
use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn a_conversation_of_two_ends_when_one_leaves() {
    let plot = Plot::new().await;
    let talk = Talk::open(&plot).await;
    let mut told = talk.alice.connect().await;
    check_concurrent(&talk.bob, "converse_leave", talk.this(), nowhere()).await;
    told.heard("conversation_closed").await;
    talk.alice
        .act("converse_take_floor", talk.this())
        .await
        .refused("conversation_state");
    // Rested first: the same two do not begin again at once, others neither within 15 s.
    let again = talk
        .alice
        .act("converse_start", json!({"invitees": [talk.bob.handle]}))
        .await
        .refused("on_cooldown");
    assert!(
        again["retry_after_ms"].as_i64().is_some_and(|ms| ms > 0),
        "{again}"
    );
}

#[tokio::test]
async fn only_a_member_leaves() {
    let plot = Plot::new().await;
    let talk = Talk::open(&plot).await;
    talk.carol
        .act("converse_leave", talk.this())
        .await
        .refused("not_found");
    talk.bob
        .act("converse_leave", nowhere())
        .await
        .refused("not_found");
}
