//! Conversations of running actors over a database.

mod failing;
mod leaving;
mod talking;

use super::*;
use crate::actors::gateway::Caller;
use crate::actors::mailbox::wait;
use crate::actors::region::look;
use crate::actors::request::{Receipt, body_hash};
use crate::actors::test_node::{TestNode, run, wait_until};
use crate::domain::action::Action;
use crate::domain::conversation::{FLOOR_MS, INVITE_MS, MemberPhase, Phase};
use crate::domain::refusal::Code;
use crate::store::commit::CommandKey;
use serde_json::{Value, json};

/// Three agents a few steps from one another.
async fn three(node: &TestNode) -> (Caller, Caller, Caller) {
    (
        node.join("ann", 100.0, 100.0).await,
        node.join("ben", 102.0, 100.0).await,
        node.join("cy", 100.0, 102.0).await,
    )
}

async fn start(node: &TestNode, who: &Caller, invitees: &[&str]) -> ConversationId {
    let receipt = node
        .act(
            who,
            "converse_start",
            json!({"invitees": invitees, "topic": "rain"}),
        )
        .await
        .unwrap();
    serde_json::from_value(receipt.result.tree()["conversation_id"].clone()).unwrap()
}

async fn act(node: &TestNode, who: &Caller, verb: &str, id: ConversationId) -> Result<Receipt, Refusal> {
    node.act(who, verb, json!({"conversation_id": id})).await
}

/// Accepts, and gives what the member is then.
async fn accept(node: &TestNode, who: &Caller, id: ConversationId) -> Value {
    let receipt = act(node, who, "converse_accept", id).await.unwrap();
    receipt.result.tree()["member_phase"].clone()
}

async fn line(node: &TestNode, who: &Caller, id: ConversationId, message: &str) -> Result<Receipt, Refusal> {
    node.act(
        who,
        "converse_line",
        json!({"conversation_id": id, "message": message}),
    )
    .await
}

async fn stored(node: &TestNode, id: ConversationId) -> Conversation {
    node.read(move |reader| reader.conversation(id)).await.unwrap()
}

async fn phase_of(node: &TestNode, id: ConversationId, who: &Caller) -> MemberPhase {
    stored(node, id).await.member(who.id).unwrap().phase
}

/// Which conversation the region thinks that an agent is in.
async fn engaged(node: &TestNode, who: &Caller) -> Option<ConversationId> {
    let (seat, agent) = (node.shard("plaza").1.region, who.id);
    look(&seat, move |state, _| {
        state.body(agent).and_then(|body| body.conversation)
    })
    .await
    .unwrap()
}

async fn inbox(node: &TestNode, who: &Caller) -> Vec<String> {
    let agent = who.id;
    let entries = node.read(move |reader| reader.inbox(agent, 0, 100)).await;
    let kind = |payload: &Value| payload["type"].as_str().unwrap().to_owned();
    entries.iter().map(|entry| kind(&entry.payload)).collect()
}

fn code<T>(result: Result<T, Refusal>) -> (Code, String) {
    let refusal = result.err().expect("a refusal");
    (refusal.code, refusal.detail.split(':').next().unwrap().to_owned())
}
