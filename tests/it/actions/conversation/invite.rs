use super::Talk;
use crate::actions::once::check_concurrent;
use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn a_third_one_is_asked_and_joins() {
    let plot = Plot::new().await;
    let talk = Talk::open(&plot).await;
    let mut told = talk.bob.connect().await;
    let invite = |whom: &str| json!({"conversation_id": talk.id, "target_id": whom});
    check_concurrent(
        &talk.alice,
        "converse_invite",
        invite(&talk.carol.handle),
        invite("nobody-here"),
    )
    .await;
    talk.carol.act("converse_accept", talk.this()).await.ok();
    assert_eq!(
        told.heard("conversation_member_joined").await.event["source"],
        talk.carol.handle
    );
}

#[tokio::test]
async fn only_members_ask_and_only_those_who_are_near_and_free() {
    let plot = Plot::new().await;
    let talk = Talk::open(&plot).await;
    let dave = plot.agent_at("dave", 90.0, 50.0).await;
    let invite = |whom: &str| json!({"conversation_id": talk.id, "target_id": whom});
    talk.carol
        .act("converse_invite", invite(&dave.handle))
        .await
        .refused("not_found");
    talk.alice
        .act("converse_invite", invite(&talk.alice.handle))
        .await
        .refused("self_target");
    talk.alice
        .act("converse_invite", invite("nobody-here"))
        .await
        .refused("target_not_found");
    talk.alice
        .act("converse_invite", invite(&dave.handle))
        .await
        .refused("too_far");
    talk.alice
        .act("converse_invite", invite(&talk.bob.handle))
        .await
        .refused("conversation_state");
}
