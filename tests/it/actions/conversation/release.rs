use super::{Talk, nowhere};
use crate::actions::once::check_concurrent;
use crate::plot::Plot;

#[tokio::test]
async fn a_floor_that_was_released_goes_to_the_next_without_a_pause() {
    let plot = Plot::new().await;
    let talk = Talk::open(&plot).await;
    let mut told = talk.bob.connect().await;
    talk.take_floor(&talk.alice).await;
    check_concurrent(&talk.alice, "converse_release", talk.this(), nowhere()).await;
    told.heard("conversation_floor_released").await;
    talk.bob.act("converse_take_floor", talk.this()).await.ok();
}

#[tokio::test]
async fn only_who_has_the_floor_releases_it() {
    let plot = Plot::new().await;
    let talk = Talk::open(&plot).await;
    talk.alice
        .act("converse_release", talk.this())
        .await
        .refused("conversation_state");
    talk.take_floor(&talk.alice).await;
    talk.bob
        .act("converse_release", talk.this())
        .await
        .refused("conversation_state");
    talk.carol
        .act("converse_release", talk.this())
        .await
        .refused("not_found");
    talk.alice
        .act("converse_release", nowhere())
        .await
        .refused("not_found");
}
