//! What one node has for the sockets of another.

use super::Client;
use crate::base::id::{AgentId, SessionId, ShardId};
use crate::domain::space::Cell;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a remote hub hands on.
#[derive(Debug, Serialize, Deserialize)]
pub enum HubNews {
    /// A shard's tick.
    Tick(HubTick),
    /// Something heard or seen.
    Heard {
        /// On this channel.
        channel: Arc<str>,
        /// What.
        data: Bytes,
        /// By whom.
        hearers: Vec<AgentId>,
        /// Where spectators must look to see it.
        seen_at: Option<(ShardId, Cell)>,
    },
    /// An entry of an agent's inbox.
    Inbox {
        /// Whose.
        agent: AgentId,
        /// Its channel.
        channel: Arc<str>,
        /// The entry.
        data: Bytes,
        /// Its offset.
        offset: Option<u64>,
    },
    /// What a followed agent lets spectators see.
    Followed(Arc<str>, Bytes),
    /// A publication of a channel whose home I am.
    Channel {
        /// The channel.
        channel: Arc<str>,
        /// What.
        data: Bytes,
        /// Its place in the stream.
        offset: Option<u64>,
        /// Who published it.
        publisher: Option<Client>,
    },
    /// Somebody came to a channel whose home I am or left it: the push in both encodings.
    Presence {
        /// The channel.
        channel: Arc<str>,
        /// As JSON.
        json: Bytes,
        /// As protobuf.
        protobuf: Bytes,
    },
    /// The region around a session changed.
    Region(SessionId, Option<Arc<str>>, Option<Arc<str>>),
    /// Close a session, with this code.
    CloseSession(SessionId, u16),
}

/// A shard's tick for the sockets of one node.
#[derive(Debug, Serialize, Deserialize)]
pub struct HubTick {
    /// The shard.
    pub shard: ShardId,
    /// The channel of all pieces.
    pub channel: Arc<str>,
    /// Payloads, each once.
    pub pieces: Vec<Bytes>,
    /// What changed, by cell: the number of its piece.
    pub frames: Vec<(Cell, usize)>,
    /// What sessions begin and cease to see.
    pub interests: Vec<Interest>,
}

/// What one session begins and ceases to see; pieces by number.
#[derive(Debug, Serialize, Deserialize)]
pub struct Interest {
    /// Which session.
    pub session: SessionId,
    /// Cells it sees from now on.
    pub add: Vec<(Cell, Option<usize>)>,
    /// Cells it sees no more.
    pub drop: Vec<(Cell, Option<usize>)>,
    /// The region from above.
    pub overview: Option<usize>,
}
