//! The actor of a shard: its region and its committer rest, go on or end as its lease does.

mod follow;
mod hand_over;
#[cfg(test)]
mod tests;

pub use follow::{Course, course, follow};
pub use hand_over::{Parting, part_with};

use super::agent::AgentMessage;
use super::committer::{Committer, CommitterMessage};
use super::directory::ShardSeats;
use super::hub::{HubMessage, Whom};
use super::lease::{HandOver, ShardLease};
use super::node::Node;
use super::region::{RegionActor, RegionMessage};
use super::roster;
use super::watch::{self, Role, Stage};
use crate::base::id::{NodeId, ShardId};
use crate::domain::region::{RegionPlan, ShardPlan};
use crate::store::commit::Lease;
use crate::wire::Disconnect;
use actix_rt::ArbiterHandle;
use std::sync::Arc;

/// What a shard's actor is told.
pub enum ShardMessage {
    /// The lease of this epoch is lost: nothing more is done under it.
    Lost(i64),
    /// This node holds it anew, under this epoch: load again and go on.
    Claimed(i64),
    /// Another node holds it: end here.
    End,
    /// That node should have it: finish, save, give it back for that node, and end here.
    HandOver(NodeId),
}

/// The actor of one shard.
pub struct ShardActor {
    node: Arc<Node>,
    shard: ShardId,
    lease: Arc<ShardLease>,
    /// While it is being handed over.
    handing: Option<HandOver>,
}

/// Starts a shard's actors on a thread and enters them into the directory, unless they run already.
pub fn start(node: &Arc<Node>, arbiter: &ArbiterHandle, plan: RegionPlan, shard: ShardPlan, lease: Lease) {
    let id = shard.id;
    node.directory
        .run_shard(id, || start_actors(node, arbiter, plan, shard, lease.epoch));
    roster::announce(node, id, lease.epoch);
}

fn start_actors(
    node: &Arc<Node>,
    arbiter: &ArbiterHandle,
    plan: RegionPlan,
    shard: ShardPlan,
    epoch: i64,
) -> ShardSeats {
    let (lease, id) = (Arc::new(ShardLease::new(epoch)), shard.id);
    node.leases.enter(id, &lease);
    let keeper = {
        let (node, lease) = (Arc::clone(node), Arc::clone(&lease));
        let quarantine = Arc::clone(&node.quarantine);
        let make = move || ShardActor {
            node,
            shard: id,
            lease,
            handing: None,
        };
        watch::start_in(arbiter, &quarantine, make)
    };
    let committer = {
        let (node, lease, keeper) = (Arc::clone(node), Arc::clone(&lease), keeper.clone());
        watch::start_in(arbiter, &node.quarantine.clone(), move || {
            Committer::new(node, id, lease, Some(keeper))
        })
    };
    let region = {
        let (node, lease, committer) = (Arc::clone(node), Arc::clone(&lease), committer.clone());
        watch::start_in(arbiter, &node.quarantine.clone(), move || {
            RegionActor::new(node, plan, shard, committer, lease)
        })
    };
    ShardSeats {
        keeper,
        lease,
        region,
        committer,
        arbiter: arbiter.clone(),
    }
}

impl ShardActor {
    /// The lease of this epoch is lost: the actors rest until it is claimed anew, or another node holds it.
    fn lose(&self, epoch: i64) {
        self.lease.lose(epoch);
        self.node.leases.look();
    }

    /// Another node holds it: nobody finds it here any more, and its actors and those of its agents end.
    fn end(&self, stage: &mut Stage<Self>) {
        let directory = &self.node.directory;
        let Some(seats) = directory.end_shard(self.shard, &self.lease) else {
            return;
        };
        tracing::warn!(shard.id = %self.shard, "shard {} runs on another node now", self.shard);
        self.lease.lose(self.lease.epoch());
        seats.region.order(RegionMessage::End);
        seats.committer.order(CommitterMessage::End);
        for agent in directory.agents() {
            agent.seat.order(AgentMessage::ShardEnded(self.shard));
        }
        if !directory.runs_any() && !self.node.peers.is_on() {
            // Whoever watches, or only listens, is sent to the node that runs the world.
            for hub in directory.hubs().iter() {
                hub.seat
                    .order(HubMessage::Close(Whom::Everybody, Disconnect::FORCE_RECONNECT));
            }
        }
        watch::finish(stage);
    }
}

impl Role for ShardActor {
    type Message = ShardMessage;
    const NAME: &'static str = "shard";
    const CAPACITY: usize = 64;

    fn begin(&mut self, _: &mut Stage<Self>) {}

    // A hand-over that this actor failed in goes no further.
    fn forget(&mut self) {
        if self.handing.take().is_some() {
            self.open();
        }
    }

    fn take(&mut self, message: ShardMessage, stage: &mut Stage<Self>) {
        match message {
            ShardMessage::Lost(epoch) => self.lose(epoch),
            ShardMessage::Claimed(epoch) => {
                if let Some(seats) = self.node.directory.shard(self.shard) {
                    roster::announce(&self.node, self.shard, epoch);
                    // The committer first: from then on the new epoch counts.
                    seats.committer.order(CommitterMessage::Claimed(epoch));
                    seats.region.order(RegionMessage::Reload);
                }
            }
            ShardMessage::End => self.end(stage),
            ShardMessage::HandOver(to) => self.hand_over(to, stage),
        }
    }
}
