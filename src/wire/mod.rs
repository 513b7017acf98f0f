//! The Centrifuge client protocol, version 2: its messages, codes and codec. Pure: bytes in, values out, no IO.
//!
//! One struct per message serves both encodings. A client sends [`Command`]s, the server [`Reply`]s (answers and
//! pushes); several of either may share a WebSocket frame. The parts of a frame are encoded once as [`bytes::Bytes`]
//! pieces, shared between sockets, and joined when a socket is written.
//!
//! Decoding takes hostile input: it refuses with a [`DecodeError`] and never panics. Source: centrifugal/protocol,
//! `client.proto`.

pub mod code;
pub mod frame;
pub mod json;
mod message;
pub mod protobuf;
pub mod push;
pub mod reply;
pub mod request;
pub mod scan;
mod strict;
pub mod subscription;

pub use code::{ClientError, Disconnect, UnsubscribeCode};
pub use frame::{
    DecodeError, Encoding, MAX_JSON_DEPTH, decode_commands, decode_replies, encode_command,
    encode_publication, encode_reply, encode_rpc, join, ping,
};
pub use push::{Push, PushBody};
pub use reply::{Error, Reply, ReplyBody};
pub use request::{Command, Request};
pub use scan::{check_json, check_json_depth};
pub use strict::check_json_keys;

#[cfg(test)]
mod tests;
