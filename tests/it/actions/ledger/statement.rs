use crate::plot::Plot;
use serde_json::{Value, json};

#[tokio::test]
async fn a_statement_lists_the_latest_transfers_first_and_goes_on_by_cursor() {
    let plot = Plot::new().await;
    let (alice, bob) = (plot.agent("alice").await, plot.agent("bob").await);
    for amount in [1, 2, 3] {
        alice
            .act("pay", json!({"to": bob.handle, "amount": amount}))
            .await
            .ok();
    }
    let first = alice.act("statement", json!({"limit": 2})).await.result();
    assert_eq!(first["balance"], 100_000 - 6, "{first}");
    let amounts = |page: &Value| -> Vec<i64> {
        let transfers = page["transfers"].as_array().unwrap_or_else(|| panic!("{page}"));
        transfers
            .iter()
            .map(|transfer| transfer["amount"].as_i64().unwrap().abs())
            .collect()
    };
    assert_eq!(amounts(&first), [3, 2]);
    let second = alice
        .act("statement", json!({"limit": 2, "cursor": first["cursor"]}))
        .await
        .result();
    assert_eq!(amounts(&second), [1, 100_000]);
}

#[tokio::test]
async fn an_odd_limit_or_cursor_is_refused() {
    let plot = Plot::new().await;
    let alice = plot.agent("alice").await;
    for bad in [
        json!({"limit": 0}),
        json!({"limit": 201}),
        json!({"limit": "2"}),
        json!({"cursor": ""}),
    ] {
        alice.act("statement", bad).await.refused("invalid_parameter");
    }
    let broken = alice
        .act("statement", json!({"cursor": "no cursor of ours"}))
        .await;
    assert!(
        (400..500).contains(&broken.status),
        "{}: {}",
        broken.status,
        broken.body
    );
}
