use crate::actions::once::check_done_once;
use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn sitting_on_a_bench_is_seen_and_counted() {
    let plot = Plot::new().await;
    let (alice, bob) = (
        plot.agent_at("alice", 20.0, 20.0).await,
        plot.agent_at("bob", 22.0, 20.0).await,
    );
    let mut seen = bob.connect().await;
    seen.entry(&alice.handle).await;
    let sat = alice
        .act("use_object", json!({"object_id": plot.bench, "action": "sit"}))
        .await
        .result();
    assert_eq!(sat, json!({"status": "sitting"}));
    assert_eq!(seen.entry(&alice.handle).await["status"], "sitting");
    let object = plot
        .world
        .get(&format!("/api/v1/objects/{}", plot.bench))
        .await
        .ok();
    assert_eq!(object["state"]["sit_count"], 1, "{object}");
}

#[tokio::test]
async fn a_note_is_posted_and_read_by_others() {
    let plot = Plot::new().await;
    let (alice, bob) = (
        plot.agent_at("alice", 60.0, 20.0).await,
        plot.agent_at("bob", 60.0, 21.0).await,
    );
    let post = |text: &str| json!({"object_id": plot.board, "action": "post", "text": text});
    alice
        .act("use_object", json!({"object_id": plot.board, "action": "post"}))
        .await
        .refused("invalid_parameter");
    let read = || bob.act("use_object", json!({"object_id": plot.board, "action": "read"}));
    assert_eq!(
        alice.act("use_object", post("tea at five")).await.result(),
        json!({"posted": true})
    );
    let notes = crate::world::until("the note is on the board", async || {
        let notes = read().await.result();
        notes["notes"]
            .as_array()
            .filter(|notes| !notes.is_empty())
            .cloned()
    })
    .await;
    assert_eq!(
        (&notes[0]["author"], &notes[0]["text"]),
        (&json!(alice.handle), &json!("tea at five"))
    );
    let refused = alice
        .act("use_object", post("again"))
        .await
        .refused("on_cooldown");
    assert!(
        refused["retry_after_ms"]
            .as_i64()
            .is_some_and(|ms| ms > 3_000_000),
        "{refused}"
    );
}

#[tokio::test]
async fn a_wish_is_made_once_in_five_minutes() {
    let plot = Plot::new().await;
    let alice = plot.agent_at("alice", 40.0, 20.0).await;
    let wish = json!({"object_id": plot.fountain, "action": "make_wish"});
    alice.act_as("wish", "use_object", wish.clone()).await.ok();
    alice.act("use_object", wish.clone()).await.refused("on_cooldown");
    assert!(
        alice.act_as("wish", "use_object", wish).await.is_replayed(),
        "the same wish is answered as before"
    );
    alice
        .act(
            "use_object",
            json!({"object_id": plot.fountain, "action": "drink"}),
        )
        .await
        .ok();
}

#[tokio::test]
async fn goods_are_paid_for() {
    let plot = Plot::new().await;
    let alice = plot.agent_at("alice", 80.0, 20.0).await;
    let goods = alice
        .act("use_object", json!({"object_id": plot.stall, "action": "browse"}))
        .await
        .result();
    assert!(
        goods["goods"]
            .as_array()
            .unwrap()
            .contains(&json!({"item": "bread", "price": 300})),
        "{goods}"
    );
    let buy = |item: &str, quantity: i64| json!({"object_id": plot.stall, "action": "buy", "item": item, "quantity": quantity});
    check_done_once(&alice, "use_object", buy("bread", 2), buy("bread", 3)).await;
    assert_eq!(
        (alice.holds("bread").await, alice.balance().await),
        (4, 100_000 - 1_200)
    );
    for bad in [
        buy("bread", 0),
        buy("bread", 100),
        buy("castle", 1),
        json!({"object_id": plot.stall, "action": "buy"}),
    ] {
        alice.act("use_object", bad).await.refused("invalid_parameter");
    }
    alice
        .act("use_object", buy("lantern", 99))
        .await
        .refused("insufficient_funds");
    assert_eq!(
        (alice.holds("lantern").await, alice.balance().await),
        (0, 100_000 - 1_200)
    );
}

#[tokio::test]
async fn an_object_that_is_away_or_unfit_is_not_used() {
    let plot = Plot::new().await;
    let alice = plot.agent_at("alice", 20.0, 24.0).await;
    let sit = json!({"object_id": plot.bench, "action": "sit"});
    alice.act("use_object", sit.clone()).await.refused("too_far");
    alice.stand(&plot.name, 20.0, 22.0).await;
    alice
        .act("use_object", json!({"object_id": plot.bench, "action": "drink"}))
        .await
        .refused("invalid_parameter");
    alice
        .act(
            "use_object",
            json!({"object_id": "no-such-thing", "action": "sit"}),
        )
        .await
        .refused("object_not_found");
    alice
        .act(
            "use_object",
            json!({"object_id": "green_fountain", "action": "drink"}),
        )
        .await
        .refused("object_not_found");
    alice.act("use_object", sit).await.ok();
}
