//! What the server sends: the answer to one command, or a push.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::wire::message::{messages, one_of};
use crate::wire::push::{ClientInfo, Publication, Push};
use crate::wire::subscription::{SubRefreshResult, SubscribeResult};

one_of! {
    /// The body of a reply. A reply to a command must have one: SDKs read the result without looking.
    pub enum ReplyBody in Reply { id: u32 } {
        /// The command failed; the connection stays open.
        error: Error(Error),
        /// No answer but news; the reply's id is 0.
        push: Push(Box<Push>),
        /// Answers `connect`.
        connect: Connect(Box<ConnectResult>),
        /// Answers `subscribe`.
        subscribe: Subscribe(Box<SubscribeResult>),
        /// Answers `unsubscribe`.
        unsubscribe: Unsubscribe(UnsubscribeResult),
        /// Answers `publish`.
        publish: Publish(PublishResult),
        /// Answers `presence`.
        presence: Presence(PresenceResult),
        /// Answers `presence_stats`.
        presence_stats: PresenceStats(PresenceStatsResult),
        /// Answers `history`.
        history: History(Box<HistoryResult>),
        /// Answers the legacy `ping`.
        ping: Ping(PingResult),
        /// Answers `rpc`.
        rpc: Rpc(RpcResult),
        /// Answers `refresh`.
        refresh: Refresh(Box<RefreshResult>),
        /// Answers `sub_refresh`.
        sub_refresh: SubRefresh(SubRefreshResult),
    }
}

impl Reply {
    /// Makes the reply that refuses command `id`, from a [`crate::wire::ClientError`] or an error of our own.
    pub fn refuse(id: u32, error: impl Into<Error>) -> Self {
        Self::of(id, ReplyBody::Error(error.into()))
    }

    /// Makes the reply that carries a push.
    pub fn push(push: Push) -> Self {
        Self::of(0_u32, ReplyBody::Push(Box::new(push)))
    }

    /// Returns whether this is a ping of the server: no id and no body.
    pub fn is_ping(&self) -> bool {
        *self == Self::default()
    }
}

