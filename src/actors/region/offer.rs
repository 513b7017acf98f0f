//! An agent that is offered to another shard, and what becomes of it.

use super::{RegionActor, RegionMessage};
use crate::actors::mailbox::Seat;
use crate::actors::peer::message;
use crate::base::id::{AgentId, ShardId};
use crate::domain::refusal::Refusal;
use crate::store::commit::Outcome;
use std::sync::Arc;

/// A shard with the name of its region.
#[derive(Clone)]
pub struct Destination {
    pub(super) shard: ShardId,
    pub(super) region: Arc<str>,
}

/// What became of an offer.
pub enum Fate {
    /// The agent stays, as the receiver or the database said.
    Kept,
    /// The agent stays for now: the receiver never heard of it, or cannot take anybody at the moment.
    Later,
    /// The agent stays, and this is on disk under one more hand-off.
    Reclaimed,
    /// The agent is there now.
    Taken(Destination),
    /// The receiver asked the database and got no answer: only a transaction of our own can tell.
    Unknown(Destination),
}

/// An agent offered to another shard. Dropped on the way (a full queue, a failed actor), the sender keeps the agent.
pub(super) struct Offer {
    from: Option<Sender>,
    to: Destination,
    agent: AgentId,
    hop: i64,
    is_committing: bool,
}

/// Who offers an agent.
enum Sender {
    /// A shard of this node.
    Here(Seat<RegionActor>),
    /// One of another node.
    There(Box<dyn FnOnce(message::Fate) + Send>),
}

impl Offer {
    /// An offer of a shard of this node, under a hand-off.
    pub(super) fn new(from: Option<Seat<RegionActor>>, to: Destination, agent: AgentId, hop: i64) -> Self {
        Self {
            from: from.map(Sender::Here),
            to,
            agent,
            hop,
            is_committing: false,
        }
    }

    /// An offer of another node to a shard of this one, under a hand-off.
    pub(super) fn of_another_node(
        agent: AgentId,
        (shard, hop): (ShardId, i64),
        told: impl FnOnce(message::Fate) + Send + 'static,
    ) -> Self {
        let region = "".into();
        Self {
            from: Some(Sender::There(Box::new(told))),
            to: Destination { shard, region },
            agent,
            hop,
            is_committing: false,
        }
    }

    /// The receiver asks the database: from now on only that knows.
    pub(super) fn begin_commit(&mut self) {
        self.is_committing = true;
    }

    /// Tells the sender.
    pub(super) fn end(&mut self, fate: Fate) {
        match self.from.take() {
            Some(Sender::Here(from)) => from.order(RegionMessage::HandedOver(self.agent, self.hop, fate)),
            Some(Sender::There(told)) => told(match fate {
                Fate::Kept | Fate::Reclaimed => message::Fate::Kept,
                Fate::Later => message::Fate::Later,
                Fate::Taken(_) => message::Fate::Taken,
                Fate::Unknown(_) => message::Fate::Unknown,
            }),
            None => {}
        }
    }

    /// The receiver's transaction decided.
    pub(super) fn decided(mut self, outcome: &Result<Outcome, Refusal>) {
        let to = self.to.clone();
        self.end(match outcome {
            Ok(Outcome::Committed { .. }) => Fate::Taken(to),
            Ok(Outcome::Refused(_) | Outcome::Replayed(_)) => Fate::Kept,
            Err(_) => Fate::Unknown(to),
        });
    }
}

impl Drop for Offer {
    fn drop(&mut self) {
        let to = self.to.clone();
        self.end(if self.is_committing {
            Fate::Unknown(to)
        } else {
            Fate::Later
        });
    }
}
