//! A shard goes to another node in order: everything is finished and saved before the lease is given back.

use super::ShardActor;
use crate::actors::committer::CommitterMessage;
use crate::actors::directory::ShardSeats;
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
        let (node, shard, epoch) = (Arc::clone(&self.node), self.shard, self.lease.epoch());
        watch::then(
            stage,
            async move { part_with(&node, shard, epoch, &seats, to).await },
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

/// Finishes, saves and gives back. Whether the lease was still this node's.
async fn part_with(
    node: &Node,
    shard: ShardId,
    epoch: i64,
    seats: &ShardSeats,
    to: NodeId,
) -> Result<bool, Refusal> {
    // What was decided is committed; what is decided now and must last is refused for the moment.
    seats.committer.demand(STEP, CommitterMessage::Close).await?;
    // Nothing is decided any more, so that what is saved is all there is.
    seats.lease.close();
    seats.region.demand(STEP, RegionMessage::Save).await?;
    node.leases.release(shard, epoch, to, STEP).await
}
