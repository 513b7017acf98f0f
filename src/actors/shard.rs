//! The actor of a shard: holds its lease and keeps its region and its committer going.

use super::committer::{Committer, CommitterMessage};
use super::directory::ShardSeats;
use super::node::Node;
use super::region::{RegionActor, RegionMessage};
use super::watch::{self, Role, Stage};
use crate::domain::region::{RegionPlan, ShardPlan};
use crate::store::commit::Lease;
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

/// Starts a shard's actors on a thread and enters them into the directory, unless they run already.
pub fn start(node: &Arc<Node>, arbiter: &ArbiterHandle, plan: RegionPlan, shard: ShardPlan, lease: Lease) {
    let id = shard.id;
    node.directory
        .run_shard(id, || start_actors(node, arbiter, plan, shard, lease.epoch));
}

fn start_actors(
    node: &Arc<Node>,
    arbiter: &ArbiterHandle,
    plan: RegionPlan,
    shard: ShardPlan,
    epoch: i64,
) -> ShardSeats {
    let epoch = Arc::new(AtomicI64::new(epoch));
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
    let (keeper_seat, current) = (keeper.clone(), Arc::clone(&epoch));
    let committer = {
        let (node, epoch, id) = (Arc::clone(node), Arc::clone(&epoch), shard.id);
        watch::start_in(arbiter, &node.quarantine.clone(), move || {
            Committer::new(node, id, epoch, Some(keeper))
        })
    };
    let region = {
        let (node, committer) = (Arc::clone(node), committer.clone());
        watch::start_in(arbiter, &node.quarantine.clone(), move || {
            RegionActor::new(node, plan, shard, committer, epoch)
        })
    };
    ShardSeats {
        keeper: keeper_seat,
        epoch: current,
        region,
        committer,
        arbiter: arbiter.clone(),
    }
}

/// The leases that the shards of this node run under.
pub fn running(node: &Node) -> Vec<Lease> {
    let seats = node.directory.shards().into_iter();
    let lease = |(shard, seats): (_, ShardSeats)| Lease {
        shard,
        owner: node.id,
        epoch: seats.epoch.load(Ordering::Acquire),
    };
    seats.map(lease).collect()
}

/// Of the leases that shards ran under before a renewal, those that it did not prolong are lost: their shards claim them anew.
pub fn give_up(node: &Node, ran: &[Lease], renewed: &[Lease]) {
    for lost in ran.iter().filter(|lease| !renewed.contains(lease)) {
        let Some(seats) = node.directory.shard(lost.shard) else {
            continue;
        };
        // One that was claimed anew meanwhile is not lost.
        if seats.epoch.load(Ordering::Acquire) == lost.epoch {
            tracing::warn!(shard.id = %lost.shard, epoch = lost.epoch, "the lease of shard {} was not renewed", lost.shard);
            seats.keeper.order(ShardMessage::Fenced(lost.epoch));
        }
    }
}

/// This node holds these leases, claimed anew or found to be its own: a shard that runs goes on under its epoch, and one that
/// does not is started, whether its region is known here or not.
pub async fn resume(node: &Arc<Node>, leases: Vec<Lease>) {
    let mut strangers = Vec::new();
    for lease in leases {
        let Some(seats) = node.directory.shard(lease.shard) else {
            strangers.push(lease);
            continue;
        };
        tracing::warn!(shard.id = %lease.shard, epoch = lease.epoch, "shard {} was claimed anew", lease.shard);
        seats.committer.order(CommitterMessage::Claimed(lease.epoch));
        seats.region.order(RegionMessage::Reload);
    }
    adopt(node, strangers).await;
}

