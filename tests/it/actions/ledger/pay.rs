use crate::actions::once::check_done_once;
use crate::plot::Plot;
use futures_util::future::join_all;
use serde_json::json;

const GRANT: i64 = 100_000;

#[tokio::test]
async fn a_payment_moves_money_and_tells_the_payee() {
    let plot = Plot::new().await;
    let (alice, bob) = (plot.agent("alice").await, plot.agent("bob").await);
    let mut heard = bob.connect().await;
    let answer = alice
        .act("pay", json!({"to": bob.handle, "amount": 250, "note": "for tea"}))
        .await
        .result();
    assert_eq!(answer["balance"], GRANT - 250);
    assert!(!answer["transfer_id"].is_null(), "{answer}");
    assert_eq!(
        (alice.balance().await, bob.balance().await),
        (GRANT - 250, GRANT + 250)
    );
    let event = heard.heard("payment").await.event;
    assert_eq!(
        (&event["source"], &event["target"]),
        (&json!(alice.handle), &json!(bob.handle))
    );
    assert_eq!(event["content"], json!({"amount": 250, "note": "for tea"}));
}

#[tokio::test]
async fn a_payment_reaches_an_agent_that_is_away() {
    let plot = Plot::new().await;
    let (alice, bob) = (plot.agent("alice").await, plot.stranger("bob").await);
    alice
        .act("pay", json!({"to": bob.handle, "amount": 1}))
        .await
        .ok();
    bob.enter().await;
    assert_eq!(bob.balance().await, GRANT + 1);
}

#[tokio::test]
async fn a_payment_with_the_same_id_moves_money_once() {
    let plot = Plot::new().await;
    let (alice, bob) = (plot.agent("alice").await, plot.agent("bob").await);
    let of = |amount: i64| json!({"to": bob.handle, "amount": amount});
    check_done_once(&alice, "pay", of(100), of(101)).await;
    assert_eq!(
        (alice.balance().await, bob.balance().await),
        (GRANT - 200, GRANT + 200)
    );
}

#[tokio::test]
async fn money_that_is_not_there_is_not_paid() {
    let plot = Plot::new().await;
    let (alice, bob) = (plot.agent("alice").await, plot.agent("bob").await);
    alice
        .act_as("too-much", "pay", json!({"to": bob.handle, "amount": GRANT + 1}))
        .await
        .refused("insufficient_funds");
    // Decided inside the transaction: the refusal is the stored answer, even when there is money later.
    bob.act("pay", json!({"to": alice.handle, "amount": 10}))
        .await
        .ok();
    alice
        .act_as("too-much", "pay", json!({"to": bob.handle, "amount": GRANT + 1}))
        .await
        .refused("insufficient_funds");
    assert_eq!(
        (alice.balance().await, bob.balance().await),
        (GRANT + 10, GRANT - 10)
    );
}

#[tokio::test]
async fn many_payments_at_once_never_overdraw() {
    let plot = Plot::new().await;
    let (alice, bob) = (plot.agent("alice").await, plot.agent("bob").await);
    let half = json!({"to": bob.handle, "amount": GRANT / 2});
    let answers = join_all((0..8).map(|_| alice.act("pay", half.clone()))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 2);
    assert_eq!(
        answers
            .iter()
            .filter(|answer| answer.body["code"] == "insufficient_funds")
            .count(),
        6
    );
    assert_eq!((alice.balance().await, bob.balance().await), (0, 2 * GRANT));
}

#[tokio::test]
async fn a_payment_needs_somebody_else_and_a_whole_positive_amount() {
    let plot = Plot::new().await;
    let alice = plot.agent("alice").await;
    alice
        .act("pay", json!({"to": alice.handle, "amount": 1}))
        .await
        .refused("self_target");
    alice
        .act("pay", json!({"to": "nobody-here", "amount": 1}))
        .await
        .refused("target_not_found");
    for bad in [
        json!(0),
        json!(-1),
        json!(1.5),
        json!("1"),
        json!(9_007_199_254_740_992_i64),
        json!(null),
    ] {
        alice
            .act("pay", json!({"to": "bob", "amount": bad}))
            .await
            .refused("invalid_parameter");
    }
    alice
        .act("pay", json!({"to": "bob", "amount": 1, "note": "x".repeat(201)}))
        .await
        .refused("invalid_parameter");
    assert_eq!(alice.balance().await, GRANT);
}

#[tokio::test]
async fn the_system_takes_no_payments() {
    let plot = Plot::new().await;
    let alice = plot.agent("alice").await;
    let answer = alice.act("pay", json!({"to": "system", "amount": 1})).await;
    assert!(
        ["permission_missing", "invalid_parameter"].contains(&answer.body["code"].as_str().unwrap()),
        "{}",
        answer.body
    );
    assert_eq!(alice.balance().await, GRANT);
}