messages! {
    /// One message of the server. At most one body is set; see [`Reply::into_body`].
    pub struct Reply {
        /// The command that is answered; 0 for a push and a ping.
        #[prost(uint32, tag = "1")]
        pub id: u32,
        /// See [`ReplyBody::Error`].
        #[prost(message, optional, tag = "2")]
        pub error: Option<Error>,
        /// See [`ReplyBody::Push`].
        #[prost(message, optional, boxed, tag = "4")]
        pub push: Option<Box<Push>>,
        /// See [`ReplyBody::Connect`].
        #[prost(message, optional, boxed, tag = "5")]
        pub connect: Option<Box<ConnectResult>>,
        /// See [`ReplyBody::Subscribe`].
        #[prost(message, optional, boxed, tag = "6")]
        pub subscribe: Option<Box<SubscribeResult>>,
        /// See [`ReplyBody::Unsubscribe`].
        #[prost(message, optional, tag = "7")]
        pub unsubscribe: Option<UnsubscribeResult>,
        /// See [`ReplyBody::Publish`].
        #[prost(message, optional, tag = "8")]
        pub publish: Option<PublishResult>,
        /// See [`ReplyBody::Presence`].
        #[prost(message, optional, tag = "9")]
        pub presence: Option<PresenceResult>,
        /// See [`ReplyBody::PresenceStats`].
        #[prost(message, optional, tag = "10")]
        pub presence_stats: Option<PresenceStatsResult>,
        /// See [`ReplyBody::History`].
        #[prost(message, optional, boxed, tag = "11")]
        pub history: Option<Box<HistoryResult>>,
        /// See [`ReplyBody::Ping`].
        #[prost(message, optional, tag = "12")]
        pub ping: Option<PingResult>,
        /// See [`ReplyBody::Rpc`].
        #[prost(message, optional, tag = "13")]
        pub rpc: Option<RpcResult>,
        /// See [`ReplyBody::Refresh`].
        #[prost(message, optional, boxed, tag = "14")]
        pub refresh: Option<Box<RefreshResult>>,
        /// See [`ReplyBody::SubRefresh`].
        #[prost(message, optional, tag = "15")]
        pub sub_refresh: Option<SubRefreshResult>,
    }

    /// Why a command failed.
    pub struct Error {
        /// The number that clients act on.
        #[prost(uint32, tag = "1")]
        pub code: u32,
        /// A text for humans.
        #[prost(string, tag = "2")]
        pub message: String,
        /// Whether the same may work later.
        #[prost(bool, tag = "3")]
        pub temporary: bool,
    }

    /// Answers `connect`.
    pub struct ConnectResult {
        /// The connection's own id, made by the server.
        #[prost(string, tag = "1")]
        pub client: String,
        /// The server's version.
        #[prost(string, tag = "2")]
        pub version: String,
        /// Whether the token expires and the client must renew it.
        #[prost(bool, tag = "3")]
        pub expires: bool,
        /// Time until the client must renew its token. Units: seconds.
        #[prost(uint32, tag = "4")]
        pub ttl: u32,
        /// The application's own data, raw.
        #[prost(bytes = "bytes", tag = "5")]
        pub data: Bytes,
        /// Server-side subscriptions by channel.
        #[prost(btree_map = "string, message", tag = "6")]
        pub subs: BTreeMap<String, SubscribeResult>,
        /// Time between the server's pings, 0 for none. Units: seconds.
        #[prost(uint32, tag = "7")]
        pub ping: u32,
        /// Whether the server wants its pings answered.
        #[prost(bool, tag = "8")]
        pub pong: bool,
        /// A secret by which the HTTP fallbacks send to this connection.
        #[prost(string, tag = "9")]
        pub session: String,
        /// The node that holds this connection, for the HTTP fallbacks.
        #[prost(string, tag = "10")]
        pub node: String,
        /// The server's time. Units: milliseconds since 1970.
        #[prost(int64, tag = "11")]
        pub time: i64,
        /// Bits of optional features that the server will use.
        #[prost(int64, tag = "12")]
        pub flag: i64,
        /// The compression dictionary that the server will use.
        #[prost(message, optional, boxed, tag = "13")]
        pub dict: Option<Box<Dictionary>>,
    }

    /// A compression dictionary.
    pub struct Dictionary {
        /// Its name.
        #[prost(string, tag = "1")]
        pub id: String,
        /// Its bytes, on protobuf connections.
        #[prost(bytes = "bytes", tag = "2")]
        pub data: Bytes,
        /// Its bytes in base64, on JSON connections.
        #[prost(string, tag = "3")]
        pub data_b64: String,
    }

    /// Answers `unsubscribe`.
    pub struct UnsubscribeResult {}

    /// Answers `publish`.
    pub struct PublishResult {}

    /// Answers `presence`.
    pub struct PresenceResult {
        /// Who is there, by client id.
        #[prost(btree_map = "string, message", tag = "1")]
        pub presence: BTreeMap<String, ClientInfo>,
    }

    /// Answers `presence_stats`.
    pub struct PresenceStatsResult {
        /// Connections in the channel.
        #[prost(uint32, tag = "1")]
        pub num_clients: u32,
        /// Distinct users in the channel; all anonymous ones are one.
        #[prost(uint32, tag = "2")]
        pub num_users: u32,
    }

    /// Answers `history`.
    pub struct HistoryResult {
        /// The publications asked for.
        #[prost(message, repeated, tag = "1")]
        pub publications: Vec<Publication>,
        /// The stream's epoch.
        #[prost(string, tag = "2")]
        pub epoch: String,
        /// The stream's top offset.
        #[prost(uint64, tag = "3")]
        pub offset: u64,
    }

    /// Answers the legacy `ping`.
    pub struct PingResult {}

    /// Answers `rpc`.
    pub struct RpcResult {
        /// The method's answer, raw.
        #[prost(bytes = "bytes", tag = "1")]
        pub data: Bytes,
    }

    /// Answers `refresh`.
    pub struct RefreshResult {
        /// The connection's own id.
        #[prost(string, tag = "1")]
        pub client: String,
        /// The server's version.
        #[prost(string, tag = "2")]
        pub version: String,
        /// Whether the new token expires too.
        #[prost(bool, tag = "3")]
        pub expires: bool,
        /// Time until the client must renew it. Units: seconds.
        #[prost(uint32, tag = "4")]
        pub ttl: u32,
    }
}
