//! Frames: what one WebSocket message carries. Several messages may share a frame in both directions.

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;
use smallvec::SmallVec;
use std::io::Write as _;

use crate::wire::json::{self, Object, Sink, Value};
use crate::wire::protobuf;
use crate::wire::push::ClientInfo;
use crate::wire::reply::{Reply, ReplyBody, RpcResult};
use crate::wire::request::Command;
use crate::wire::scan::check_json_depth;

/// How deep JSON of a client may be nested, envelope included. Units: levels.
pub const MAX_JSON_DEPTH: usize = 32;

/// What most answers to `rpc` fit into. Units: bytes.
const RPC_USUAL_BYTES: usize = 256;

/// The form of a connection's messages, fixed when it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// JSON objects separated by `\n` in text frames.
    Json,
    /// Length-prefixed protobuf messages in binary frames.
    Protobuf,
}

/// Why a frame was refused. The connection is closed with 3501 after any of these.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The frame has no bytes, or white space only.
    #[error("the frame is empty")]
    Empty,
    /// The frame carries more messages than allowed.
    #[error("the frame carries more than {max_messages} messages")]
    TooMany {
        /// The limit that was passed.
        max_messages: usize,
    },
    /// The frame is not UTF-8.
    #[error("the frame is not valid UTF-8")]
    Utf8 {
        /// Where it stops being UTF-8.
        #[source]
        source: std::str::Utf8Error,
    },
    /// A JSON text is nested too deep.
    #[error("the JSON is nested deeper than {max_depth} levels")]
    TooDeep {
        /// The limit that was passed.
        max_depth: usize,
    },
    /// A JSON string escapes one half of a surrogate pair.
    #[error("a JSON string has a lone surrogate")]
    LoneSurrogate,
    /// A line is a JSON value but not an object, or blank.
    #[error("a message is not a JSON object")]
    NotAnObject,
    /// A line is not the JSON form of the message.
    #[error("a message is not valid JSON of its kind")]
    Json {
        /// What the parser says.
        #[source]
        source: serde_json::Error,
    },
    /// The length in front of a message is not a varint.
    #[error("a message has no valid length")]
    Length {
        /// What the decoder says.
        #[source]
        source: prost::DecodeError,
    },
    /// The length in front of a message runs past the end of the frame.
    #[error("a message is longer than the frame")]
    Truncated,
    /// The bytes are not the protobuf form of the message.
    #[error("a message is not valid protobuf of its kind")]
    Protobuf {
        /// What the decoder says.
        #[source]
        source: prost::DecodeError,
    },
}

/// Decodes what a client sent: 1 to `max_commands` commands. A pong is a command with id 0 and no body.
///
/// Unknown fields are skipped, because newer SDKs may send more. Errors: see [`DecodeError`]; never panics.
pub fn decode_commands(
    encoding: Encoding,
    frame: &[u8],
    max_commands: usize,
) -> Result<SmallVec<[Command; 4]>, DecodeError> {
    decode(encoding, frame, max_commands)
}

/// Decodes what a server sent, as a client of another node or the load generator does: 1 to `max_replies` replies.
/// A ping is a reply with id 0 and no body. Errors: see [`DecodeError`]; never panics.
pub fn decode_replies(
    encoding: Encoding,
    frame: &[u8],
    max_replies: usize,
) -> Result<SmallVec<[Reply; 4]>, DecodeError> {
    decode(encoding, frame, max_replies)
}

/// Decodes a frame of any one kind of message.
fn decode<M>(encoding: Encoding, frame: &[u8], max_messages: usize) -> Result<SmallVec<[M; 4]>, DecodeError>
where
    M: Message + Default + DeserializeOwned,
{
    let mut messages = SmallVec::new();
    let mut push = |message: M| {
        if messages.len() >= max_messages {
            return Err(DecodeError::TooMany { max_messages });
        }
        messages.push(message);
        Ok(())
    };
    match encoding {
        Encoding::Json => {
            let text = std::str::from_utf8(frame).map_err(|source| DecodeError::Utf8 { source })?;
            let text = text.trim_matches([' ', '\t', '\r', '\n']);
            if text.is_empty() {
                return Err(DecodeError::Empty);
            }
            // The limit is checked before each parse: a refused frame costs no more than an accepted one.
            for line in text.split('\n').take(max_messages.saturating_add(1)) {
                push(decode_line(line)?)?;
            }
        }
        Encoding::Protobuf => {
            if frame.is_empty() {
                return Err(DecodeError::Empty);
            }
            let mut rest = frame;
            while !rest.is_empty() {
                push(protobuf::decode_next(&mut rest)?)?;
            }
        }
    }
    Ok(messages)
}

