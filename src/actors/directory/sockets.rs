//! The sockets of agents, and the spectators that follow them.

use super::{Directory, Socket, Watcher};
use crate::base::id::{NodeId, SessionId};
use crate::domain::agent::Handle;
use smallvec::SmallVec;

impl Directory {
    /// Notes an open socket of an agent.
    pub fn put_socket(&self, handle: &Handle, socket: Socket) {
        let mut sockets = self.sockets.entry(handle.clone()).or_default();
        // One that comes again is the same socket.
        sockets.retain(|known| known.session != socket.session);
        sockets.push(socket);
    }

    /// Forgets the sockets of an agent that are connected to other nodes: it has left the shards of this one.
    pub fn remove_foreign_sockets(&self, handle: &Handle) {
        if let Some(mut sockets) = self.sockets.get_mut(handle) {
            sockets.retain(|socket| socket.node.is_none());
        }
        self.sockets.remove_if(handle, |_, sockets| sockets.is_empty());
    }

    /// The sockets of another node whose agents are here.
    pub fn foreign_sockets(&self, node: NodeId) -> Vec<(Handle, SessionId)> {
        let mut all = Vec::new();
        for row in &self.sockets {
            let of_node = row.value().iter().filter(|socket| socket.node == Some(node));
            all.extend(of_node.map(|socket| (row.key().clone(), socket.session)));
        }
        all
    }

    /// Forgets a socket of an agent.
    pub fn remove_socket(&self, handle: &Handle, session: SessionId) {
        if let Some(mut sockets) = self.sockets.get_mut(handle) {
            sockets.retain(|socket| socket.session != session);
        }
        self.sockets.remove_if(handle, |_, sockets| sockets.is_empty());
    }

    /// All agents with open sockets.
    pub fn all_sockets(&self) -> Vec<(Handle, SmallVec<[Socket; 1]>)> {
        let rows = self.sockets.iter();
        rows.map(|row| (row.key().clone(), row.value().clone())).collect()
    }

    /// An agent's open sockets, oldest first.
    pub fn sockets(&self, handle: &Handle) -> SmallVec<[Socket; 1]> {
        self.sockets
            .get(handle)
            .map(|sockets| sockets.clone())
            .unwrap_or_default()
    }

    /// Notes that a spectator follows an agent.
    pub fn put_watcher(&self, handle: &Handle, watcher: Watcher) {
        let mut watchers = self.watchers.entry(handle.clone()).or_default();
        if !watchers.contains(&watcher) {
            watchers.push(watcher);
        }
    }

    /// Notes that a spectator follows an agent no more.
    pub fn remove_watcher(&self, handle: &Handle, spectator: SessionId) {
        if let Some(mut watchers) = self.watchers.get_mut(handle) {
            watchers.retain(|other| other.session != spectator);
        }
        self.watchers.remove_if(handle, |_, watchers| watchers.is_empty());
    }

    /// Forgets the spectators of another node.
    pub fn remove_all_watchers(&self, node: NodeId) {
        self.watchers.retain(|_, watchers| {
            watchers.retain(|watcher| watcher.node != Some(node));
            !watchers.is_empty()
        });
    }

    /// The spectators that follow an agent.
    pub fn watchers(&self, handle: &Handle) -> SmallVec<[Watcher; 2]> {
        self.watchers
            .get(handle)
            .map(|watchers| watchers.clone())
            .unwrap_or_default()
    }

    /// Whom the spectators of this node follow.
    pub fn watched_here(&self) -> Vec<(Handle, SessionId)> {
        let mut all = Vec::new();
        for row in &self.watchers {
            let here = row.value().iter().filter(|watcher| watcher.node.is_none());
            all.extend(here.map(|watcher| (row.key().clone(), watcher.session)));
        }
        all
    }
}
