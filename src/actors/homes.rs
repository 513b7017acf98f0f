//! Which node runs the agent of each socket of this node. Its actor may be here or elsewhere, and may move while the socket stays:
//! then the socket is connected to it again.

use super::peer::message::SocketInfo;
use crate::base::id::{NodeId, SessionId};
use crate::domain::agent::Handle;
use dashmap::DashMap;
use smallvec::SmallVec;
use std::sync::{Mutex, PoisonError};
use tokio::sync::mpsc;

/// A socket of this node, and by which hub it is reached.
#[derive(Clone, Debug)]
pub struct Moored {
    /// The socket.
    pub socket: SocketInfo,
    /// The index of its hub.
    pub hub: usize,
}

/// The agent of some sockets.
#[derive(Clone, Debug)]
pub struct Home {
    /// The node that runs it.
    pub node: NodeId,
    /// The sockets.
    pub sockets: SmallVec<[Moored; 1]>,
    /// Its sockets are being connected to it again.
    is_called: bool,
}

/// Where the agents of this node's sockets are.
pub struct Homes {
    table: DashMap<Handle, Home>,
    calls: mpsc::UnboundedSender<Handle>,
    called: Mutex<Option<mpsc::UnboundedReceiver<Handle>>>,
}

impl Default for Homes {
    fn default() -> Self {
        // Bounded by the agents of the table: each is called once until it was dealt with.
        let (calls, called) = mpsc::unbounded_channel();
        Self {
            table: DashMap::new(),
            calls,
            called: Mutex::new(Some(called)),
        }
    }
}

impl Homes {
    /// The node that runs an agent with sockets here.
    pub fn node_of(&self, handle: &Handle) -> Option<NodeId> {
        self.table.get(handle).map(|home| home.node)
    }

    /// A socket of this node was taken in by its agent's actor on that node.
    pub fn moor(&self, handle: &Handle, node: NodeId, moored: Moored) {
        let mut home = self.table.entry(handle.clone()).or_insert_with(|| Home {
            node,
            sockets: SmallVec::new(),
            is_called: false,
        });
        home.node = node;
        let session = moored.socket.session;
        home.sockets.retain(|known| known.socket.session != session);
        home.sockets.push(moored);
    }

    /// A socket of this node is gone. Gives the node that ran its agent.
    pub fn part(&self, handle: &Handle, session: SessionId) -> Option<NodeId> {
        let node = {
            let mut home = self.table.get_mut(handle)?;
            home.sockets.retain(|moored| moored.socket.session != session);
            home.node
        };
        self.table.remove_if(handle, |_, home| home.sockets.is_empty());
        Some(node)
    }

    /// The sockets of an agent here.
    pub fn sockets(&self, handle: &Handle) -> SmallVec<[Moored; 1]> {
        let home = self.table.get(handle);
        home.map(|home| home.sockets.clone()).unwrap_or_default()
    }

    /// Has an agent's sockets connected to it again, wherever it is now. An agent without sockets here needs none of it.
    pub fn call(&self, handle: Handle) {
        let is_news = self
            .table
            .get_mut(&handle)
            .is_some_and(|mut home| !std::mem::replace(&mut home.is_called, true));
        if is_news {
            // Closed: the node stops.
            let _ = self.calls.send(handle);
        }
    }

    /// Has the sockets of all agents that a node runs connected again.
    pub fn call_all(&self, node: NodeId) {
        let all: Vec<Handle> = self
            .table
            .iter()
            .filter(|home| home.node == node)
            .map(|home| home.key().clone())
            .collect();
        all.into_iter().for_each(|handle| self.call(handle));
    }

    /// An agent is being dealt with: from now on it may be called again.
    pub fn answer_call(&self, handle: &Handle) {
        if let Some(mut home) = self.table.get_mut(handle) {
            home.is_called = false;
        }
    }

    /// The agents that are called; once.
    pub fn take_calls(&self) -> Option<mpsc::UnboundedReceiver<Handle>> {
        self.called.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The sockets whose agents a node runs.
    pub fn sockets_at(&self, node: NodeId) -> Vec<(Handle, Vec<SessionId>)> {
        let at_node = self.table.iter().filter(|home| home.node == node);
        let sessions = |home: &Home| home.sockets.iter().map(|moored| moored.socket.session).collect();
        at_node
            .map(|home| (home.key().clone(), sessions(home.value())))
            .collect()
    }
}
