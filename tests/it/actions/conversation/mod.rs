//! Conversations: a dialogue with a floor.

mod accept;
mod decline;
mod invite;
mod leave;
mod line;
mod release;
mod start;
mod take_floor;

use crate::agent::Agent;
use crate::plot::Plot;
use crate::world::until;
use serde_json::{Value, json};

/// A conversation of two, and a third agent beside it.
pub struct Talk {
    /// Its id.
    pub id: String,
    /// Who began it.
    pub alice: Agent,
    /// Who was asked.
    pub bob: Agent,
    /// Who stands by.
    pub carol: Agent,
}

impl Talk {
    /// Alice asks Bob, who has not answered yet.
    pub async fn proposed(plot: &Plot<'_>) -> Self {
        let alice = plot.agent_at("alice", 50.0, 50.0).await;
        let bob = plot.agent_at("bob", 52.0, 50.0).await;
        let carol = plot.agent_at("carol", 50.0, 52.0).await;
        let params = json!({"invitees": [bob.handle], "topic": "tea"});
        let id = alice.act("converse_start", params).await.result()["conversation_id"]
            .as_str()
            .expect("an id")
            .to_owned();
        Self {
            id,
            alice,
            bob,
            carol,
        }
    }

    /// Bob has accepted.
    pub async fn open(plot: &Plot<'_>) -> Self {
        let talk = Self::proposed(plot).await;
        talk.bob.act("converse_accept", talk.this()).await.ok();
        talk
    }

    /// The parameter that names the conversation.
    pub fn this(&self) -> Value {
        json!({"conversation_id": self.id})
    }

    /// A line.
    pub fn line(&self, message: &str) -> Value {
        json!({"conversation_id": self.id, "message": message})
    }

    /// Takes the floor as soon as the reading pause is over.
    pub async fn take_floor(&self, agent: &Agent) {
        until("the floor is free", async || {
            let answer = agent.act("converse_take_floor", self.this()).await;
            (answer.status == 200).then_some(())
        })
        .await;
    }
}

/// A conversation that does not exist.
pub fn nowhere() -> Value {
    json!({"conversation_id": "01890000-0000-7000-8000-000000000000"})
}
