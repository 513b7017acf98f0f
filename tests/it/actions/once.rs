//! The promises of every durable action.

use crate::agent::{Agent, Answer};
use crate::world::unique;
use futures_util::future::join_all;
use serde_json::Value;

/// How many duplicates are sent at the same time.
const DUPLICATES: usize = 20;

/// Does an action, repeats it, repeats its id with other parameters, and does it once more as 20 concurrent duplicates.
/// After this it was done exactly twice.
pub async fn check_done_once(agent: &Agent, action: &str, params: Value, other: Value) {
    let id = format!("once-{}", unique());
    let first = agent.act_as(&id, action, params.clone()).await;
    assert!(!first.is_replayed(), "{}", first.body);
    let first = first.ok();
    assert_eq!(
        (first["durability"].as_str(), first["command_id"].as_str()),
        (Some("committed"), Some(id.as_str()))
    );
    assert!(first["seq"].as_i64().is_some_and(|seq| seq > 0), "{first}");
    let again = agent.act_as(&id, action, params.clone()).await;
    assert!(again.is_replayed(), "{}", again.body);
    assert_eq!(without_replayed(again.ok()), first);
    agent
        .act_as(&id, action, other.clone())
        .await
        .refused("command_mismatch");
    check_concurrent(agent, action, params, other).await;
}

/// Sends 20 concurrent duplicates and one with other parameters after them: one effect, equal answers. Gives the receipt.
/// For actions that cannot be done twice.
pub async fn check_concurrent(agent: &Agent, action: &str, params: Value, other: Value) -> Value {
    let id = format!("at-once-{}", unique());
    let answers: Vec<Answer> =
        join_all((0..DUPLICATES).map(|_| agent.act_as(&id, action, params.clone()))).await;
    assert_eq!(
        answers.iter().filter(|answer| !answer.is_replayed()).count(),
        1,
        "one of them was the first"
    );
    let bodies: Vec<Value> = answers
        .into_iter()
        .map(|answer| without_replayed(answer.ok()))
        .collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_eq!(bodies[0]["durability"], "committed");
    agent.act_as(&id, action, other).await.refused("command_mismatch");
    bodies.into_iter().next().expect("there are answers")
}

/// A receipt as the first one who asked got it.
pub fn without_replayed(mut receipt: Value) -> Value {
    if let Some(fields) = receipt.as_object_mut() {
        fields.shift_remove("replayed");
    }
    receipt
}
