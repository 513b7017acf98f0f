//! Where channels are at home. Each has one home in the world: the node that holds a shard which the channel's name chooses. It
//! keeps the channel's history and presence, and the order of its publications.

use crate::actors::directory::Directory;
use crate::actors::hub::HubMessage;
use crate::actors::lease::moving;
use crate::actors::node::Node;
use crate::base::hash::fnv_1a;
use crate::base::id::{NodeId, ShardId};
use crate::domain::refusal::Refusal;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The home of a channel for as long as one node holds its shard under one epoch. Another one knows nothing of what this one kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    /// The shard that the channel's name chooses.
    pub shard: ShardId,
    /// The node that holds it.
    pub node: NodeId,
    /// Under which epoch.
    pub epoch: i64,
}

/// Where something about a channel is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// On this node; without a home when it is alone.
    Here(Option<Home>),
    /// On another node.
    There(Home),
}

/// Who holds which shard, as of one moment.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chart(Vec<(ShardId, Option<(NodeId, i64)>)>);

impl Chart {
    /// As a directory knows it now.
    pub fn of(directory: &Directory) -> Self {
        let world = directory.world();
        let mut all: Vec<_> = world
            .shards
            .iter()
            .map(|shard| (shard.id, directory.holder(shard.id)))
            .collect();
        all.sort_unstable_by_key(|(shard, _)| *shard);
        Self(all)
    }

    /// A channel's home; none while nobody holds its shard. Of all shards it is the one that weighs most for the name, so that
    /// a new shard takes its part of the channels and leaves the others where they are.
    pub fn home(&self, name: &str) -> Option<Home> {
        let hash = fnv_1a(0, name.bytes());
        let heaviest = self.0.iter().max_by_key(|(shard, _)| weight_of(hash, *shard));
        let (shard, holder) = *heaviest?;
        let (node, epoch) = holder?;
        Some(Home { shard, node, epoch })
    }
}

/// The way to a channel. Errors: `moving` while nobody holds its shard for certain.
pub fn way(node: &Node, name: &str) -> Result<Way, Refusal> {
    if !node.peers.is_on() {
        return Ok(Way::Here(None));
    }
    let home = node.channels.chart().home(name).ok_or_else(moving)?;
    if home.node != node.id {
        return Ok(Way::There(home));
    }
    let seats = node.directory.shard(home.shard).ok_or_else(moving)?;
    let is_held =
        seats.lease.epoch() == home.epoch && node.leases.hold(&seats.lease, node.clock.monotonic_ms());
    is_held.then_some(Way::Here(Some(home))).ok_or_else(moving)
}

/// Looks who holds what. When that is news, channels whose home was here are forgotten, and subscriptions here whose channel has
/// another home now end, so that their clients subscribe there.
pub fn look_again(node: &Node) {
    let Some(chart) = node.channels.redraw(&node.directory) else {
        return;
    };
    node.directory
        .order_own_hubs(|| HubMessage::Homes(Arc::clone(&chart)));
}

/// Another node is gone, or something of what it said got lost: nobody of its sockets is on a channel here any more, and
/// subscriptions here whose channel has its home there end.
pub fn lose(node: &Node, other: NodeId) {
    node.channels.forget_guests(&node.directory, other);
    lose_home(node, other);
}

/// Subscriptions here whose channel has its home on a node end.
pub fn lose_home(node: &Node, home: NodeId) {
    node.directory.order_own_hubs(|| HubMessage::HomeLost(home));
}

/// What a shard weighs for a name: all bits of both, mixed. Source: the finalizer of MurmurHash3.
fn weight_of(hash: u64, shard: ShardId) -> u64 {
    let shard = u64::from(shard.0.unsigned_abs()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = hash ^ shard;
    let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use uuid::Uuid;

    fn chart(shards: i32) -> Chart {
        let node = |shard: i32| NodeId(Uuid::from_u128(u128::from(shard.unsigned_abs())));
        Chart(
            (1..=shards)
                .map(|shard| (ShardId(shard), Some((node(shard), 1))))
                .collect(),
        )
    }

    #[test]
    fn channels_spread_over_all_shards_and_few_move_when_one_is_added() {
        let names: Vec<String> = (0..1_000).map(|n| format!("public.{n}")).collect();
        let (before, after) = (chart(9), chart(10));
        let mut counts: BTreeMap<ShardId, usize> = BTreeMap::new();
        for name in &names {
            let (old, new) = (before.home(name).unwrap(), after.home(name).unwrap());
            assert!(old == new || new.shard == ShardId(10), "{name}");
            *counts.entry(new.shard).or_default() += 1;
        }
        assert_eq!(counts.len(), 10);
        assert!(
            counts.values().all(|count| (50..200).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn a_channel_has_the_same_home_in_every_release() {
        let shard = |name| chart(9).home(name).unwrap().shard.0;
        assert_eq!(["public.a", "public.b"].map(shard), [2, 6]);
    }

    #[test]
    fn a_channel_of_a_shard_that_nobody_holds_has_no_home() {
        assert_eq!(Chart::default().home("public.a"), None);
        assert_eq!(Chart(vec![(ShardId(1), None)]).home("public.a"), None);
        assert!(chart(1).home("public.a").is_some());
    }
}
