//! What a client sends: one command with one request in it.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::wire::message::{messages, one_of};
use crate::wire::subscription::{SubRefreshRequest, SubscribeRequest};

one_of! {
    /// The body of a command.
    pub enum Request in Command { id: u32 } {
        /// Opens the session; the first command of every connection.
        connect: Connect(Box<ConnectRequest>),
        /// Subscribes to a channel.
        subscribe: Subscribe(Box<SubscribeRequest>),
        /// Ends a subscription.
        unsubscribe: Unsubscribe(UnsubscribeRequest),
        /// Publishes into a channel.
        publish: Publish(Box<PublishRequest>),
        /// Asks who is in a channel.
        presence: Presence(PresenceRequest),
        /// Asks how many are in a channel.
        presence_stats: PresenceStats(PresenceStatsRequest),
        /// Reads a channel's stream.
        history: History(Box<HistoryRequest>),
        /// The legacy ping command.
        ping: Ping(PingRequest),
        /// A message without an answer; the only request whose command has id 0.
        send: Send(SendRequest),
        /// Calls a method: every action of the world comes this way.
        rpc: Rpc(RpcRequest),
        /// Renews the connection's token.
        refresh: Refresh(RefreshRequest),
        /// Renews a subscription's token.
        sub_refresh: SubRefresh(Box<SubRefreshRequest>),
    }
}

impl Command {
    /// The channel that is subscribed to, published on or asked about; what ends a subscription needs no right.
    pub fn channel(&self) -> Option<&str> {
        let subscribe = self.subscribe.as_ref().map(|request| &request.channel);
        let publish = || self.publish.as_ref().map(|request| &request.channel);
        let presence = || self.presence.as_ref().map(|request| &request.channel);
        let stats = || self.presence_stats.as_ref().map(|request| &request.channel);
        let history = || self.history.as_ref().map(|request| &request.channel);
        let channel = subscribe
            .or_else(publish)
            .or_else(presence)
            .or_else(stats)
            .or_else(history);
        channel.map(String::as_str)
    }

    /// Returns whether this is the answer to a ping: no id and no request.
    pub fn is_pong(&self) -> bool {
        *self == Self::default()
    }
}

