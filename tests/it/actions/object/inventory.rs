use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn an_inventory_lists_what_is_held_and_only_to_its_owner() {
    let plot = Plot::new().await;
    let (alice, bob) = (plot.agent_at("alice", 80.0, 20.0).await, plot.agent("bob").await);
    assert_eq!(alice.act("inventory", json!({})).await.result(), json!([]));
    for quantity in [2, 3] {
        let buy = json!({"object_id": plot.stall, "action": "buy", "item": "apple", "quantity": quantity});
        alice.act("use_object", buy).await.ok();
    }
    let inventory = alice.act("inventory", json!({})).await.result();
    assert_eq!(
        (
            inventory.as_array().unwrap().len(),
            &inventory[0]["item"],
            &inventory[0]["quantity"]
        ),
        (1, &json!("apple"), &json!(5))
    );
    assert!(!inventory[0]["item_id"].is_null(), "{inventory}");
    let path = format!("/api/v1/agents/{}/inventory", alice.handle);
    assert_eq!(alice.get(&path).await.ok()["items"][0]["quantity"], 5);
    bob.get(&path).await.refused("not_owner");
}
