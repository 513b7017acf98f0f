//! Which sockets of other nodes are on one channel whose home is here.

use crate::base::id::{NodeId, SessionId};
use crate::base::limit::CHANNEL_GUESTS_MAX;
use smallvec::SmallVec;
use std::collections::HashSet;

/// Sockets of other nodes that are on a channel. Invariant: no node without any.
#[derive(Default)]
pub(super) struct Guests(SmallVec<[(NodeId, HashSet<SessionId>); 1]>);

impl Guests {
    /// Notes a socket of a node. `false`: there are too many.
    pub fn put(&mut self, node: NodeId, session: SessionId) -> bool {
        let count = self.0.iter().map(|(_, sessions)| sessions.len()).sum::<usize>();
        if count >= CHANNEL_GUESTS_MAX {
            return self.0.iter().any(|(_, sessions)| sessions.contains(&session));
        }
        match self.0.iter_mut().find(|(known, _)| *known == node) {
            Some((_, sessions)) => drop(sessions.insert(session)),
            None => self.0.push((node, HashSet::from([session]))),
        }
        true
    }

    /// Forgets a socket of a node.
    pub fn remove(&mut self, node: NodeId, session: SessionId) {
        self.0.retain(|(known, sessions)| {
            if *known == node {
                sessions.remove(&session);
            }
            !sessions.is_empty()
        });
    }

    /// Forgets all sockets of a node, and gives them.
    pub fn take(&mut self, node: NodeId) -> HashSet<SessionId> {
        let found = self.0.iter().position(|(known, _)| *known == node);
        found.map(|index| self.0.swap_remove(index).1).unwrap_or_default()
    }

    /// Whether a node has any.
    pub fn has(&self, node: NodeId) -> bool {
        self.0.iter().any(|(known, _)| *known == node)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
