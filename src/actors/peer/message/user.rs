//! What is ordered of the sockets of a user, wherever they are.

use crate::actors::channels::Published;
use crate::base::id::{NodeId, SessionId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An order about the sockets of a user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserOrder {
    /// The name by which channels know the user.
    pub user: String,
    /// This socket alone; none for all of the user's.
    pub only: Option<SessionId>,
    /// But not these.
    pub except: Vec<SessionId>,
    /// What.
    pub what: UserAct,
}

/// What is ordered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum UserAct {
    /// Close them, with this code.
    Disconnect(u16),
    /// End their subscriptions to this channel.
    Unsubscribe(Arc<str>),
}

impl UserOrder {
    /// Whether a socket of the user is meant.
    pub fn means(&self, session: SessionId) -> bool {
        self.only.is_none_or(|only| only == session) && !self.except.contains(&session)
    }
}

/// What a node counts of its sockets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStats {
    /// The node.
    pub node: NodeId,
    /// How long it has been running. Units: seconds.
    pub uptime_s: u64,
    /// Sockets that somebody opened, be it in no name.
    pub sockets: usize,
    /// Users among them; the nameless are one.
    pub users: usize,
    /// Channels that they are on.
    pub channels: usize,
    /// Subscriptions to them.
    pub subscriptions: usize,
    /// What was published at its channels.
    #[serde(default)]
    pub published: Published,
}