fn decode_line<M: Default + DeserializeOwned>(line: &str) -> Result<M, DecodeError> {
    if line == "{}" {
        return Ok(M::default());
    }
    // Serde would take an array of the fields in order as well.
    if !line.trim_start_matches([' ', '\t', '\r']).starts_with('{') {
        return Err(DecodeError::NotAnObject);
    }
    check_json_depth(line.as_bytes(), MAX_JSON_DEPTH)?;
    serde_json::from_str(line).map_err(|source| DecodeError::Json { source })
}

/// Encodes one reply as one self-contained piece for [`join`], in one allocation.
///
/// For JSON, `bytes` fields must hold JSON texts of one value each (see [`crate::wire::check_json`]).
pub fn encode_reply(encoding: Encoding, reply: &Reply) -> Bytes {
    encode(encoding, reply)
}

/// Encodes the answer to command `id`: `data`, as JSON, is what the procedure answered.
/// Errors: `data` does not serialise.
pub fn encode_rpc(encoding: Encoding, id: u32, data: &impl Serialize) -> serde_json::Result<Bytes> {
    let Encoding::Json = encoding else {
        let data = Bytes::from(serde_json::to_vec(data)?);
        let reply = Reply::of(id, ReplyBody::Rpc(RpcResult { data }));
        return Ok(encode(encoding, &reply));
    };
    let mut out = Vec::with_capacity(RPC_USUAL_BYTES);
    write!(out, r#"{{"id":{id},"rpc":{{"data":"#).map_err(serde_json::Error::io)?;
    serde_json::to_writer(&mut out, data)?;
    out.extend_from_slice(b"}}");
    Ok(Bytes::from(out))
}

/// Encodes one command as one self-contained piece for [`join`], as a client does.
pub fn encode_command(encoding: Encoding, command: &Command) -> Bytes {
    encode(encoding, command)
}

fn encode<M: Message + Value>(encoding: Encoding, message: &M) -> Bytes {
    match encoding {
        Encoding::Json => json::encode(message),
        Encoding::Protobuf => protobuf::encode(message),
    }
}

/// Encodes `push { channel, pub { data, info, offset } }` from borrowed parts, in one allocation: the piece that one
/// publication becomes for all its subscribers of one encoding.
///
/// `data` is a JSON text for JSON and any bytes for protobuf. `offset` counts from 1, only on recoverable channels.
/// A publication with tags or a delta goes through [`encode_reply`].
pub fn encode_publication(
    encoding: Encoding,
    channel: &str,
    data: &[u8],
    offset: Option<u64>,
    info: Option<&ClientInfo>,
) -> Bytes {
    match encoding {
        Encoding::Json => json::exact(
            |out| write_publication(out, channel, data, offset, info),
            |out| write_publication(out, channel, data, offset, info),
        ),
        Encoding::Protobuf => protobuf::encode_publication(channel, data, offset, info),
    }
}

fn write_publication(
    out: &mut impl Sink,
    channel: &str,
    data: &[u8],
    offset: Option<u64>,
    info: Option<&ClientInfo>,
) {
    out.put(b"{\"push\":{");
    if !channel.is_empty() {
        out.put(b"\"channel\":");
        json::put_string(out, channel);
        out.put(b",");
    }
    out.put(b"\"pub\":");
    let mut publication = Object::open(out);
    if !data.is_empty() {
        json::put_raw(publication.name("data"), data);
    }
    if let Some(info) = info {
        info.write(publication.name("info"));
    }
    publication.field("offset", &offset.unwrap_or_default()).close();
    out.put(b"}}");
}

/// Appends pieces to the payload of one WebSocket frame: JSON with `\n` between all pieces and none at the end,
/// protobuf one after another. It may be called again on the same `out` to add more; no pieces add nothing.
pub fn join(encoding: Encoding, pieces: &[Bytes], out: &mut BytesMut) {
    for piece in pieces {
        if encoding == Encoding::Json && !out.is_empty() {
            out.put_u8(b'\n');
        }
        out.extend_from_slice(piece);
    }
}

/// The server's heartbeat, an empty message: `{}` or one zero byte. The client's answer is the same.
pub const fn ping(encoding: Encoding) -> Bytes {
    match encoding {
        Encoding::Json => Bytes::from_static(b"{}"),
        Encoding::Protobuf => Bytes::from_static(&[0]),
    }
}
