//! What runs on a node follows the leases that it holds.

use super::{ShardMessage, start};
use crate::actors::lease::ShardLease;
use crate::actors::node::Node;
use crate::actors::roster;
use crate::base::id::{NodeId, ShardId};
use crate::base::limit::POISON_REMEMBERED_MAX;
use crate::domain::refusal::Refusal;
use crate::domain::region::ShardPlan;
use crate::store::commit::Lease;
use crate::store::lease::{Claiming, Holding, Turn};
use std::sync::Arc;

/// What a turn means for a shard on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// It is started under this lease.
    Start(Lease),
    /// Another node ran it in between, so nothing of it here is to be trusted: it ends, and is started with the next turn.
    Anew,
    /// It was claimed anew under this epoch, and goes on in place.
    GoOn(i64),
    /// Another node holds it: it ends.
    End,
    /// It is left as it is: held as before, or nobody's for now, or another's and not here.
    Rest,
}

/// What a turn means for a shard on a node. `running`: what it runs under there.
pub fn course(holding: &Holding, node: NodeId, running: Option<&ShardLease>) -> Course {
    match (running, holding.lease_of(node)) {
        (None, Some(lease)) => Course::Start(lease),
        (Some(running), Some(lease)) if lease.epoch > running.epoch() + 1 => Course::Anew,
        (Some(running), Some(lease)) if lease.epoch > running.epoch() || running.is_lost() => {
            Course::GoOn(lease.epoch)
        }
        (Some(_), None) if holding.owner.is_some() => Course::End,
        (Some(_), _) | (None, None) => Course::Rest,
    }
}

/// Makes what runs here what this node holds: shards whose leases are lost rest, those that it holds anew go on, those that
/// another node holds end, what it holds besides is started, and what others should have is handed over.
pub async fn follow(node: &Arc<Node>, turn: &Turn) {
    let alive: Vec<NodeId> = turn.present().collect();
    roster::note_turn(node, &turn.holdings, &alive);
    let mut strangers = Vec::new();
    for holding in &turn.holdings {
        let seats = node.directory.shard(holding.shard);
        let course = course(holding, node.id, seats.as_ref().map(|seats| &*seats.lease));
        match (course, seats) {
            (Course::Start(lease), _) => strangers.push(lease),
            (Course::Anew, Some(seats)) => {
                seats.keeper.order(ShardMessage::End);
                node.leases.look();
            }
            (Course::GoOn(epoch), Some(seats)) => {
                tracing::warn!(shard.id = %holding.shard, epoch, "shard {} was claimed anew", holding.shard);
                seats.keeper.order(ShardMessage::Claimed(epoch));
            }
            (Course::End, Some(seats)) => seats.keeper.order(ShardMessage::End),
            (Course::Rest | Course::Anew | Course::GoOn(_) | Course::End, _) => {}
        }
    }
    learn(node, turn.holdings.iter().map(|holding| holding.shard)).await;
    adopt(node, strangers).await;
    if node.leases.take_vanished() && close_lost_sessions(node).await.is_err() {
        node.leases.note_vanished();
    }
    part(node, turn).await;
}

/// Adds the shards that this node does not know of to its world, with their regions. What cannot be read now is tried with the
/// next turn.
async fn learn(node: &Arc<Node>, mut shards: impl Iterator<Item = ShardId>) {
    let world = node.directory.world();
    if shards.all(|shard| world.shards.iter().any(|known| known.id == shard)) {
        return;
    }
    let stored = node
        .database
        .read(|reader| Ok((reader.regions()?, reader.shards()?)))
        .await;
    let Ok((regions, shards)) = stored else { return };
    for plan in regions {
        let parts: Vec<ShardPlan> = shards
            .iter()
            .filter(|shard| shard.region == plan.name)
            .cloned()
            .collect();
        node.directory.add_region(plan, &parts);
    }
}

/// Starts the shards of these leases. What cannot be read now is tried with the next turn.
pub(super) async fn adopt(node: &Arc<Node>, leases: Vec<Lease>) {
    if leases.is_empty() {
        return;
    }
    if !node.directory.runs_any() && take_over(node).await.is_err() {
        return;
    }
    // The plan goes first: the shards' actors look themselves up in the world.
    learn(node, leases.iter().map(|lease| lease.shard)).await;
    let world = node.directory.world();
    for lease in leases {
        let shard = world.shards.iter().find(|shard| shard.id == lease.shard);
        let plan = shard.and_then(|shard| world.region(&shard.region));
        let (Some(shard), Some(plan), Some(arbiter)) = (shard, plan, node.directory.thread_for(lease.shard))
        else {
            tracing::error!(shard.id = %lease.shard, "shard {} is not known", lease.shard);
            continue;
        };
        start(node, &arbiter, plan.clone(), shard.clone(), lease);
    }
}

/// Hands over what others should have, and wishes one shard elsewhere when this node has too much to do.
async fn part(node: &Arc<Node>, turn: &Turn) {
    let how = node.leases.how();
    for (shard, to) in turn.partings(node.id, how) {
        if let Some(seats) = node.directory.shard(shard) {
            seats.keeper.order(ShardMessage::HandOver(to));
        }
    }
    if node.leases.claiming() != Claiming::Shared {
        return;
    }
    if let Some((shard, to)) = turn.gift(node.id) {
        let (ttl_ms, now) = (node.lease_ttl_ms, node.now());
        let wished = node
            .database
            .write(move |store| store.wish_shard(shard, to, ttl_ms, now));
        // Otherwise the next turn comes to the same, or to something better.
        if wished.await.is_ok() {
            tracing::info!(shard.id = %shard, "shard {shard} should go to node {to}, which has less to do");
            node.leases.look();
        }
    }
}

/// This node runs shards from now on: what nodes that are gone left open is closed, and what they knew is read.
async fn take_over(node: &Arc<Node>) -> Result<(), Refusal> {
    close_lost_sessions(node).await?;
    let poison = node
        .database
        .write(|store| store.poisoned_commands(POISON_REMEMBERED_MAX));
    node.quarantine.remember(poison.await?);
    Ok(())
}

async fn close_lost_sessions(node: &Arc<Node>) -> Result<(), Refusal> {
    let (ttl_ms, now) = (node.lease_ttl_ms, node.now());
    node.database
        .write(move |store| store.close_lost_sessions(ttl_ms, now))
        .await
}
