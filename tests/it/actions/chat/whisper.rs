use crate::actions::once::check_done_once;
use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn a_whisper_reaches_its_target_wherever_it_is_and_nobody_else() {
    let plot = Plot::new().await;
    let (alice, bob) = (
        plot.agent_at("alice", 30.0, 30.0).await,
        plot.agent_at("bob", 31.0, 30.0).await,
    );
    let carol = plot.world.agent("carol").await;
    let (mut near, mut far) = (bob.connect().await, carol.connect().await);
    alice
        .act("whisper", json!({"target_id": carol.handle, "message": "secret"}))
        .await
        .ok();
    let heard = far.heard("whisper").await;
    assert_eq!(heard.channel, format!("#{}", carol.handle));
    assert_eq!(
        (&heard.event["source"], &heard.event["content"]),
        (&json!(alice.handle), &json!({"message": "secret"}))
    );
    assert!(heard.offset > 0);
    // What is said aloud afterwards has arrived, and the whisper has not.
    alice.act("say", json!({"message": "aloud"})).await.ok();
    near.heard("speech").await;
    assert!(
        !near.events.iter().any(|heard| heard.event["type"] == "whisper"),
        "{:?}",
        near.events
    );
}

#[tokio::test]
async fn a_whisper_to_oneself_to_nobody_or_of_nothing_is_refused() {
    let plot = Plot::new().await;
    let alice = plot.agent("alice").await;
    alice
        .act("whisper", json!({"target_id": alice.handle, "message": "me"}))
        .await
        .refused("self_target");
    alice
        .act("whisper", json!({"target_id": "nobody-here", "message": "hm"}))
        .await
        .refused("target_not_found");
    for bad in [
        json!({"target_id": "bob"}),
        json!({"message": "x"}),
        json!({"target_id": "BOB!", "message": "x"}),
        json!({"target_id": "bob", "message": ""}),
    ] {
        alice.act("whisper", bad).await.refused("invalid_parameter");
    }
}

#[tokio::test]
async fn a_whisper_comes_once() {
    let plot = Plot::new().await;
    let (alice, bob) = (plot.agent("alice").await, plot.agent("bob").await);
    let to = |message: &str| json!({"target_id": bob.handle, "message": message});
    let mut heard = bob.connect().await;
    check_done_once(&alice, "whisper", to("once"), to("twice")).await;
    alice.act("whisper", to("end")).await.ok();
    let mut offsets = Vec::new();
    let mut messages = Vec::new();
    while messages.last().is_none_or(|message| message != "end") {
        let whisper = heard.heard("whisper").await;
        offsets.push(whisper.offset);
        messages.push(whisper.event["content"]["message"].as_str().unwrap().to_owned());
    }
    assert_eq!(messages, ["once", "once", "end"]);
    assert_eq!(offsets, [1, 2, 3]);
}
