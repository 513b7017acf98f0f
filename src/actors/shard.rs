//! The actor of a shard: its region and its committer rest, go on or end as its lease does.

use super::agent::AgentMessage;
use super::committer::{Committer, CommitterMessage};
use super::directory::ShardSeats;
use super::hub::{HubMessage, Whom};
use super::lease::ShardLease;
use super::node::Node;
use super::region::{RegionActor, RegionMessage};
use super::roster;
use super::watch::{self, Role, Stage};
use crate::base::id::{NodeId, ShardId};
use crate::base::limit::POISON_REMEMBERED_MAX;
use crate::domain::refusal::Refusal;
use crate::domain::region::{RegionPlan, ShardPlan};
use crate::store::commit::Lease;
use crate::store::lease::Holding;
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
}

/// The actor of one shard.
pub struct ShardActor {
    node: Arc<Node>,
    shard: ShardId,
    lease: Arc<ShardLease>,
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

/// Makes what runs here what this node holds: shards whose leases are lost rest, those that it holds anew go on, those that
/// another node holds end, and what it holds besides is started.
pub async fn follow(node: &Arc<Node>, holdings: &[Holding]) {
    let mut alive: Vec<NodeId> = holdings.iter().filter_map(|holding| holding.owner).collect();
    alive.push(node.id);
    roster::note_turn(node, holdings, &alive);
    let mut strangers = Vec::new();
    for holding in holdings {
        let lease = holding.lease_of(node.id);
        match (node.directory.shard(holding.shard), lease) {
            (None, Some(lease)) => strangers.push(lease),
            // Another node ran it in between, so nothing of it here is to be trusted: it is started with the next turn.
            (Some(seats), Some(lease)) if lease.epoch > seats.lease.epoch() + 1 => {
                seats.keeper.order(ShardMessage::End);
                node.leases.look();
            }
            (Some(seats), Some(lease)) if lease.epoch > seats.lease.epoch() || seats.lease.is_lost() => {
                tracing::warn!(shard.id = %lease.shard, epoch = lease.epoch, "shard {} was claimed anew", lease.shard);
                seats.keeper.order(ShardMessage::Claimed(lease.epoch));
            }
            (Some(seats), None) if holding.owner.is_some() => seats.keeper.order(ShardMessage::End),
            // Nobody's, for now: it rests.
            (Some(_), _) | (None, None) => {}
        }
    }
    adopt(node, strangers).await;
}

/// Starts the shards of these leases. What cannot be read now is tried with the next turn.
async fn adopt(node: &Arc<Node>, leases: Vec<Lease>) {
    if leases.is_empty() {
        return;
    }
    if !node.directory.runs_any() && take_over(node).await.is_err() {
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

/// This node runs the world from now on: what the node before it left open is closed, and what it knew is read.
async fn take_over(node: &Arc<Node>) -> Result<(), Refusal> {
    let now = node.now();
    let poison = node.database.write(move |store| {
        store.close_all_sessions(now)?;
        store.close_all_spectators(now)?;
        store.poisoned_commands(POISON_REMEMBERED_MAX)
    });
    node.quarantine.remember(poison.await?);
    Ok(())
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

    fn forget(&mut self) {}

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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::test_node::{TestNode, plan, run, wait_until};
    use crate::domain::refusal::Code;
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
            other => panic!("{name} was not made: {other:?}"),
        }
    }

    #[test]
    fn a_lease_of_a_region_that_nobody_here_knows_is_run_once() {
        run(async |node| {
            let alice = node.join("alice", 10.0, 10.0).await;
            let leases = make_unnoticed(&node, "hall").await;
            let to = json!({"region": "hall", "x": 200.0, "y": 9.0});
            let refusal = node.act(&alice, "teleport", to.clone()).await.unwrap_err();
            assert_eq!(refusal.code, Code::RegionNotFound);
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

    /// A turn of the node's leases.
    async fn turn(node: &TestNode) -> Vec<Holding> {
        let node = node.node();
        let (id, ttl_ms, now) = (node.id, node.lease_ttl_ms, node.now());
        let turn = node
            .database
            .write(move |store| store.keep_leases(id, ttl_ms, true, now));
        turn.await.unwrap()
    }

    fn epochs(node: &TestNode) -> Vec<i64> {
        let seats = node.node().directory.shards();
        seats.iter().map(|(_, seats)| seats.lease.epoch()).collect()
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
            assert_eq!(claims.await.unwrap().len(), 4);
            follow(node.node(), &turn(&node).await).await;
            wait_until("both go on under the new epochs", || async {
                epochs(&node) == [2, 2, 2, 2]
            })
            .await;
            node.stand(&alice, 20.0, 20.0).await;
            let to = json!({"region": "hall", "x": 10.0, "y": 9.0});
            node.act(&alice, "teleport", to).await.unwrap();
            node.stand(&alice, 30.0, 20.0).await;
        });
    }

    #[test]
    fn a_shard_whose_lease_ran_out_goes_on_when_it_is_claimed_anew() {
        run(async |node| {
            let alice = node.join("alice", 10.0, 10.0).await;
            // What is prolonged stays as it is.
            follow(node.node(), &turn(&node).await).await;
            assert_eq!(epochs(&node), [1, 1]);
            node.clock
                .advance(node.node().lease_ttl_ms.unsigned_abs() + 1_000);
            follow(node.node(), &turn(&node).await).await;
            wait_until("newer epochs", || async { epochs(&node) == [2, 2] }).await;
            wait_until("alice is loaded again", || async {
                let to = json!({"region": "plaza", "x": 20.0, "y": 20.0});
                node.act(&alice, "teleport", to).await.is_ok()
            })
            .await;
        });
    }

    #[test]
    fn a_shard_that_another_node_holds_ends_here_and_may_come_back() {
        run(async |node| {
            let alice = node.join("alice", 10.0, 10.0).await;
            node.stand(&alice, 40.0, 50.0).await;
            let thief = crate::base::id::NodeId(uuid::Uuid::from_u128(7));
            let (ttl_ms, now) = (node.node().lease_ttl_ms, node.node().now());
            let stolen = node
                .node()
                .database
                .write(move |store| store.claim_shards(thief, ttl_ms, true, now));
            assert_eq!(stolen.await.unwrap().len(), 2);
            follow(node.node(), &turn(&node).await).await;
            wait_until("nothing runs here", || async {
                let directory = &node.node().directory;
                let is_empty = directory.shards().is_empty() && directory.agent_count() == 0;
                is_empty && directory.online_count() == 0
            })
            .await;
            let refusal = node.act(&alice, "get_location", json!({})).await.unwrap_err();
            assert_eq!(refusal.code, Code::Moving);
            let given = node
                .node()
                .database
                .write(move |store| store.release_leases(thief, now));
            given.await.unwrap();
            follow(node.node(), &turn(&node).await).await;
            assert_eq!(epochs(&node), [3, 3]);
            wait_until("alice is where she was", || async {
                let at = node.act(&alice, "get_location", json!({})).await;
                at.is_ok_and(|at| at.result.tree()["x"] == 40.0)
            })
            .await;
        });
    }

    #[test]
    fn without_proof_of_the_lease_nothing_is_decided() {
        run(async |node| {
            let alice = node.join("alice", 10.0, 10.0).await;
            let tries = [
                ("move_to", json!({"x": 12.0, "y": 10.0})),
                ("say", json!({"message": "still mine?"})),
            ];
            let now_ms = node.node().clock.monotonic_ms();
            node.node().leases.prove_until(now_ms);
            for (action, params) in &tries {
                let refusal = node.act(&alice, action, params.clone()).await.unwrap_err();
                assert_eq!(refusal.code, Code::Moving, "{action}");
            }
            node.node().leases.prove_until(now_ms + 1);
            for (action, params) in &tries {
                node.act(&alice, action, params.clone()).await.unwrap();
            }
        });
    }
}
