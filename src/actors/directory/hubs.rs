//! The hubs, by which sockets of this node and of others are reached.

use super::{Directory, Hub};
use crate::actors::hub::{HubActor, HubMessage};
use crate::actors::mailbox::Seat;
use crate::base::id::{AgentId, NodeId, ShardId};
use std::sync::{Arc, PoisonError};

impl Directory {
    /// The hubs: those of this node's shard threads, and one for each other node.
    pub fn hubs(&self) -> Arc<[Hub]> {
        Arc::clone(&self.hubs.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The hubs of this node's shard threads.
    pub fn own_hubs(&self) -> Vec<Seat<HubActor>> {
        let hubs = self.hubs();
        let own = hubs.iter().filter(|hub| hub.is_own());
        own.map(|hub| hub.seat.clone()).collect()
    }

    /// Adds a hub and returns its index: a free one, or a new one.
    pub fn put_hub(&self, hub: Hub) -> usize {
        let mut hubs = self.hubs.write().unwrap_or_else(PoisonError::into_inner);
        let mut all = hubs.to_vec();
        let free = all.iter().position(|hub| hub.is_free);
        let index = free.unwrap_or(all.len());
        match all.get_mut(index) {
            Some(place) => *place = hub,
            None => all.push(hub),
        }
        *hubs = all.into();
        index
    }

    /// Frees the index of another node's hub. Whoever watches by it must have been told before: it may be another's at once.
    pub fn free_hub(&self, node: NodeId) {
        let mut hubs = self.hubs.write().unwrap_or_else(PoisonError::into_inner);
        let freed = |hub: &Hub| Hub {
            is_free: hub.is_free || hub.node == Some(node),
            ..hub.clone()
        };
        *hubs = hubs.iter().map(freed).collect();
    }

    /// The index of another node's hub.
    pub fn hub_of(&self, node: NodeId) -> Option<usize> {
        self.hubs()
            .iter()
            .position(|hub| hub.is_of(|other| other == node))
    }

    /// Notes whether sockets of another node watch a shard, by the index of that node's hub.
    pub fn note_watched(&self, shard: ShardId, hub: usize, is_watched: bool) {
        if is_watched {
            self.watched.insert((shard, hub), ());
        } else {
            self.watched.remove(&(shard, hub));
        }
    }

    /// Whether sockets that this hub reaches watch a shard.
    #[cfg(test)]
    pub fn is_watched(&self, shard: ShardId, hub: usize) -> bool {
        self.watched.contains_key(&(shard, hub))
    }

    /// Notes that an agent's client speaks to another node, and may not watch here, or not yet; none when that is over.
    pub fn note_guest(&self, agent: AgentId, node: Option<NodeId>) {
        match node {
            Some(node) => {
                let mut nodes = self.guests.entry(agent).or_default();
                if !nodes.contains(&node) {
                    nodes.push(node);
                }
            }
            None => drop(self.guests.remove(&agent)),
        }
    }

    /// Forgets the agents whose clients speak to another node.
    pub fn remove_guests(&self, node: NodeId) {
        self.guests.retain(|_, nodes| {
            nodes.retain(|at| *at != node);
            !nodes.is_empty()
        });
    }

    /// Notes which other nodes have the sockets of an agent that a shard knows beyond its border.
    pub fn note_beside(&self, shard: ShardId, agent: AgentId, nodes: Vec<NodeId>) {
        if nodes.is_empty() {
            self.beside.remove(&(shard, agent));
        } else {
            self.beside.insert((shard, agent), nodes);
        }
    }

    /// A shard knows nobody beyond its border, or does not run here any more.
    pub fn forget_beside(&self, shard: ShardId) {
        self.beside.retain(|(of, _), _| *of != shard);
    }

    /// Tells every hub. A hub whose mailbox is full misses it, which is counted.
    pub fn tell_hubs(&self, make: impl Fn() -> HubMessage) {
        for hub in self.hubs().iter().filter(|hub| !hub.is_free) {
            // Counted by the mailbox; the sockets of that thread are hopelessly behind by then.
            let _ = hub.seat.tell(make());
        }
    }

    /// Tells the hubs of this node.
    pub fn tell_own_hubs(&self, make: impl Fn() -> HubMessage) {
        for hub in self.hubs().iter().filter(|hub| hub.is_own()) {
            // As above.
            let _ = hub.seat.tell(make());
        }
    }

    /// Tells the hubs of this node, past the bound of their mailboxes: orders of the server's own, whose number is bounded.
    pub fn order_own_hubs(&self, make: impl Fn() -> HubMessage) {
        for hub in self.hubs().iter().filter(|hub| hub.is_own()) {
            hub.seat.order(make());
        }
    }

    /// Tells the hubs of this node, and those of the other nodes that are concerned.
    pub fn tell_hubs_of(&self, is_concerned: impl Fn(NodeId) -> bool, make: impl Fn() -> HubMessage) {
        for hub in self.hubs().iter() {
            if hub.is_own() || hub.is_of(&is_concerned) {
                // As above.
                let _ = hub.seat.tell(make());
            }
        }
    }

    /// Tells the hubs that may have somebody who hears or sees what happens in a shard.
    pub fn tell_hubs_around(&self, shard: ShardId, hearers: &[AgentId], make: impl Fn() -> HubMessage) {
        for (index, hub) in self.hubs().iter().enumerate() {
            let is_theirs = |node| {
                let is_guest = |agent| self.guests.get(agent).is_some_and(|nodes| nodes.contains(&node));
                let is_beside = |agent: &AgentId| {
                    let nodes = self.beside.get(&(shard, *agent));
                    nodes.is_some_and(|nodes| nodes.contains(&node))
                };
                let is_there = |agent| is_guest(agent) || is_beside(agent);
                self.watched.contains_key(&(shard, index)) || hearers.iter().any(is_there)
            };
            if hub.is_own() || hub.is_of(is_theirs) {
                // As above.
                let _ = hub.seat.tell(make());
            }
        }
    }
}
