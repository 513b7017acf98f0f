//! An agent that is offered to another shard, and what becomes of it.

use super::{RegionActor, RegionMessage};
use crate::actors::mailbox::Seat;
use crate::actors::peer::{Told, message};
use crate::base::id::{AgentId, ShardId};
use crate::domain::refusal::Refusal;
use crate::domain::region::Body;
use crate::host::fault;
use crate::store::commit::Outcome;
use std::sync::Arc;

/// A shard with the name of its region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The shard.
    pub shard: ShardId,
    /// Its region.
    pub region: Arc<str>,
}

/// What became of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// What the sender does about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The agent takes commands again.
    Thaw,
    /// It is offered once more after a while, under this hand-off, if it walks.
    OfferLater(i64),
    /// It is another shard's.
    LetGo(Destination),
    /// It is taken back, by a transaction about the same hand-off, unless the other shard's transaction is through.
    Reclaim(Destination),
}

impl Fate {
    /// What the receiver's transaction says.
    pub fn of_arrival(outcome: &Result<Outcome, Refusal>, to: Destination) -> Self {
        match outcome {
            Ok(Outcome::Committed { .. }) => Fate::Taken(to),
            Ok(Outcome::Refused(_) | Outcome::Replayed(_)) => Fate::Kept,
            Err(_) => Fate::Unknown(to),
        }
    }

    /// What the sender's transaction says, by which it takes an agent back: of two about one hand-off only one succeeds.
    pub fn of_reclaim(outcome: &Result<Outcome, Refusal>, to: Destination) -> Self {
        match outcome {
            Ok(Outcome::Committed { .. }) => Fate::Reclaimed,
            Ok(Outcome::Refused(_) | Outcome::Replayed(_)) => Fate::Taken(to),
            Err(_) => Fate::Unknown(to),
        }
    }

    /// What a shard of another node answered.
    pub fn of_answer(told: Told, to: Destination) -> Self {
        match told {
            Told::Done(bytes) => match rmp_serde::from_slice(&bytes) {
                Ok(message::Fate::Kept) => Fate::Kept,
                Ok(message::Fate::Later) => Fate::Later,
                Ok(message::Fate::Taken) => Fate::Taken(to),
                Ok(message::Fate::Unknown) | Err(_) => Fate::Unknown(to),
            },
            Told::Refused(_) | Told::Missing | Told::Unsent => Fate::Later,
            Told::Lost => Fate::Unknown(to),
        }
    }

    /// As it is told to another node.
    pub fn as_told(&self) -> message::Fate {
        match self {
            Fate::Kept | Fate::Reclaimed => message::Fate::Kept,
            Fate::Later => message::Fate::Later,
            Fate::Taken(_) => message::Fate::Taken,
            Fate::Unknown(_) => message::Fate::Unknown,
        }
    }

    /// What the sender does. `body`: the hand-off that its body of the agent stands under, if there is one. None: it was an
    /// offer of an earlier hand-off, which is about nothing any more.
    pub fn step(self, hop: i64, body: Option<i64>) -> Option<Step> {
        if body.is_some_and(|body| body != hop) {
            return None;
        }
        Some(match self {
            Fate::Kept => Step::Thaw,
            Fate::Later => Step::OfferLater(hop),
            Fate::Reclaimed => Step::OfferLater(hop.saturating_add(1)),
            Fate::Taken(to) => Step::LetGo(to),
            Fate::Unknown(to) => Step::Reclaim(to),
        })
    }
}

/// What a shard does that hears that another one has an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overtaken {
    /// Nothing: its own body of the agent is the later one.
    No,
    /// It looks again when what the body is frozen for is decided.
    LookAgain,
    /// It lets the agent go.
    LetGo,
}

/// What a shard does that hears that another one has an agent by a hand-off. A body of an earlier one is a memory of what was: an
/// offer outlives the node that made it, and its transaction may come when the next node has loaded the agent from its row.
pub fn overtaken(body: &Body, hop: i64) -> Overtaken {
    match body.is_frozen {
        _ if body.hop >= hop || fault::is_mutant("overtaken_unnoticed") => Overtaken::No,
        true => Overtaken::LookAgain,
        false => Overtaken::LetGo,
    }
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
            Some(Sender::There(told)) => told(fate.as_told()),
            None => {}
        }
    }

    /// The receiver's transaction decided.
    pub(super) fn decided(mut self, outcome: &Result<Outcome, Refusal>) {
        let to = self.to.clone();
        self.end(Fate::of_arrival(outcome, to));
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
