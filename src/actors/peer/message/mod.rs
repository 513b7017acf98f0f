//! What nodes tell one another, as it goes over the bus: MessagePack with names, so that two versions understand each other.

mod channel;
mod hub;
mod slice;
mod user;

pub use channel::{ChannelAct, ChannelQuestion, Client};
pub use hub::{HubNews, HubTick, Interest};
pub use slice::Slice;
pub use user::{NodeStats, UserAct, UserOrder};

use crate::actors::agent::Counted;
use crate::actors::region::{Focus, Sightings};
use crate::base::id::{AgentId, NodeId, SessionId, ShardId};
use crate::base::time::Timestamp;
use crate::domain::agent::{Handle, Permissions, Profile};
use crate::domain::object::ObjectChange;
use crate::domain::region::Beyond;
use crate::domain::scene::Follow;
use crate::domain::space::{Trajectory, Vec3};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One entry of a batch.
#[derive(Debug, Serialize, Deserialize)]
pub enum Said {
    /// A question under a number of the asker's.
    Ask(u64, Question),
    /// The answer to the question of that number.
    Answer(u64, Answer),
    /// News that nobody waits for.
    News(News),
}

/// What a node asks another one.
#[derive(Debug, Serialize, Deserialize)]
pub enum Question {
    /// An agent of yours acts. Answered with a receipt.
    Act(Box<Act>),
    /// A socket or a REST client of mine comes to an agent of yours.
    Join(Box<Join>),
    /// An agent of yours wants to leave the world at once.
    Leave(Handle),
    /// Count this against the limits of an agent of yours.
    Count(Handle, Counted),
    /// A spectator suggests something to an agent of yours. Answered with a receipt.
    Prompt(Box<Prompt>),
    /// A session of mine watches a shard of yours. Answered with where its focus is.
    Watch(Box<Watch>),
    /// An agent comes to a shard of yours. Answered with what became of it.
    Arrive(Box<Arrive>),
    /// Who stands where in your shards.
    Survey,
    /// An order about the sockets of a user.
    User(Box<UserOrder>),
    /// What do you count, and how many sockets have you, if that is wanted?
    Stats(bool),
    /// Something about a channel whose home you are.
    Channel(Box<ChannelQuestion>),
}

/// What a node answers.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    /// This, in the shape that the question asks for; a receipt as JSON, as its asker gets it.
    Done(Bytes),
    /// Refused.
    Refused(Refused),
    /// The agent or the shard is not here; nothing was done.
    Missing,
}

/// A refusal on its way.
#[derive(Debug, Serialize, Deserialize)]
pub struct Refused {
    /// The code's name.
    pub code: String,
    /// The sentence for a person.
    pub detail: String,
    /// Units: milliseconds.
    pub retry_after_ms: Option<i64>,
    /// The limit that refused: bucket, allowed in a window, its seconds, seconds until one more is allowed.
    pub rate: Option<(String, u32, u32, u32)>,
}

/// An action as it was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Act {
    /// Whose name the caller bears.
    pub handle: Handle,
    /// Who acts.
    pub agent: AgentId,
    /// The ceiling that its token sets.
    pub permissions: Permissions,
    /// The action's name.
    pub name: String,
    /// Its parameters: JSON text.
    pub params: String,
    /// The command's id.
    pub command_id: String,
    /// Whether the client chose the id.
    pub has_own_id: bool,
}

/// Somebody comes to an agent.
#[derive(Debug, Serialize, Deserialize)]
pub struct Join {
    /// The agent.
    pub handle: Handle,
    /// The socket that comes; none for a client without one.
    pub socket: Option<SocketInfo>,
    /// Where the agent would like to enter, when it is not in the world.
    pub spawn_region: Option<String>,
}

/// An open socket of an agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SocketInfo {
    /// Its session.
    pub session: SessionId,
    /// The id of its token; never the token.
    pub token_id: String,
    /// When it connected.
    pub connected_at: Timestamp,
}

/// Where an agent is: the answer to `Join`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Joined {
    /// Who it is.
    pub profile: Profile,
    /// The region it is in.
    pub region: String,
    /// Where in it.
    pub at: Vec3,
}

/// A suggestion.
#[derive(Debug, Serialize, Deserialize)]
pub struct Prompt {
    /// To whom.
    pub handle: Handle,
    /// What.
    pub text: String,
    /// How the spectator calls itself.
    pub from: Option<String>,
}

/// A session that watches.
#[derive(Debug, Serialize, Deserialize)]
pub struct Watch {
    /// The shard.
    pub shard: ShardId,
    /// The session.
    pub session: SessionId,
    /// What it looks at.
    pub focus: Focus,
    /// Whether it wants to know when the agent in focus goes elsewhere.
    pub is_follower: bool,
}

