//! Which node runs the agent of each socket of this node. Its actor may be here or elsewhere, and may move while the socket stays:
//! then the socket is connected to it again.

use super::peer::message::SocketInfo;
use crate::base::id::{NodeId, SessionId};
use crate::domain::agent::Handle;
use dashmap::DashMap;
use smallvec::SmallVec;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// After news nobody looks sooner than this.
const REST: Duration = Duration::from_millis(5);

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
    /// And once more after that: since then it went on.
    is_called_again: bool,
}

/// Where the agents of this node's sockets are.
pub struct Homes {
    table: DashMap<Handle, Home>,
    /// Somebody may find what was on the move: a shard has another owner, or an agent was found.
    news: Notify,
    calls: mpsc::UnboundedSender<Handle>,
    called: Mutex<Option<mpsc::UnboundedReceiver<Handle>>>,
}

impl Default for Homes {
    fn default() -> Self {
        // Bounded by the agents of the table: each is called once until it was dealt with.
        let (calls, called) = mpsc::unbounded_channel();
        Self {
            table: DashMap::new(),
            news: Notify::new(),
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

    /// Wakes who waits for news.
    pub fn tell_news(&self) {
        self.news.notify_waiters();
    }

    /// Waits until something that was on the move may be found, or for so long.
    pub async fn wait_for_news(&self, most: Duration) {
        // Either way there is another look.
        let _ = tokio::time::timeout(most, self.news.notified()).await;
        // News come in swarms.
        tokio::time::sleep(REST).await;
    }

    /// A socket of this node was taken in by its agent's actor on that node.
    pub fn moor(&self, handle: &Handle, node: NodeId, moored: Moored) {
        let mut home = self.table.entry(handle.clone()).or_insert_with(|| Home {
            node,
            sockets: SmallVec::new(),
            is_called: false,
            is_called_again: false,
        });
        home.node = node;
        let session = moored.socket.session;
        home.sockets.retain(|known| known.socket.session != session);
        home.sockets.push(moored);
    }

    /// The agent of a socket went to that node. Whether the socket is still there.
    pub fn move_to(&self, handle: &Handle, session: SessionId, node: NodeId) -> bool {
        self.table.get_mut(handle).is_some_and(|mut home| {
            let is_here = home.sockets.iter().any(|moored| moored.socket.session == session);
            if is_here {
                home.node = node;
            }
            is_here
        })
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

    /// The agents with sockets here.
    pub fn handles(&self) -> Vec<Handle> {
        self.table.iter().map(|home| home.key().clone()).collect()
    }

    /// The sockets of an agent here.
    pub fn sockets(&self, handle: &Handle) -> SmallVec<[Moored; 1]> {
        let home = self.table.get(handle);
        home.map(|home| home.sockets.clone()).unwrap_or_default()
    }

    /// Has an agent's sockets connected to it again, wherever it is now. An agent without sockets here needs none of it.
    pub fn call(&self, handle: Handle) {
        let is_news = self.table.get_mut(&handle).is_some_and(|mut home| {
            home.is_called_again = home.is_called;
            !std::mem::replace(&mut home.is_called, true)
        });
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

    /// An agent's sockets were connected to it again, or it was given up: from now on it may be called again.
    pub fn answer_call(&self, handle: &Handle) {
        let is_called_again = self.table.get_mut(handle).is_some_and(|mut home| {
            home.is_called = std::mem::take(&mut home.is_called_again);
            home.is_called
        });
        if is_called_again {
            // As above.
            let _ = self.calls.send(handle.clone());
        }
        self.tell_news();
    }

    /// Whether an agent's sockets are being connected to it again.
    pub fn is_called(&self, handle: &Handle) -> bool {
        self.table.get(handle).is_some_and(|home| home.is_called)
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
