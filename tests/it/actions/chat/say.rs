use crate::actions::once::check_done_once;
use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn each_volume_reaches_exactly_those_in_its_range() {
    let plot = Plot::new().await;
    let alice = plot.agent_at("alice", 100.0, 100.0).await;
    let mut sockets = Vec::new();
    for (name, x) in [
        ("at-9", 109.0),
        ("at-19", 119.0),
        ("at-99", 199.0),
        ("at-101", 201.0),
    ] {
        sockets.push(plot.agent_at(name, x, 100.0).await.connect().await);
    }
    for (volume, heard_by) in [("whisper", 1), ("normal", 2), ("shout", 3)] {
        let answer = alice
            .act("say", json!({"message": volume, "volume": volume}))
            .await
            .result();
        assert_eq!(answer, json!({"heard_by": heard_by}));
    }
    // Each hears in order, so the first thing heard tells that nothing quieter came.
    for (socket, first) in sockets.iter_mut().zip(["whisper", "normal", "shout"]) {
        let heard = socket.heard("speech").await;
        assert_eq!(heard.channel, format!("region:{}", plot.name));
        assert_eq!(heard.event["source"], alice.handle);
        assert_eq!(heard.event["content"], json!({"message": first, "volume": first}));
        assert_eq!(
            heard.event["location"],
            json!({"x": 100.0, "y": 100.0, "z": 25.0})
        );
    }
    // The one out of reach comes nearer, and the first thing that it hears is said then.
    alice.stand(&plot.name, 105.0, 100.0).await;
    alice
        .act("say", json!({"message": "now", "volume": "shout"}))
        .await
        .ok();
    assert_eq!(
        sockets[3].heard("speech").await.event["content"]["message"],
        "now"
    );
}

#[tokio::test]
async fn a_message_has_1_to_1000_harmless_characters() {
    let plot = Plot::new().await;
    let alice = plot.agent("alice").await;
    for bad in [
        json!({}),
        json!({"message": ""}),
        json!({"message": "x".repeat(1_001)}),
        json!({"message": "a\u{0}b"}),
        json!({"message": 5}),
    ] {
        alice.act("say", bad).await.refused("invalid_parameter");
    }
    alice
        .act("say", json!({"message": "x", "volume": "scream"}))
        .await
        .refused("invalid_parameter");
    alice.act("say", json!({"message": "ж".repeat(1_000)})).await.ok();
}

#[tokio::test]
async fn a_speech_is_said_once() {
    let plot = Plot::new().await;
    let (alice, bob) = (
        plot.agent_at("alice", 30.0, 30.0).await,
        plot.agent_at("bob", 31.0, 30.0).await,
    );
    let mut heard = bob.connect().await;
    check_done_once(
        &alice,
        "say",
        json!({"message": "once"}),
        json!({"message": "twice"}),
    )
    .await;
    alice.act("say", json!({"message": "end"})).await.ok();
    let mut messages = Vec::new();
    while messages.last().is_none_or(|message| message != "end") {
        messages.push(
            heard.heard("speech").await.event["content"]["message"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(messages, ["once", "once", "end"]);
}
