//! Agents that come and act when asked.

use super::{NOW, TestNode};
use crate::actors::gateway::{Caller, Guest};
use crate::actors::request::Receipt;
use crate::base::id::AgentId;
use crate::domain::agent::{Handle, Name, Permissions};
use crate::domain::refusal::Refusal;
use crate::store::agent::{NewAgent, Registered};
use serde_json::{Value, json};

impl TestNode {
    /// Registers an agent and brings it to a point of the plaza.
    pub async fn join(&self, name: &str, x: f64, y: f64) -> Caller {
        let caller = self.register(name).await;
        self.gateway
            .join(&caller.handle, Guest::Rest, None)
            .await
            .unwrap();
        self.stand(&caller, x, y).await;
        caller
    }

    /// Registers an agent.
    pub async fn register(&self, name: &str) -> Caller {
        let handle = Handle::new(name).unwrap();
        let id = AgentId(self.node().entropy.uuid_v7(NOW.0));
        let agent = NewAgent {
            id,
            handle: handle.clone(),
            name: Name::new(name).unwrap(),
            owner_id: None,
            description: None,
            avatar: json!({}),
            skills_map: json!({}),
            default_region: "plaza".to_owned(),
            permissions: Permissions::of_new_agent(),
            key_id: None,
            key_hash: None,
            inbox_epoch: "test".to_owned(),
        };
        let registered = self
            .node()
            .database
            .write(move |store| store.register_agent(&agent, NOW))
            .await;
        assert_eq!(registered.unwrap(), Registered::Done);
        Caller {
            handle,
            id,
            permissions: Permissions::of_new_agent(),
        }
    }

    /// Puts an agent on a point of the plaza at once.
    pub async fn stand(&self, caller: &Caller, x: f64, y: f64) {
        self.act(caller, "teleport", json!({"region": "plaza", "x": x, "y": y}))
            .await
            .unwrap();
    }

    /// Does an action.
    pub async fn act(&self, caller: &Caller, name: &str, params: Value) -> Result<Receipt, Refusal> {
        self.gateway.act(caller, name, &params.to_string(), None).await
    }

    /// Does an action under a command id.
    pub async fn act_as(
        &self,
        caller: &Caller,
        name: &str,
        params: Value,
        id: &str,
    ) -> Result<Receipt, Refusal> {
        self.gateway
            .act(caller, name, &params.to_string(), Some(id.to_owned()))
            .await
    }
}
