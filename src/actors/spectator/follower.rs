//! How spectators are reached: by regions that tell where the one they follow goes, and all at once.

use super::{SpectatorActor, SpectatorMessage};
use crate::actors::mailbox::Seat;
use crate::actors::peer::Peers;
use crate::actors::peer::message::News;
use crate::base::id::{NodeId, SessionId, ShardId};
use crate::domain::space::Vec3;
use dashmap::DashMap;
use std::sync::Arc;

/// Whom a region tells that the agent in focus goes elsewhere.
#[derive(Clone)]
pub enum Follower {
    /// A spectator of this node.
    Here(Seat<SpectatorActor>),
    /// One of another node.
    There {
        /// How the node is reached.
        peers: Arc<Peers>,
        /// The node.
        node: NodeId,
        /// The spectator's session.
        session: SessionId,
    },
}

impl Follower {
    /// Tells it that its target is in another region now, or out of the world. Whether it is there to hear it.
    pub fn tell(&self, to: &Option<Arc<str>>, at: Option<Vec3>) -> bool {
        match self {
            Self::Here(seat) => seat.tell(SpectatorMessage::TargetMoved(to.clone(), at)).is_ok(),
            Self::There { peers, node, session } => {
                let to = to.as_ref().map(ToString::to_string);
                peers.tell(*node, News::TargetMoved(*session, to, at));
                true
            }
        }
    }
}

/// The spectators that are connected to this node.
#[derive(Default)]
pub struct Spectators(pub(super) DashMap<SessionId, Seat<SpectatorActor>>);

impl Spectators {
    /// A spectator's actor.
    pub fn get(&self, session: SessionId) -> Option<Seat<SpectatorActor>> {
        self.0.get(&session).map(|seat| seat.clone())
    }

    /// Has all that watch any of these shards look at them anew.
    pub fn look_again(&self, shards: impl IntoIterator<Item = ShardId>) {
        let shards: Arc<[ShardId]> = shards.into_iter().collect();
        for row in &self.0 {
            row.value().order(SpectatorMessage::Again(Arc::clone(&shards)));
        }
    }
}
