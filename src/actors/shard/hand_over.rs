//! A shard goes to another node in order: everything is finished and saved before the lease is given back.

use super::ShardActor;
use crate::actors::committer::CommitterMessage;
use crate::actors::directory::ShardSeats;
use crate::actors::lease::ShardLease;
use crate::actors::node::Node;
use crate::actors::peer::message::News;
use crate::actors::region::RegionMessage;
use crate::actors::watch::{self, Stage};
use crate::base::id::{NodeId, ShardId};
use crate::domain::refusal::Refusal;
use std::sync::Arc;
use std::time::Duration;

/// How long each step may take. Source: durability.md §2.6.
const STEP: Duration = Duration::from_secs(2);

impl ShardActor {
    /// Another node should have it. When a step fails it goes on here, as far as the lease goes; the next turn tries again.
    pub(super) fn hand_over(&mut self, to: NodeId, stage: &mut Stage<Self>) {
        let (Some(seats), false) = (self.node.directory.shard(self.shard), self.lease.is_lost()) else {
            return;
        };
        // Enough are on their way already, or this one is.
        let Some(handing) = self.node.leases.begin_hand_over(self.shard) else {
            return;
        };
        self.handing = Some(handing);
        let leaving = Leaving {
            node: Arc::clone(&self.node),
            shard: self.shard,
            epoch: self.lease.epoch(),
            seats,
            to,
        };
        watch::then(
            stage,
            async move { part_with(&leaving).await },
            move |me, parted, stage| me.handed_over(to, parted, stage),
        );
    }

    fn handed_over(&mut self, to: NodeId, parted: Result<bool, Refusal>, stage: &mut Stage<Self>) {
        self.handing = None;
        match parted {
            Ok(true) => {
                tracing::info!(shard.id = %self.shard, "shard {} was handed over to node {to}", self.shard);
                self.node.peers.tell(to, News::Take);
                self.end(stage);
            }
            Ok(false) => self.open(),
            Err(refusal) => {
                tracing::warn!(shard.id = %self.shard, "shard {} was not handed over: {refusal}", self.shard);
                self.open();
            }
        }
        // The next one may go, or this one was claimed by another node meanwhile.
        self.node.leases.look();
    }

    /// It is not handed over: whatever its lease allows is done again.
    pub(super) fn open(&self) {
        self.lease.open();
        if let Some(seats) = self.node.directory.shard(self.shard) {
            seats.committer.order(CommitterMessage::Open);
        }
    }
}

/// The steps by which a shard goes to another node.
pub trait Parting {
    /// Commits what was decided; no more is taken.
    fn finish(&self) -> impl Future<Output = Result<(), Refusal>>;
    /// What it runs under.
    fn lease(&self) -> &ShardLease;
    /// Saves what is not in the log.
    fn save(&self) -> impl Future<Output = Result<(), Refusal>>;
    /// Gives the lease back. Whether it was still this node's.
    fn give_back(&self) -> impl Future<Output = Result<bool, Refusal>>;
}

/// Finishes, saves and gives back. Whether the lease was still this node's.
pub async fn part_with(shard: &impl Parting) -> Result<bool, Refusal> {
    // What was decided is committed; what is decided now and must last is refused for the moment.
    shard.finish().await?;
    // Nothing is decided any more, so that what is saved is all there is.
    shard.lease().close();
    shard.save().await?;
    shard.give_back().await
}

/// A shard of this node on its way to another.
struct Leaving {
    node: Arc<Node>,
    shard: ShardId,
    epoch: i64,
    seats: ShardSeats,
    to: NodeId,
}

impl Parting for Leaving {
    async fn finish(&self) -> Result<(), Refusal> {
        self.seats.committer.demand(STEP, CommitterMessage::Close).await
    }

    fn lease(&self) -> &ShardLease {
        &self.seats.lease
    }

    async fn save(&self) -> Result<(), Refusal> {
        self.seats.region.demand(STEP, RegionMessage::Save).await
    }

    async fn give_back(&self) -> Result<bool, Refusal> {
        self.node
            .leases
            .release(self.shard, self.epoch, self.to, STEP)
            .await
    }
}
