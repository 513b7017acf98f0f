//! What the server sends without being asked, inside [`crate::wire::Reply::push`].

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::wire::message::{messages, one_of};
use crate::wire::subscription::SubscribeResult;

one_of! {
    /// The body of a push.
    pub enum PushBody in Push { channel: String } {
        /// A publication in the channel.
        r#pub: Publication(Box<Publication>),
        /// Somebody joined the channel.
        join: Join(Box<Join>),
        /// Somebody left the channel.
        leave: Leave(Box<Leave>),
        /// The server ended the subscription.
        unsubscribe: Unsubscribe(Unsubscribe),
        /// A message to this connection, outside channels.
        message: Message(Message),
        /// The server subscribed this connection.
        subscribe: Subscribe(Box<Subscribe>),
        /// The connection is open, on unidirectional transports.
        connect: Connect(Box<Connect>),
        /// The connection is about to be closed.
        disconnect: Disconnect(Disconnect),
        /// The connection's time to live changed.
        refresh: Refresh(Refresh),
    }
}

messages! {
    /// News for one connection. At most one body is set; see [`Push::into_body`].
    pub struct Push {
        /// The channel's number on this connection, instead of its name, with compaction.
        #[prost(int64, tag = "1")]
        pub id: i64,
        /// The channel's name; empty for what concerns the connection.
        #[prost(string, tag = "2")]
        pub channel: String,
        /// See [`PushBody::Publication`].
        #[prost(message, optional, boxed, tag = "4")]
        pub r#pub: Option<Box<Publication>>,
        /// See [`PushBody::Join`].
        #[prost(message, optional, boxed, tag = "5")]
        pub join: Option<Box<Join>>,
        /// See [`PushBody::Leave`].
        #[prost(message, optional, boxed, tag = "6")]
        pub leave: Option<Box<Leave>>,
        /// See [`PushBody::Unsubscribe`].
        #[prost(message, optional, tag = "7")]
        pub unsubscribe: Option<Unsubscribe>,
        /// See [`PushBody::Message`].
        #[prost(message, optional, tag = "8")]
        pub message: Option<Message>,
        /// See [`PushBody::Subscribe`].
        #[prost(message, optional, boxed, tag = "9")]
        pub subscribe: Option<Box<Subscribe>>,
        /// See [`PushBody::Connect`].
        #[prost(message, optional, boxed, tag = "10")]
        pub connect: Option<Box<Connect>>,
        /// See [`PushBody::Disconnect`].
        #[prost(message, optional, tag = "11")]
        pub disconnect: Option<Disconnect>,
        /// See [`PushBody::Refresh`].
        #[prost(message, optional, tag = "12")]
        pub refresh: Option<Refresh>,
    }

    /// Who a connection belongs to, as others see it.
    pub struct ClientInfo {
        /// The user id; empty for an anonymous client.
        #[prost(string, tag = "1")]
        pub user: String,
        /// The connection's id.
        #[prost(string, tag = "2")]
        pub client: String,
        /// What the connection token says about it, raw.
        #[prost(bytes = "bytes", tag = "3")]
        pub conn_info: Bytes,
        /// What the subscription token says about it, raw.
        #[prost(bytes = "bytes", tag = "4")]
        pub chan_info: Bytes,
    }

    /// One entry of a channel.
    pub struct Publication {
        /// What was published, raw.
        #[prost(bytes = "bytes", tag = "4")]
        pub data: Bytes,
        /// Who published it, when a client did.
        #[prost(message, optional, boxed, tag = "5")]
        pub info: Option<Box<ClientInfo>>,
        /// Its place on the stream, from 1; 0 in channels without a stream.
        #[prost(uint64, tag = "6")]
        pub offset: u64,
        /// Labels that filters read.
        #[prost(btree_map = "string, string", tag = "7")]
        pub tags: BTreeMap<String, String>,
        /// Whether `data` is a difference to the publication before.
        #[prost(bool, tag = "8")]
        pub delta: bool,
        /// When it was published. Units: milliseconds since 1970.
        #[prost(int64, tag = "9")]
        pub time: i64,
        /// The channel, when the subscription is to a pattern.
        #[prost(string, tag = "10")]
        pub channel: String,
        /// The key, in map channels.
        #[prost(string, tag = "11")]
        pub key: String,
        /// Whether the key was removed, in map channels.
        #[prost(bool, tag = "12")]
        pub removed: bool,
        /// The key's rank, in ordered map channels.
        #[prost(sint64, tag = "13")]
        pub score: i64,
        /// The stream's epoch, in map channels.
        #[prost(string, tag = "14")]
        pub epoch: String,
        /// The key's value before, in map channels, raw.
        #[prost(bytes = "bytes", tag = "15")]
        pub prev_data: Bytes,
        /// The key's version, in shared poll channels.
        #[prost(uint64, tag = "16")]
        pub version: u64,
    }

    /// Somebody joined the channel.
    pub struct Join {
        /// Who.
        #[prost(message, optional, tag = "1")]
        pub info: Option<ClientInfo>,
    }

    /// Somebody left the channel.
    pub struct Leave {
        /// Who.
        #[prost(message, optional, tag = "1")]
        pub info: Option<ClientInfo>,
    }

    /// The server ended the subscription; see [`crate::wire::UnsubscribeCode`].
    pub struct Unsubscribe {
        /// The number that clients act on.
        #[prost(uint32, tag = "2")]
        pub code: u32,
        /// A text for humans.
        #[prost(string, tag = "3")]
        pub reason: String,
    }

    /// A message to this connection, outside channels.
    pub struct Message {
        /// The message, raw.
        #[prost(bytes = "bytes", tag = "1")]
        pub data: Bytes,
    }

    /// The server subscribed this connection.
    pub struct Subscribe {
        /// Whether the client may recover missed publications later.
        #[prost(bool, tag = "1")]
        pub recoverable: bool,
        /// The stream's epoch.
        #[prost(string, tag = "4")]
        pub epoch: String,
        /// The stream's top offset.
        #[prost(uint64, tag = "5")]
        pub offset: u64,
        /// Whether the server watches this subscription's position.
        #[prost(bool, tag = "6")]
        pub positioned: bool,
        /// The application's own data, raw.
        #[prost(bytes = "bytes", tag = "7")]
        pub data: Bytes,
    }

    /// The connection is open, on unidirectional transports; fields as in `ConnectResult`.
    pub struct Connect {
        /// The connection's own id, made by the server.
        #[prost(string, tag = "1")]
        pub client: String,
        /// The server's version.
        #[prost(string, tag = "2")]
        pub version: String,
        /// The application's own data, raw.
        #[prost(bytes = "bytes", tag = "3")]
        pub data: Bytes,
        /// Server-side subscriptions by channel.
        #[prost(btree_map = "string, message", tag = "4")]
        pub subs: BTreeMap<String, SubscribeResult>,
        /// Whether the connection expires.
        #[prost(bool, tag = "5")]
        pub expires: bool,
        /// Time until it expires. Units: seconds.
        #[prost(uint32, tag = "6")]
        pub ttl: u32,
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
    }

    /// The connection is about to be closed; see [`crate::wire::Disconnect`].
    pub struct Disconnect {
        /// The number that clients act on.
        #[prost(uint32, tag = "1")]
        pub code: u32,
        /// A text for humans.
        #[prost(string, tag = "2")]
        pub reason: String,
        /// Whether the client should connect again.
        #[prost(bool, tag = "3")]
        pub reconnect: bool,
    }

    /// The connection's time to live changed.
    pub struct Refresh {
        /// Whether the connection expires.
        #[prost(bool, tag = "1")]
        pub expires: bool,
        /// Time until it expires. Units: seconds.
        #[prost(uint32, tag = "2")]
        pub ttl: u32,
    }
}