/// An agent that comes from another node's shard.
#[derive(Debug, Serialize, Deserialize)]
pub struct Arrive {
    /// The shard that it comes to.
    pub shard: ShardId,
    /// Who, with all that goes along.
    pub body: Traveller,
    /// Where it will be.
    pub at: Vec3,
    /// The shard that it leaves.
    pub from: ShardId,
    /// The region that it leaves.
    pub from_region: String,
    /// The request that it comes by: that of a teleport, and the number under which its receipt is awaited.
    pub teleport: Option<(Act, u64)>,
    /// On foot: what it showed before it was marked away.
    pub away: Option<String>,
    /// On foot: where the one goes whom it follows.
    pub follows: Option<Beyond>,
}

/// A body on its way.
#[derive(Debug, Serialize, Deserialize)]
pub struct Traveller {
    /// Who.
    pub profile: Profile,
    /// Where it goes.
    pub trajectory: Trajectory,
    /// What it shows.
    pub status: String,
    /// Whom it follows.
    pub follow: Option<Follow>,
    /// Not before when it may do things again, by name.
    pub cooldowns: BTreeMap<String, Timestamp>,
    /// How many hand-offs it went through.
    pub hop: i64,
    /// The nodes that its sockets are connected to.
    pub nodes: Vec<NodeId>,
}

/// What became of an agent that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// It stays.
    Kept,
    /// It stays for now.
    Later,
    /// It is there.
    Taken,
    /// Nobody knows: the receiver asked the database and got no answer.
    Unknown,
}

/// What a node tells another one.
#[derive(Debug, Serialize, Deserialize)]
pub enum News {
    /// A socket of mine left an agent of yours.
    Part(Handle, SessionId),
    /// The row of an agent of yours changed.
    Changed(Handle),
    /// A session of mine watches a shard of yours no more.
    Unwatch(ShardId, SessionId),
    /// An agent that a spectator of mine follows went to that region, or out of the world.
    TargetMoved(SessionId, Option<String>, Option<Vec3>),
    /// Agents of the first shard, mine, follow these in the second, yours.
    Track(ShardId, ShardId, Vec<AgentId>),
    /// To the first shard, yours: what the second, mine, knows of an agent.
    Tracked(ShardId, ShardId, AgentId, Option<Beyond>),
    /// To the first shard, yours: what the second, mine, sees near its land.
    Sightings(ShardId, ShardId, Arc<Sightings>),
    /// The second shard, mine, wants to know all that the first, yours, sees near its land.
    AskSightings(ShardId, ShardId),
    /// Things of a region changed by an agent; for this shard of yours.
    Objects(ShardId, AgentId, Vec<(String, ObjectChange)>),
    /// A shard of yours has an agent that it may not know of: load it again.
    Reload(ShardId),
    /// What an agent that went over to you used up of its limits. Units: milliseconds until each is as good as new.
    Limits(Handle, [i64; 4]),
    /// For sockets of yours.
    Hub(Box<HubNews>),
    /// A shard is free, and you should have it: look.
    Take,
    /// I run this shard now, under this epoch.
    Runs(ShardId, i64),
    /// These agents are in my shards now.
    Came(Vec<Presence>),
    /// An agent left that region, and is not in another one of mine.
    Went(Handle, Arc<str>),
    /// A spectator of mine follows an agent, or no more.
    Watching(Handle, SessionId, bool),
    /// Once a second.
    Beat(Box<Beat>),
    /// These sockets of mine have their agents with you.
    Sockets(Vec<(Handle, Vec<SessionId>)>),
    /// The same when they are many: of the sockets in this slice, these.
    SocketsIn(Slice, Vec<(Handle, Vec<SessionId>)>),
    /// Connect these agents' sockets again: they are not, or no more, with me.
    Rehome(Vec<Handle>),
    /// Tell me who is in your shards and whom your spectators follow: I missed something.
    Recount,
    /// Forget who was in my shards: all are told anew. These are whom my spectators follow.
    Census(Vec<(Handle, SessionId)>),
    /// My spectators follow these, too.
    Watched(Vec<(Handle, SessionId)>),
    /// A socket of mine left a channel whose home you are.
    LeftChannel(String, SessionId),
    /// The rule of a channel changed, says a node of an earlier version: look.
    Rights,
    /// The rules of these channels changed: look.
    RightsOf(Vec<String>),
    /// I missed something and forgot who of yours is on channels of mine: let them come again.
    ChannelsLost,
}

/// An agent that is in the world.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Presence {
    /// Who.
    pub handle: Handle,
    /// Its id inside.
    pub id: AgentId,
    /// How many hand-offs it went through.
    pub hop: i64,
    /// Its display name.
    pub name: String,
    /// The region it is in.
    pub region: Arc<str>,
    /// The shard of it; none from a node of an earlier version.
    #[serde(default)]
    pub shard: Option<ShardId>,
    /// Whether spectators may follow its inner life.
    pub is_public: bool,
}

/// A sign of life.
#[derive(Debug, Serialize, Deserialize)]
pub struct Beat {
    /// How many agents are in each of my shards.
    pub populations: Vec<(ShardId, usize)>,
    /// What the presences of my shards add up to.
    pub digest: u64,
}

/// What a batch begins with: who sent it, and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The sender.
    pub from: NodeId,
    /// Counted from 1; one that is missing was lost.
    pub number: u64,
}
