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
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// What a shard's actor is told.
pub enum ShardMessage {
    /// A commit found that the lease of this epoch is lost: claim it anew and load again.
    Fenced(i64),
}

/// The actor of one shard.
pub struct ShardActor {
    node: Arc<Node>,
    epoch: Arc<AtomicI64>,
    fenced_epoch: i64,
    is_claiming: bool,
}

/// Starts a shard's actors on a thread and enters them into the directory.
pub fn start(
    node: &Arc<Node>,
    arbiter: &ArbiterHandle,
    plan: RegionPlan,
    shard: ShardPlan,
    claim: &Claim,
) -> Seat<ShardActor> {
    let epoch = Arc::new(AtomicI64::new(claim.lease.epoch));
    let keeper = {
        let (node, epoch) = (Arc::clone(node), Arc::clone(&epoch));
        let quarantine = Arc::clone(&node.quarantine);
        let make = move || ShardActor {
            node,
            epoch,
            fenced_epoch: 0,
            is_claiming: false,
        };
        watch::start_in(arbiter, &quarantine, make)
    };
    let committer = {
        let (node, epoch, keeper, id) = (Arc::clone(node), Arc::clone(&epoch), keeper.clone(), shard.id);
        watch::start_in(arbiter, &node.quarantine.clone(), move || {
            Committer::new(node, id, epoch, Some(keeper))
        })
    };
    let region = {
        let (node, shard, committer) = (Arc::clone(node), shard.clone(), committer.clone());
        watch::start_in(arbiter, &node.quarantine.clone(), move || {
            RegionActor::new(node, plan, shard, committer, epoch)
        })
    };
    node.directory.put_shard(
        shard.id,
        ShardSeats {
            region,
            committer,
            arbiter: arbiter.clone(),
        },
    );
    keeper
}

/// Tells the actors of a shard that this node runs that the lease was claimed anew: they go on under its epoch.
pub fn resume(node: &Node, claim: &Claim) {
    let id = claim.lease.shard;
    let Some(seats) = node.directory.shard(id) else {
        return;
    };
    tracing::warn!(shard.id = %id, epoch = claim.lease.epoch, "{id} was claimed anew");
    seats
        .committer
        .order(CommitterMessage::Claimed(claim.lease.epoch));
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
            node.database
                .write(move |store| store.claim_shards(id, ttl_ms, false, now))
                .await
        };
        watch::then(stage, work, |me, claims, stage| {
            me.is_claiming = false;
            // A claim takes every shard that is free, so others of this node may be among them: each hears of its new epoch.
            for claim in claims.unwrap_or_default() {
                resume(&me.node, &claim);
            }
            // The committer learns of its epoch a moment later; what counts here is that it is newer than the lost one.
            watch::later(stage, Duration::from_millis(500), |me, stage| {
                if me.epoch.load(Ordering::Acquire) <= me.fenced_epoch {
                    me.claim(stage);
                }
            });
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
            ShardMessage::Fenced(epoch) => {
                self.fenced_epoch = epoch;
                self.claim(stage);
            }
        }
    }
}
