//! The actor of a shard: holds its lease and keeps its region and its committer going.

use super::committer::{Committer, CommitterMessage};
use super::directory::ShardSeats;
use super::mailbox::Seat;
use super::node::Node;
use super::region::{RegionActor, RegionMessage};
use super::watch::{self, Role, Stage};
use crate::domain::region::{RegionPlan, ShardPlan};
use crate::store::shard::Claim;
use actix_rt::ArbiterHandle;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

/// What a shard's actor is told.
pub enum ShardMessage {
    /// A commit found that the lease is lost: claim it anew and load again.
    Fenced,
}

/// The actor of one shard.
pub struct ShardActor {
    node: Arc<Node>,
    shard: ShardPlan,
    is_claiming: bool,
}

/// Starts a shard's actors on a thread and enters them into the directory.
pub fn start(node: &Arc<Node>, arbiter: &ArbiterHandle, plan: RegionPlan, shard: ShardPlan, claim: &Claim) -> Seat<ShardActor> {
    let epoch = Arc::new(AtomicI64::new(claim.lease.epoch));
    let keeper = {
        let (node, shard) = (Arc::clone(node), shard.clone());
        watch::start_in(arbiter, &node.quarantine.clone(), move || ShardActor { node, shard, is_claiming: false })
    };
    let committer = {
        let (node, epoch, keeper, id) = (Arc::clone(node), Arc::clone(&epoch), keeper.clone(), shard.id);
        watch::start_in(arbiter, &node.quarantine.clone(), move || Committer::new(node, id, epoch, Some(keeper)))
    };
    let region = {
        let (node, shard, committer) = (Arc::clone(node), shard.clone(), committer.clone());
        watch::start_in(arbiter, &node.quarantine.clone(), move || RegionActor::new(node, plan, shard, committer, epoch))
    };
    node.directory.put_shard(shard.id, ShardSeats { region, committer, arbiter: arbiter.clone() });
    keeper
}

/// Tells the actors of a shard that this node runs that the lease was claimed anew: they go on under its epoch.
pub fn resume(node: &Node, claim: &Claim) {
    let id = claim.lease.shard;
    let Some(seats) = node.directory.shard(id) else { return };
    tracing::warn!(shard.id = %id, epoch = claim.lease.epoch, "{id} was claimed anew");
    seats.committer.order(CommitterMessage::Claimed(claim.lease.epoch));
    seats.region.order(RegionMessage::Reload);
}

impl ShardActor {
    fn claim(&mut self, stage: &mut Stage<Self>) {
        if self.is_claiming {
            return;
        }
        self.is_claiming = true;
        let node = Arc::clone(&self.node);
        let work = async move {
            let (id, ttl_ms, now) = (node.id, node.lease_ttl_ms, node.now());
            node.database.write(move |store| store.claim_shards(id, ttl_ms, false, now)).await
        };
        watch::then(stage, work, |me, claims, stage| {
            me.is_claiming = false;
            let claim = claims.ok().and_then(|claims| claims.into_iter().find(|claim| claim.lease.shard == me.shard.id));
            match claim {
                Some(claim) => resume(&me.node, &claim),
                // Somebody else holds it for now.
                None => watch::later(stage, Duration::from_millis(500), Self::claim),
            }
        });
    }
}

impl Role for ShardActor {
    type Message = ShardMessage;
    const NAME: &'static str = "shard";
    const CAPACITY: usize = 64;

    fn begin(&mut self, _: &mut Stage<Self>) {}

    fn forget(&mut self) {
        self.is_claiming = false;
    }

    fn take(&mut self, message: ShardMessage, stage: &mut Stage<Self>) {
        match message {
            ShardMessage::Fenced => self.claim(stage),
        }
    }
}
