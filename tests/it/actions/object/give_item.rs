use crate::actions::once::check_done_once;
use crate::agent::Agent;
use crate::plot::Plot;
use serde_json::{Value, json};

async fn with_apples(plot: &Plot<'_>, count: i64) -> Agent {
    let alice = plot.agent_at("alice", 80.0, 20.0).await;
    let buy = json!({"object_id": plot.stall, "action": "buy", "item": "apple", "quantity": count});
    alice.act("use_object", buy).await.ok();
    alice
}

fn give(to: &Agent, item: &str, quantity: i64) -> Value {
    json!({"target_id": to.handle, "item_id": item, "quantity": quantity})
}

#[tokio::test]
async fn a_gift_changes_hands_and_is_told() {
    let plot = Plot::new().await;
    let (alice, bob) = (
        with_apples(&plot, 5).await,
        plot.agent_at("bob", 85.0, 20.0).await,
    );
    let mut heard = bob.connect().await;
    alice.act("give_item", give(&bob, "apple", 2)).await.ok();
    assert_eq!((alice.holds("apple").await, bob.holds("apple").await), (3, 2));
    let event = heard.heard("item_give").await.event;
    assert_eq!(
        (&event["source"], &event["target"], &event["content"]["quantity"]),
        (&json!(alice.handle), &json!(bob.handle), &json!(2))
    );
}

#[tokio::test]
async fn an_item_is_also_given_by_its_id() {
    let plot = Plot::new().await;
    let (alice, bob) = (
        with_apples(&plot, 2).await,
        plot.agent_at("bob", 85.0, 20.0).await,
    );
    let inventory = alice.act("inventory", json!({})).await.result();
    let id = inventory[0]["item_id"]
        .as_str()
        .unwrap_or_else(|| panic!("{inventory}"))
        .to_owned();
    alice.act("give_item", give(&bob, &id, 1)).await.ok();
    assert_eq!((alice.holds("apple").await, bob.holds("apple").await), (1, 1));
}

#[tokio::test]
async fn a_gift_with_the_same_id_is_given_once() {
    let plot = Plot::new().await;
    let (alice, bob) = (
        with_apples(&plot, 9).await,
        plot.agent_at("bob", 85.0, 20.0).await,
    );
    check_done_once(
        &alice,
        "give_item",
        give(&bob, "apple", 2),
        give(&bob, "apple", 3),
    )
    .await;
    assert_eq!((alice.holds("apple").await, bob.holds("apple").await), (5, 4));
}

#[tokio::test]
async fn what_is_not_held_or_not_near_is_not_given() {
    let plot = Plot::new().await;
    let (alice, bob) = (
        with_apples(&plot, 1).await,
        plot.agent_at("bob", 91.0, 20.0).await,
    );
    alice
        .act("give_item", give(&bob, "apple", 1))
        .await
        .refused("too_far");
    alice
        .act("give_item", give(&alice, "apple", 1))
        .await
        .refused("self_target");
    alice
        .act(
            "give_item",
            json!({"target_id": "nobody-here", "item_id": "apple"}),
        )
        .await
        .refused("target_not_found");
    for quantity in [0, -1, 100] {
        alice
            .act("give_item", give(&bob, "apple", quantity))
            .await
            .refused("invalid_parameter");
    }
    bob.stand(&plot.name, 85.0, 20.0).await;
    alice
        .act("give_item", give(&bob, "apple", 2))
        .await
        .refused("not_owner");
    alice
        .act("give_item", give(&bob, "castle", 1))
        .await
        .refused("not_owner");
    assert_eq!((alice.holds("apple").await, bob.holds("apple").await), (1, 0));
}
