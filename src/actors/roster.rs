//! Who runs which shard, as this node learns it: from the turns of its leases, and sooner from the nodes themselves.

use super::channels::home;
use super::hub::HubMessage;
use super::node::Node;
use super::peer;
use super::peer::message::News;
use crate::base::id::{NodeId, ShardId};
use crate::store::lease::Holding;
use std::sync::Arc;

/// Notes a turn of the leases: which nodes there are, and who holds what.
pub fn note_turn(node: &Arc<Node>, holdings: &[Holding], alive: &[NodeId]) {
    if !node.peers.is_on() {
        return;
    }
    let (come, gone) = node.peers.set_alive(alive);
    come.into_iter().for_each(|other| peer::welcome(node, other));
    for holding in holdings {
        // What this node has from now on is noted when it runs.
        if holding.owner == Some(node.id) && node.directory.shard(holding.shard).is_none() {
            continue;
        }
        let is_news = note_one(node, holding.shard, holding.owner, holding.epoch);
        if is_news && holding.owner.is_some() {
            node.spectators.look_again([holding.shard]);
        }
    }
    home::look_again(node);
    gone.into_iter().for_each(|other| peer::forget(node, other));
}

/// A shard runs on a node, under this epoch. Whoever watches it here looks at it anew: who looked before it ran saw nothing.
pub fn runs(node: &Arc<Node>, shard: ShardId, on: NodeId, epoch: i64) {
    if node.peers.is_on() {
        note_one(node, shard, Some(on), epoch);
        home::look_again(node);
    }
    node.spectators.look_again([shard]);
}

/// Notes who holds a shard, under which epoch. Whether that is news.
fn note_one(node: &Arc<Node>, shard: ShardId, owner: Option<NodeId>, epoch: i64) -> bool {
    let Some(before) = node.directory.note_owner(shard, owner, epoch) else {
        return false;
    };
    let tick = node.tick();
    node.directory
        .tell_own_hubs(|| HubMessage::ShardGone(shard, tick));
    // One that is there says itself which agents it has no more.
    if let Some(before) = before.filter(|before| *before != node.id && !node.peers.all().contains(before)) {
        node.homes.call_all(before);
    }
    node.homes.tell_news();
    true
}

/// Tells the others that this node runs a shard.
pub fn announce(node: &Arc<Node>, shard: ShardId, epoch: i64) {
    runs(node, shard, node.id, epoch);
    node.peers.tell_all(|| News::Runs(shard, epoch));
}
