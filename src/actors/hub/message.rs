//! What hubs are told.

use crate::actors::channels::home::Chart;
use crate::actors::mailbox::Reply;
use crate::actors::peer::message::UserOrder;
use crate::actors::publication::Publication;
use crate::actors::users::HubCount;
use crate::base::id::{AgentId, NodeId, SessionId, ShardId};
use crate::base::time::Tick;
use crate::domain::agent::Handle;
use crate::domain::channel::Rule;
use crate::domain::space::Cell;
use crate::wire::Disconnect;
use bytes::Bytes;
use std::sync::Arc;

/// What a hub is told. Publications are shared; a hub copies only their handles.
pub enum HubMessage {
    /// A region's tick.
    Tick(TickFrames),
    /// Something heard or seen: for the sockets of the hearers, and for spectators that see the cell.
    Heard {
        /// What.
        publication: Arc<Publication>,
        /// The agents that hear it.
        hearers: Arc<[AgentId]>,
        /// The shard that the hearers are in; none when another node told.
        shard: Option<ShardId>,
        /// Where spectators must look to see it.
        seen_at: Option<(ShardId, Cell)>,
    },
    /// A new entry of an agent's inbox.
    Inbox {
        /// Whose.
        agent: AgentId,
        /// The entry, with its offset.
        publication: Arc<Publication>,
    },
    /// A publication of a channel.
    Channel(Arc<Publication>),
    /// Somebody came to a channel or left it: the push in both encodings.
    Presence {
        /// The channel.
        channel: Arc<str>,
        /// The push as JSON.
        json: Bytes,
        /// The push as protobuf.
        protobuf: Bytes,
    },
    /// Who holds which shard, and with it the channels: what is elsewhere now is lost.
    Homes(Arc<Chart>),
    /// Channels whose home is that node are lost.
    HomeLost(NodeId),
    /// The region around a session changed.
    Region {
        /// Which session.
        session: SessionId,
        /// The region left.
        from: Option<Arc<str>>,
        /// The region entered.
        to: Option<Arc<str>>,
    },
    /// A spectator follows another agent, or none.
    Follow {
        /// Which session.
        session: SessionId,
        /// The channel of the agent before.
        from: Option<Arc<str>>,
        /// The channel of the agent now.
        to: Option<Arc<str>>,
    },
    /// What a followed agent lets its followers see.
    Followed(Arc<Publication>),
    /// The sockets of this agent must look where it is.
    Rehome(Handle),
    /// The agent of a session was found in this region: nothing changes when it was known to be there.
    Settle {
        /// Which session.
        session: SessionId,
        /// The region.
        region: Arc<str>,
    },
    /// Another node runs this shard now: what was seen of it is told anew.
    ShardGone(ShardId, Tick),
    /// An order for sessions.
    Close(Whom, Disconnect),
    /// The rules of channels changed: subscriptions that they do not allow end.
    Judge(Arc<[(Arc<str>, Rule)]>),
    /// The rule of a channel changed and cannot be read: subscriptions to it are asked for anew.
    Doubt(Arc<str>),
    /// Rules of channels may have changed that nobody knows: subscriptions to all that have an owner are asked for anew.
    JudgeAll,
    /// An order about the sockets of a user.
    User(Arc<UserOrder>),
    /// How many there are.
    Count(Reply<HubCount>),
    /// An agent's subscription to a channel ends.
    Unsubscribe {
        /// Whose sessions.
        agent: AgentId,
        /// From which channel.
        channel: Arc<str>,
    },
}

/// Whose sessions an order is about.
#[derive(Clone, Debug)]
pub enum Whom {
    /// One session.
    Session(SessionId),
    /// All of an agent.
    Agent(AgentId),
    /// Everybody who is there and whose number is this one, of so many by which everybody is numbered.
    Slice(u32, u32),
    /// Everybody who is there.
    Everybody,
    /// Everybody, also who comes later.
    All,
}

/// Frames of cells, encoded once for everybody.
pub type Frames = Arc<[(Cell, Arc<Publication>)]>;

/// What a region's tick has for a hub.
pub struct TickFrames {
    /// The shard.
    pub shard: ShardId,
    /// What changed, by cell; one list for all hubs.
    pub frames: Frames,
    /// What sessions of this hub begin and cease to see.
    pub interests: Vec<Interest>,
}

/// What one session begins and ceases to see.
#[derive(Clone)]
pub struct Interest {
    /// Which session.
    pub session: SessionId,
    /// Cells it sees from now on, with what is in them; nothing for an empty one.
    pub add: Vec<(Cell, Option<Arc<Publication>>)>,
    /// Cells it sees no more, with the notice of it.
    pub drop: Vec<(Cell, Option<Arc<Publication>>)>,
    /// The region from above, when that is news.
    pub overview: Option<Arc<Publication>>,
}