messages! {
    /// One message of a client. At most one request is set; see [`Command::into_body`].
    pub struct Command {
        /// Chosen by the client, answered in the reply; 0 for a pong and for `send`.
        #[prost(uint32, tag = "1")]
        pub id: u32,
        /// See [`Request::Connect`].
        #[prost(message, optional, boxed, tag = "4")]
        pub connect: Option<Box<ConnectRequest>>,
        /// See [`Request::Subscribe`].
        #[prost(message, optional, boxed, tag = "5")]
        pub subscribe: Option<Box<SubscribeRequest>>,
        /// See [`Request::Unsubscribe`].
        #[prost(message, optional, tag = "6")]
        pub unsubscribe: Option<UnsubscribeRequest>,
        /// See [`Request::Publish`].
        #[prost(message, optional, boxed, tag = "7")]
        pub publish: Option<Box<PublishRequest>>,
        /// See [`Request::Presence`].
        #[prost(message, optional, tag = "8")]
        pub presence: Option<PresenceRequest>,
        /// See [`Request::PresenceStats`].
        #[prost(message, optional, tag = "9")]
        pub presence_stats: Option<PresenceStatsRequest>,
        /// See [`Request::History`].
        #[prost(message, optional, boxed, tag = "10")]
        pub history: Option<Box<HistoryRequest>>,
        /// See [`Request::Ping`].
        #[prost(message, optional, tag = "11")]
        pub ping: Option<PingRequest>,
        /// See [`Request::Send`].
        #[prost(message, optional, tag = "12")]
        pub send: Option<SendRequest>,
        /// See [`Request::Rpc`].
        #[prost(message, optional, tag = "13")]
        pub rpc: Option<RpcRequest>,
        /// See [`Request::Refresh`].
        #[prost(message, optional, tag = "14")]
        pub refresh: Option<RefreshRequest>,
        /// See [`Request::SubRefresh`].
        #[prost(message, optional, boxed, tag = "15")]
        pub sub_refresh: Option<Box<SubRefreshRequest>>,
    }

    /// Opens the session.
    pub struct ConnectRequest {
        /// The connection token, a secret; empty for an anonymous client.
        #[prost(string, tag = "1")]
        pub token: String,
        /// The application's own data, raw.
        #[prost(bytes = "bytes", tag = "2")]
        pub data: Bytes,
        /// Server-side subscriptions to recover after a reconnect, by channel.
        #[prost(btree_map = "string, message", tag = "3")]
        pub subs: BTreeMap<String, SubscribeRequest>,
        /// The SDK's name, for observation only.
        #[prost(string, tag = "4")]
        pub name: String,
        /// The SDK's version, for observation only.
        #[prost(string, tag = "5")]
        pub version: String,
        /// Headers that a browser cannot set on the handshake; may hold secrets.
        #[prost(btree_map = "string, string", tag = "6")]
        pub headers: BTreeMap<String, String>,
        /// Bits of optional features that the client can do.
        #[prost(int64, tag = "7")]
        pub flag: i64,
        /// The compression dictionary that the client has.
        #[prost(string, tag = "8")]
        pub dict: String,
        /// The connection profile that the client asks for.
        #[prost(string, tag = "9")]
        pub profile: String,
    }

    /// Ends a subscription.
    pub struct UnsubscribeRequest {
        /// The channel's name.
        #[prost(string, tag = "1")]
        pub channel: String,
    }

    /// Publishes into a channel.
    pub struct PublishRequest {
        /// The channel's name.
        #[prost(string, tag = "1")]
        pub channel: String,
        /// What is published, raw.
        #[prost(bytes = "bytes", tag = "2")]
        pub data: Bytes,
        /// 1 publishes into a map channel.
        #[prost(int32, tag = "3")]
        pub r#type: i32,
        /// The key in a map channel.
        #[prost(string, tag = "4")]
        pub key: String,
        /// Whether the key is removed from a map channel.
        #[prost(bool, tag = "5")]
        pub removed: bool,
    }

    /// Asks who is in a channel.
    pub struct PresenceRequest {
        /// The channel's name.
        #[prost(string, tag = "1")]
        pub channel: String,
    }

    /// Asks how many are in a channel.
    pub struct PresenceStatsRequest {
        /// The channel's name.
        #[prost(string, tag = "1")]
        pub channel: String,
    }

    /// A place on a channel's stream.
    pub struct StreamPosition {
        /// Counts from 1; 0 is before the first publication.
        #[prost(uint64, tag = "1")]
        pub offset: u64,
        /// Names the stream; another epoch is another stream.
        #[prost(string, tag = "2")]
        pub epoch: String,
    }

    /// Reads a channel's stream.
    pub struct HistoryRequest {
        /// The channel's name.
        #[prost(string, tag = "1")]
        pub channel: String,
        /// How many publications; 0 asks for the position only, below 0 for all.
        #[prost(int32, tag = "7")]
        pub limit: i32,
        /// Where to start, exclusive.
        #[prost(message, optional, tag = "8")]
        pub since: Option<StreamPosition>,
        /// Whether to go from new to old.
        #[prost(bool, tag = "9")]
        pub reverse: bool,
    }

    /// The legacy ping command.
    pub struct PingRequest {}

    /// A message without an answer.
    pub struct SendRequest {
        /// The message, raw.
        #[prost(bytes = "bytes", tag = "1")]
        pub data: Bytes,
    }

    /// Calls a method.
    pub struct RpcRequest {
        /// The parameters, raw.
        #[prost(bytes = "bytes", tag = "1")]
        pub data: Bytes,
        /// The method's name.
        #[prost(string, tag = "2")]
        pub method: String,
    }

    /// Renews the connection's token.
    pub struct RefreshRequest {
        /// The new token, a secret.
        #[prost(string, tag = "1")]
        pub token: String,
    }
}
