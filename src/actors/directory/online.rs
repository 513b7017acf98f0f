//! Who is in the world, and how many are where.

use super::{Directory, Online};
use crate::actors::peer::message::Presence;
use crate::base::hash::fnv_1a;
use crate::base::id::{NodeId, ShardId};
use crate::domain::agent::Handle;
use dashmap::mapref::entry::Entry;
use std::sync::Arc;

impl Directory {
    /// Notes that an agent is in a region. Gives the shard of this node that has had it by an earlier hand-off, and may not know.
    pub fn put_online(&self, presence: Presence, node: Option<NodeId>) -> Option<ShardId> {
        let online = Online {
            id: presence.id,
            hop: presence.hop,
            node,
            name: presence.name,
            region: presence.region,
            shard: presence.shard,
            is_public: presence.is_public,
        };
        // Two nodes may tell of one agent in the wrong order: the later hand-off counts.
        match self.online.entry(presence.handle) {
            Entry::Occupied(row) if row.get().hop > online.hop => None,
            Entry::Occupied(mut row) => {
                let (shard, hop) = (online.shard, online.hop);
                let before = row.insert(online);
                let is_overtaken = shard.is_some() && before.node.is_none() && before.hop < hop;
                before
                    .shard
                    .filter(|before| is_overtaken && shard != Some(*before))
            }
            Entry::Vacant(row) => {
                row.insert(online);
                None
            }
        }
    }

    /// Notes that an agent left a region of a node, unless it is in another one already.
    pub fn remove_online(&self, handle: &Handle, region: &str, node: Option<NodeId>) {
        self.online.remove_if(handle, |_, online| {
            &*online.region == region && online.node == node
        });
    }

    /// Forgets the agents of another node.
    pub fn remove_all_online(&self, node: NodeId) {
        self.online.retain(|_, online| online.node != Some(node));
    }

    /// The agents in the shards of this node.
    pub fn presences(&self) -> Vec<Presence> {
        let here = self.online.iter().filter(|row| row.node.is_none());
        here.map(|row| presence_of(row.key(), row.value())).collect()
    }

    /// What the presences of a node add up to: two that know the same agents in the same regions have the same.
    pub fn digest(&self, node: Option<NodeId>) -> u64 {
        let of_node = self.online.iter().filter(|row| row.node == node);
        of_node.fold(0_u64, |sum, row| sum.wrapping_add(digest_of(row.value())))
    }

    /// Where an agent is, when it is in the world.
    pub fn online(&self, handle: &Handle) -> Option<Online> {
        self.online.get(handle).map(|row| row.clone())
    }

    /// Agents in the world, at most `limit`, in no order.
    pub fn all_online(&self, limit: usize) -> Vec<(Handle, Online)> {
        self.online
            .iter()
            .take(limit)
            .map(|row| (row.key().clone(), row.value().clone()))
            .collect()
    }

    /// How many agents are in the world.
    pub fn online_count(&self) -> usize {
        self.online.len()
    }

    /// Notes how many agents are in a shard.
    pub fn put_population(&self, shard: ShardId, count: usize) {
        self.populations.insert(shard, count);
    }

    /// How many agents are in each shard of this node.
    pub fn populations(&self) -> Vec<(ShardId, usize)> {
        // One table after the other: whoever holds a row of one must not ask for the other.
        let all: Vec<(ShardId, usize)> = self
            .populations
            .iter()
            .map(|row| (*row.key(), *row.value()))
            .collect();
        all.into_iter()
            .filter(|(shard, _)| self.shards.contains_key(shard))
            .collect()
    }

    /// How many agents are in a region.
    pub fn population(&self, region: &str) -> usize {
        let world = self.world();
        let shards = world.shards.iter().filter(|shard| shard.region == region);
        shards
            .filter_map(|shard| self.populations.get(&shard.id).map(|count| *count))
            .sum()
    }

    /// How many agents are in the shards of a region that this node runs.
    pub fn population_here(&self, region: &str) -> usize {
        let world = self.world();
        let shards = world.shards.iter().filter(|shard| shard.region == region);
        let here = shards.filter(|shard| self.shards.contains_key(&shard.id));
        here.filter_map(|shard| self.populations.get(&shard.id).map(|count| *count))
            .sum()
    }
}

/// An agent as other nodes are told of it.
fn presence_of(handle: &Handle, online: &Online) -> Presence {
    Presence {
        handle: handle.clone(),
        id: online.id,
        hop: online.hop,
        name: online.name.clone(),
        region: Arc::clone(&online.region),
        shard: online.shard,
        is_public: online.is_public,
    }
}

/// What one presence adds: the agent and its region.
fn digest_of(online: &Online) -> u64 {
    let bytes = online.id.0.as_bytes().iter().chain(online.region.as_bytes());
    fnv_1a(0, bytes.copied())
}
