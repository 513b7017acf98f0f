use super::Talk;
use crate::actions::once::check_concurrent;
use crate::plot::Plot;
use crate::world::{Settings, TestWorld};
use nix::sys::signal::Signal;
use serde_json::json;

#[tokio::test]
async fn members_speak_in_turn_and_each_line_is_said_once() {
    let plot = Plot::new().await;
    let talk = Talk::open(&plot).await;
    let mut told = talk.bob.connect().await;
    talk.take_floor(&talk.alice).await;
    let receipt = check_concurrent(
        &talk.alice,
        "converse_line",
        talk.line("good morning"),
        talk.line("good night"),
    )
    .await;
    assert_eq!(receipt["result"]["number"], 1, "{receipt}");
    let line = told.heard("conversation_line").await.event;
    assert_eq!(
        (&line["source"], &line["content"]["message"]),
        (&json!(talk.alice.handle), &json!("good morning"))
    );
    assert_eq!(line["content"]["next_speaker"], talk.bob.handle);
    // Bob is next, after a pause for reading.
    let refused = talk
        .bob
        .act("converse_take_floor", talk.this())
        .await
        .refused("conversation_state");
    assert!(
        refused["retry_after_ms"]
            .as_i64()
            .is_some_and(|ms| (1..=2_000).contains(&ms)),
        "{refused}"
    );
    talk.take_floor(&talk.bob).await;
    assert_eq!(
        talk.bob
            .act("converse_line", talk.line("good morning to you"))
            .await
            .result()["number"],
        2
    );
    let said: Vec<_> = told
        .events
        .iter()
        .filter(|heard| heard.event["content"]["message"] == "good morning")
        .collect();
    assert!(said.is_empty(), "{said:?}");
}

#[tokio::test]
async fn without_the_floor_or_to_nobody_no_line_is_said() {
    let plot = Plot::new().await;
    let talk = Talk::open(&plot).await;
    talk.alice
        .act("converse_line", talk.line("hello"))
        .await
        .refused("conversation_state");
    talk.carol
        .act("converse_line", talk.line("hello"))
        .await
        .refused("not_found");
    talk.take_floor(&talk.alice).await;
    talk.bob
        .act("converse_line", talk.line("hello"))
        .await
        .refused("conversation_state");
    let to = |whom: &str| json!({"conversation_id": talk.id, "message": "hello", "addressed_to": [whom]});
    talk.alice
        .act("converse_line", to(&talk.alice.handle))
        .await
        .refused("self_target");
    talk.alice
        .act("converse_line", to(&talk.carol.handle))
        .await
        .refused("target_not_found");
    talk.alice
        .act("converse_line", talk.line(""))
        .await
        .refused("invalid_parameter");
    talk.alice
        .act("converse_line", talk.line(&"ж".repeat(600)))
        .await
        .refused("invalid_parameter");
    talk.alice.act("converse_line", to(&talk.bob.handle)).await.ok();
}

#[tokio::test]
async fn a_conversation_goes_on_after_kill_9_where_it_was() {
    let mut world = TestWorld::start(Settings::default());
    let talk = {
        let plot = Plot::in_world(&world).await;
        Talk::open(&plot).await
    };
    talk.take_floor(&talk.alice).await;
    let first = talk
        .alice
        .act_as("line", "converse_line", talk.line("good morning"))
        .await
        .ok();
    world.restart(Signal::SIGKILL);
    talk.alice.enter().await;
    talk.bob.enter().await;
    let again = talk
        .alice
        .act_as("line", "converse_line", talk.line("good morning"))
        .await;
    assert!(
        again.is_replayed() && again.body["result"] == first["result"],
        "{}",
        again.body
    );
    talk.take_floor(&talk.bob).await;
    assert_eq!(
        talk.bob
            .act("converse_line", talk.line("and to you"))
            .await
            .result()["number"],
        2
    );
}