/// Starts the shards of these leases that do not run here yet. What cannot be read now is tried with the next renewal.
pub async fn adopt(node: &Arc<Node>, mut leases: Vec<Lease>) {
    leases.retain(|lease| node.directory.shard(lease.shard).is_none());
    if leases.is_empty() {
        return;
    }
    let stored = node
        .database
        .read(|reader| Ok((reader.regions()?, reader.shards()?)))
        .await;
    let Ok((regions, shards)) = stored else {
        return;
    };
    for lease in leases {
        let shard = shards.iter().find(|shard| shard.id == lease.shard);
        let plan = shard.and_then(|shard| regions.iter().find(|plan| plan.name == shard.region));
        let (Some(shard), Some(plan), Some(arbiter)) = (shard, plan, node.directory.thread_for(lease.shard))
        else {
            tracing::error!(shard.id = %lease.shard, "shard {} is not in the store", lease.shard);
            continue;
        };
        tracing::warn!(shard.id = %lease.shard, "shard {} of region {} was not known here", lease.shard, plan.name);
        let parts: Vec<ShardPlan> = shards
            .iter()
            .filter(|other| other.region == plan.name)
            .cloned()
            .collect();
        // The plan goes first: the shard's actors look themselves up in the world.
        node.directory.add_region(plan.clone(), &parts);
        start(node, &arbiter, plan.clone(), shard.clone(), lease);
    }
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
            let claims = node
                .database
                .write(move |store| store.claim_shards(id, ttl_ms, false, now))
                .await;
            // A claim takes every shard that is free, so others may be among them, of this node or of nobody yet.
            let leases = claims.into_iter().flatten().map(|claim| claim.lease);
            resume(&node, leases.collect()).await;
        };
        watch::then(stage, work, |me, (), stage| {
            me.is_claiming = false;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::test_node::{TestNode, plan, run, wait_until};
    use crate::store::region::Created;
    use serde_json::json;

    /// Makes a region in the store, as a node does whose answer gets lost.
    async fn make_unnoticed(node: &TestNode, name: &'static str) -> Vec<Lease> {
        let (id, now) = (node.node().id, node.node().now());
        let made = node.node().database.write(move |store| {
            let mut plan = plan(name);
            plan.shards = 2;
            store.open_region(&plan, id, 86_400_000, now)
        });
        match made.await.unwrap() {
            Created::Done(opened) => opened.into_iter().map(|(_, lease)| lease).collect(),
            Created::AlreadyExists => panic!("{name} is there already"),
        }
    }

    #[test]
    fn a_lease_of_a_region_that_nobody_here_knows_is_run_once() {
        run(async |node| {
            let alice = node.join("alice", 10.0, 10.0).await;
            let leases = make_unnoticed(&node, "hall").await;
            let to = json!({"region": "hall", "x": 200.0, "y": 9.0});
            let refusal = node.act(&alice, "teleport", to.clone()).await.unwrap_err();
            assert_eq!(refusal.code, crate::domain::refusal::Code::RegionNotFound);
            adopt(node.node(), leases.clone()).await;
            let seats = node.node().directory.shard(leases[1].shard).unwrap();
            let there = node.act(&alice, "teleport", to).await.unwrap();
            assert_eq!(there.shard, Some(leases[1].shard));
            // Once more changes nothing: the same actors run.
            adopt(node.node(), leases.clone()).await;
            let again = node.node().directory.shard(leases[1].shard).unwrap();
            assert!(seats.region.is_same(&again.region));
            let world = node.node().directory.world();
            assert_eq!(
                world.shards.iter().filter(|shard| shard.region == "hall").count(),
                2
            );
        });
    }

    #[test]
    fn a_claim_starts_what_is_strange_and_goes_on_with_what_runs() {
        run(async |node| {
            let alice = node.join("alice", 10.0, 10.0).await;
            make_unnoticed(&node, "hall").await;
            let (id, now) = (node.node().id, node.node().now());
            let claims = node
                .node()
                .database
                .write(move |store| store.claim_shards(id, 86_400_000, true, now));
            let leases: Vec<Lease> = claims.await.unwrap().iter().map(|claim| claim.lease).collect();
            assert_eq!(leases.len(), 4);
            resume(node.node(), leases).await;
            // Both go on under the new epochs, else their commits were fenced.
            node.stand(&alice, 20.0, 20.0).await;
            let to = json!({"region": "hall", "x": 10.0, "y": 9.0});
            node.act(&alice, "teleport", to).await.unwrap();
            node.stand(&alice, 30.0, 20.0).await;
        });
    }

    #[test]
    fn a_shard_whose_lease_is_not_renewed_claims_it_anew() {
        run(async |node| {
            let alice = node.join("alice", 10.0, 10.0).await;
            let before = running(node.node());
            let ttl_ms = node.node().lease_ttl_ms;
            // What is renewed is not given up.
            give_up(node.node(), &before, &before);
            assert_eq!(running(node.node()), before);
            node.clock.advance(ttl_ms.unsigned_abs() + 1_000);
            let (id, now) = (node.node().id, node.node().now());
            let renew = node
                .node()
                .database
                .write(move |store| store.renew_leases(id, ttl_ms, now));
            let renewed = renew.await.unwrap();
            assert_eq!(renewed, []);
            give_up(node.node(), &before, &renewed);
            let is_newer = |lease: &Lease| {
                let mut old = before.iter();
                old.any(|old| old.shard == lease.shard && old.epoch < lease.epoch)
            };
            wait_until("newer epochs", || async {
                running(node.node()).iter().all(is_newer)
            })
            .await;
            wait_until("alice is loaded again", || async {
                let to = json!({"region": "plaza", "x": 20.0, "y": 20.0});
                node.act(&alice, "teleport", to).await.is_ok()
            })
            .await;
        });
    }
}
