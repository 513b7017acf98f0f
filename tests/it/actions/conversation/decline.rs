use super::{Talk, nowhere};
use crate::actions::once::check_concurrent;
use crate::plot::Plot;

#[tokio::test]
async fn a_proposal_that_everybody_declines_is_over() {
    let plot = Plot::new().await;
    let talk = Talk::proposed(&plot).await;
    let mut told = talk.alice.connect().await;
    check_concurrent(&talk.bob, "converse_decline", talk.this(), nowhere()).await;
    let closed = told.heard("conversation_closed").await.event;
    assert_eq!(closed["content"]["member"], talk.bob.handle, "{closed}");
    talk.bob
        .act("converse_accept", talk.this())
        .await
        .refused("conversation_state");
}

#[tokio::test]
async fn only_who_was_asked_declines() {
    let plot = Plot::new().await;
    let talk = Talk::open(&plot).await;
    talk.carol
        .act("converse_decline", talk.this())
        .await
        .refused("not_found");
    talk.bob
        .act("converse_decline", nowhere())
        .await
        .refused("not_found");
    talk.bob
        .act("converse_decline", talk.this())
        .await
        .refused("conversation_state");
}
