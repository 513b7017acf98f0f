//! What every owner of actions does the same way: set the scene, demand the event, make the commit.

use super::node::Node;
use super::request::Request;
use crate::domain::agent::Profile;
use crate::domain::event::Event;
use crate::domain::refusal::Refusal;
use crate::domain::region::World;
use crate::domain::scene::Scene;
use crate::domain::write::Write;
use crate::host::fault;
use crate::store::commit::Commit;
use serde_json::Value;
use std::sync::Arc;

impl Node {
    /// The scene of an action that is decided now, without a region and without a conversation.
    pub fn scene<'a>(&self, me: &'a Arc<Profile>, world: &'a World) -> Scene<'a> {
        let now = self.now();
        Scene {
            now,
            tick: self.rate.tick_at(now),
            rate: self.rate,
            dice: self.entropy.u64(),
            fresh_id: self.entropy.uuid_v7(now.0),
            me,
            world,
            region: None,
            conversation: None,
        }
    }

    /// A commit about an agent, without a command.
    pub fn commit_of(
        &self,
        profile: &Profile,
        region: String,
        event: Event,
        writes: Vec<Write>,
        result: Value,
    ) -> Commit {
        Commit {
            agent: profile.id,
            handle: profile.handle.clone(),
            name: profile.name.clone(),
            command: None,
            event_id: self.event_id(),
            event,
            region,
            tick: self.tick(),
            writes,
            result,
        }
    }
}

impl Request {
    /// The event that was decided. Errors: `internal`: a durable verb without an event breaks the promise of the table of
    /// actions, and nobody was told anything yet.
    pub fn demand(&self, event: Option<Event>) -> Result<Event, Refusal> {
        event.ok_or_else(|| {
            let action = self.command.action;
            tracing::error!(action, "durable action {action} decided no event");
            Refusal::internal()
        })
    }

    /// Panics when a fault is planted at this point for what is asked: `say:Ok("{\"message\":\"hello\"}")`.
    pub fn meet_fault(&self, point: &str) {
        fault::panic_if(point, || {
            format!(
                "{}:{:?}",
                self.command.action,
                serde_json::to_string(&self.action)
            )
        });
    }
}
