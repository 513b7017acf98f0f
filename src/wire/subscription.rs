//! Subscribing and renewing a subscription: the requests, their results and what they are made of.

use bytes::Bytes;

use crate::wire::message::messages;
use crate::wire::push::Publication;

messages! {
    /// Subscribes to a channel.
    pub struct SubscribeRequest {
        /// The channel's name.
        #[prost(string, tag = "1")]
        pub channel: String,
        /// The subscription token, a secret; empty when the channel needs none.
        #[prost(string, tag = "2")]
        pub token: String,
        /// Whether to recover from `epoch` and `offset`.
        #[prost(bool, tag = "3")]
        pub recover: bool,
        /// The epoch that the client has.
        #[prost(string, tag = "6")]
        pub epoch: String,
        /// The last offset that the client has.
        #[prost(uint64, tag = "7")]
        pub offset: u64,
        /// The application's own data, raw.
        #[prost(bytes = "bytes", tag = "8")]
        pub data: Bytes,
        /// Asks for positioning.
        #[prost(bool, tag = "9")]
        pub positioned: bool,
        /// Asks for recovery.
        #[prost(bool, tag = "10")]
        pub recoverable: bool,
        /// Asks for join and leave pushes.
        #[prost(bool, tag = "11")]
        pub join_leave: bool,
        /// The delta format asked for: empty or `fossil`.
        #[prost(string, tag = "12")]
        pub delta: String,
        /// A filter on the publications' tags.
        #[prost(message, optional, boxed, tag = "13")]
        pub tf: Option<Box<FilterNode>>,
        /// Bit 0: channel compaction; bit 1: answer 112 instead of an unrecovered success.
        #[prost(int64, tag = "14")]
        pub flag: i64,
        /// The kind of subscription: 0 stream; others are optional features.
        #[prost(int32, tag = "15")]
        pub r#type: i32,
        /// The phase of a map subscription.
        #[prost(int32, tag = "16")]
        pub phase: i32,
        /// The page of a map subscription's state.
        #[prost(string, tag = "17")]
        pub cursor: String,
        /// The page size of a map subscription's state.
        #[prost(int32, tag = "18")]
        pub limit: i32,
        /// The page order of a map subscription's state.
        #[prost(bool, tag = "19")]
        pub asc: bool,
    }

    /// A node of a filter on tags: a leaf compares, an inner node combines its `nodes`.
    pub struct FilterNode {
        /// Empty for a leaf, else `and`, `or` or `not`.
        #[prost(string, tag = "1")]
        pub op: String,
        /// The tag that a leaf compares.
        #[prost(string, tag = "2")]
        pub key: String,
        /// The comparison: `eq neq in nin ex nex sw ew ct lt lte gt gte`.
        #[prost(string, tag = "3")]
        pub cmp: String,
        /// The value compared with.
        #[prost(string, tag = "4")]
        pub val: String,
        /// The values compared with, for `in` and `nin`.
        #[prost(string, repeated, tag = "5")]
        pub vals: Vec<String>,
        /// The parts that an inner node combines.
        #[prost(message, repeated, tag = "6")]
        pub nodes: Vec<FilterNode>,
    }

    /// Answers `subscribe`.
    pub struct SubscribeResult {
        /// Whether the subscription's token expires and the client must renew it.
        #[prost(bool, tag = "1")]
        pub expires: bool,
        /// Time until the client must renew the token. Units: seconds.
        #[prost(uint32, tag = "2")]
        pub ttl: u32,
        /// Whether the client may recover missed publications later.
        #[prost(bool, tag = "3")]
        pub recoverable: bool,
        /// The stream's epoch.
        #[prost(string, tag = "6")]
        pub epoch: String,
        /// What was missed, ascending.
        #[prost(message, repeated, tag = "7")]
        pub publications: Vec<Publication>,
        /// Whether everything missed is in `publications`.
        #[prost(bool, tag = "8")]
        pub recovered: bool,
        /// The stream's top offset, or the client's own one after a recovery.
        #[prost(uint64, tag = "9")]
        pub offset: u64,
        /// Whether the server watches this subscription's position.
        #[prost(bool, tag = "10")]
        pub positioned: bool,
        /// The application's own data, raw.
        #[prost(bytes = "bytes", tag = "11")]
        pub data: Bytes,
        /// Whether the client asked for recovery.
        #[prost(bool, tag = "12")]
        pub was_recovering: bool,
        /// Whether publications may come as deltas.
        #[prost(bool, tag = "13")]
        pub delta: bool,
        /// The channel's number on this connection, for compaction.
        #[prost(int64, tag = "14")]
        pub id: i64,
        /// The kind of subscription, as asked.
        #[prost(int32, tag = "15")]
        pub r#type: i32,
        /// The phase of a map subscription.
        #[prost(int32, tag = "16")]
        pub phase: i32,
        /// The next page of a map subscription's state.
        #[prost(string, tag = "17")]
        pub cursor: String,
        /// A page of a map subscription's state.
        #[prost(message, repeated, tag = "18")]
        pub state: Vec<Publication>,
        /// How long the client should collect publications. Units: milliseconds.
        #[prost(uint32, tag = "19")]
        pub publish_debounce: u32,
    }

    /// Renews a subscription's token, or changes what a shared poll tracks.
    pub struct SubRefreshRequest {
        /// The channel's name.
        #[prost(string, tag = "1")]
        pub channel: String,
        /// The new token, a secret.
        #[prost(string, tag = "2")]
        pub token: String,
        /// 0 refresh, 1 track, 2 untrack.
        #[prost(int32, tag = "3")]
        pub r#type: i32,
        /// What to track.
        #[prost(message, repeated, tag = "4")]
        pub track: Vec<TrackBatch>,
        /// The keys to stop tracking.
        #[prost(string, repeated, tag = "5")]
        pub untrack: Vec<String>,
    }

    /// Keys to track that one signature covers.
    pub struct TrackBatch {
        /// The signature over the keys.
        #[prost(string, tag = "1")]
        pub signature: String,
        /// The keys.
        #[prost(message, repeated, tag = "2")]
        pub items: Vec<KeyedItem>,
    }

    /// One tracked key.
    pub struct KeyedItem {
        /// The key.
        #[prost(string, tag = "1")]
        pub key: String,
        /// The version that the client has.
        #[prost(uint64, tag = "2")]
        pub version: u64,
    }

    /// Answers `sub_refresh`.
    pub struct SubRefreshResult {
        /// Whether the new token expires too.
        #[prost(bool, tag = "1")]
        pub expires: bool,
        /// Time until the client must renew it. Units: seconds.
        #[prost(uint32, tag = "2")]
        pub ttl: u32,
        /// The present values of newly tracked keys.
        #[prost(message, repeated, tag = "3")]
        pub items: Vec<Publication>,
    }
}
