//! The scene an action is decided in, and the decision that comes out.

use crate::base::id::ConversationId;
use crate::base::time::{Tick, TickRate, Timestamp};
use crate::domain::agent::{Handle, Profile};
use crate::domain::conversation::Conversation;
use crate::domain::event::Event;
use crate::domain::output::Output;
use crate::domain::refusal::Refusal;
use crate::domain::region::{Body, RegionState, World};
use crate::domain::space::Trajectory;
use crate::domain::write::Write;
use serde_json::{Value, json};
use std::sync::Arc;

/// An action: decides what should happen, from a view of the world and nothing else.
pub trait Act {
    /// Decides. Does no IO, reads no clock, draws no chance, touches no actor.
    /// Errors: the one refusal that applies first.
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal>;

    /// The conversation that it names, for actions owned by one.
    fn conversation_id(&self) -> Option<ConversationId> {
        None
    }
}

/// What an action may look at. The owner of the action fills it.
pub struct Scene<'a> {
    /// Wall-clock time of the decision.
    pub now: Timestamp,
    /// World tick of the decision.
    pub tick: Tick,
    /// How ticks and times go together.
    pub rate: TickRate,
    /// A random number drawn for this decision.
    pub dice: u64,
    /// An id made for this decision, for a new thing.
    pub fresh_id: uuid::Uuid,
    /// Who acts.
    pub me: &'a Arc<Profile>,
    /// The regions there are.
    pub world: &'a World,
    /// The region that the agent is in, for actions owned by it.
    pub region: Option<&'a RegionState>,
    /// The conversation that the action is about.
    pub conversation: Option<&'a Conversation>,
}

impl<'a> Scene<'a> {
    /// The region around the agent. Errors: `not_in_world`.
    pub fn region(&self) -> Result<&'a RegionState, Refusal> {
        self.region.ok_or_else(Refusal::not_in_world)
    }

    /// The agent's own body. Errors: `not_in_world`.
    pub fn body(&self) -> Result<&'a Body, Refusal> {
        self.region()?.body(self.me.id).ok_or_else(Refusal::not_in_world)
    }
}

/// What should happen. Queries carry a result or a lookup; everything else changes, a record, or both.
#[derive(Debug, Default)]
pub struct Decision {
    /// The answer's `result`, to which the transaction may add.
    pub result: Output,
    /// Changes of memory; of a durable action only after its commit.
    pub changes: Vec<Change>,
    /// What happened; of a durable action exactly one, stored with it.
    pub event: Option<Event>,
    /// What the database must do, with the event, or not at all.
    pub writes: Vec<Write>,
    /// A question for the database instead of a result.
    pub lookup: Option<Lookup>,
    /// The region to hand the agent over to; the receiver answers.
    pub hand_off: Option<HandOff>,
}

/// A change of what the region's actor keeps in memory, about the acting agent.
#[derive(Clone, Debug)]
pub enum Change {
    /// Goes another way, or stands.
    Trajectory(Trajectory),
    /// Follows an agent, or stops following.
    Follow(Option<Follow>),
    /// Shows another status.
    Status(String),
    /// May not do this again before a time.
    Cooldown(String, Timestamp),
    /// Is in a conversation, or in none.
    Conversation(Option<ConversationId>),
}

/// Following: the target and the distance kept.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Follow {
    /// Whom.
    pub target: crate::base::id::AgentId,
    /// Units: metres.
    pub distance_m: f64,
}

/// A question that only the database answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The agent's balance.
    Balance,
    /// The agent's latest transfers.
    Statement {
        /// How many.
        limit: i64,
        /// Only those before this opaque cursor.
        cursor: Option<String>,
    },
    /// What the agent holds.
    Inventory,
    /// What the agent heard or saw.
    Heard {
        /// Only these kinds; empty for all.
        kinds: Vec<String>,
        /// After this opaque cursor.
        cursor: Option<String>,
        /// After this time.
        since: Option<Timestamp>,
        /// How many.
        limit: i64,
    },
}

/// An agent on its way to another region.
#[derive(Clone, Debug)]
pub struct HandOff {
    /// The region it goes to.
    pub region: String,
    /// Where it wants to stand; the region's spawn otherwise.
    pub at: Option<crate::domain::space::Vec3>,
}

impl Decision {
    /// Done, with nothing to say.
    pub fn done() -> Self {
        Self::answer(json!({}))
    }

    /// An answer.
    pub fn answer(result: impl Into<Output>) -> Self {
        Self {
            result: result.into(),
            ..Self::default()
        }
    }

    /// A question for the database.
    pub fn lookup(lookup: Lookup) -> Self {
        Self {
            lookup: Some(lookup),
            ..Self::done()
        }
    }

    /// The same decision with a change of memory.
    pub fn change(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// The same decision with a write.
    pub fn write(mut self, write: Write) -> Self {
        self.writes.push(write);
        self
    }

    /// The same decision with its event.
    pub fn event(mut self, event: Event) -> Self {
        self.event = Some(event);
        self
    }
}

/// An event of the acting agent.
pub fn event_of(me: &Profile, kind: crate::domain::event::EventKind, content: Value) -> Event {
    let source: Handle = me.handle.clone();
    Event::new(kind, Some(source), content)
}
