//! The hub of another node, as the actors of this one see it: what is for its sockets goes there.

use super::message::{Client, HubNews, News};
use super::{Peers, gather};
use crate::actors::hub::{HubMessage, Whom};
use crate::base::id::NodeId;
use bytes::Bytes;
use std::sync::Arc;

/// The hub of another node.
pub struct PeerHub {
    /// How it is reached.
    pub peers: Arc<Peers>,
    /// The node.
    pub node: NodeId,
}

impl PeerHub {
    /// Hands on what may be for sockets of the node. What is everybody's is its own business.
    pub fn take(&self, message: HubMessage) {
        let news = match message {
            HubMessage::Tick(tick) => HubNews::Tick(gather(tick)),
            HubMessage::Heard {
                publication,
                hearers,
                seen_at,
                ..
            } => HubNews::Heard {
                channel: Arc::clone(&publication.channel),
                data: Bytes::clone(&publication.data),
                hearers: hearers.to_vec(),
                seen_at,
            },
            HubMessage::Inbox { agent, publication } => HubNews::Inbox {
                agent,
                channel: Arc::clone(&publication.channel),
                data: Bytes::clone(&publication.data),
                offset: publication.offset,
            },
            HubMessage::Followed(publication) => {
                HubNews::Followed(Arc::clone(&publication.channel), Bytes::clone(&publication.data))
            }
            HubMessage::Channel(publication) => HubNews::Channel {
                channel: Arc::clone(&publication.channel),
                data: Bytes::clone(&publication.data),
                offset: publication.offset,
                publisher: publication.publisher.clone().map(Client::from),
            },
            HubMessage::Presence {
                channel,
                json,
                protobuf,
            } => HubNews::Presence {
                channel,
                json,
                protobuf,
            },
            HubMessage::Region { session, from, to } => HubNews::Region(session, from, to),
            HubMessage::Close(Whom::Session(session), reason) => HubNews::CloseSession(session, reason.code),
            HubMessage::Rehome(handle) => return self.peers.tell(self.node, News::Rehome(vec![handle])),
            HubMessage::Close(Whom::Agent(_) | Whom::Slice(..) | Whom::Everybody | Whom::All, _)
            | HubMessage::Unsubscribe { .. }
            | HubMessage::Homes(_)
            | HubMessage::HomeLost(_)
            | HubMessage::Judge(..)
            | HubMessage::JudgeAll
            | HubMessage::Doubt(_)
            | HubMessage::User(_)
            | HubMessage::Count(_)
            | HubMessage::Follow { .. }
            | HubMessage::Settle { .. }
            | HubMessage::ShardGone(..) => return,
        };
        self.peers.tell(self.node, News::Hub(Box::new(news)));
    }
}
