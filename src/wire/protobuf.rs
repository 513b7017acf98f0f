//! The protobuf form: messages one after another, each with its length in front as an unsigned varint.

use bytes::Bytes;
use prost::Message;
use prost::encoding::WireType;
use prost::encoding::{encode_key, encode_varint, encoded_len_varint, key_len};

use crate::wire::frame::DecodeError;
use crate::wire::push::ClientInfo;

/// Encodes one message with its length in front, in one allocation.
pub fn encode<M: Message>(message: &M) -> Bytes {
    Bytes::from(message.encode_length_delimited_to_vec())
}

/// Takes the next message off the front of `rest`; a zero length gives the default message.
///
/// Errors: [`DecodeError::Truncated`] when the length runs past the end, [`DecodeError::Length`] when it is no
/// varint, [`DecodeError::Protobuf`] when the message does not decode.
pub fn decode_next<M: Message + Default>(rest: &mut &[u8]) -> Result<M, DecodeError> {
    let length =
        prost::decode_length_delimiter(&mut *rest).map_err(|source| DecodeError::Length { source })?;
    let (body, tail) = rest.split_at_checked(length).ok_or(DecodeError::Truncated)?;
    *rest = tail;
    M::decode(body).map_err(|source| DecodeError::Protobuf { source })
}

/// Returns the length of `length` bytes behind their key and their own length. Units: bytes.
fn delimited_len(tag: u32, length: usize) -> usize {
    key_len(tag)
        .saturating_add(varint_len(length))
        .saturating_add(length)
}

fn varint_len(value: usize) -> usize {
    encoded_len_varint(u64::try_from(value).unwrap_or(u64::MAX))
}

fn put_varint(value: usize, out: &mut Vec<u8>) {
    encode_varint(u64::try_from(value).unwrap_or(u64::MAX), out);
}

fn put_head(tag: u32, length: usize, out: &mut Vec<u8>) {
    encode_key(tag, WireType::LengthDelimited, out);
    put_varint(length, out);
}

fn put_bytes(tag: u32, bytes: &[u8], out: &mut Vec<u8>) {
    if !bytes.is_empty() {
        put_head(tag, bytes.len(), out);
        out.extend_from_slice(bytes);
    }
}

/// Encodes `Reply { push { channel, pub { data, info, offset } } }` from borrowed parts, in one allocation.
pub fn encode_publication(
    channel: &str,
    data: &[u8],
    offset: Option<u64>,
    info: Option<&ClientInfo>,
) -> Bytes {
    // Field numbers of Reply.push, Push.channel, Push.pub, Publication.data, .info and .offset.
    const PUSH: u32 = 4;
    const CHANNEL: u32 = 2;
    const PUB: u32 = 4;
    const DATA: u32 = 4;
    const INFO: u32 = 5;
    const OFFSET: u32 = 6;
    let optional_len = |tag, length| {
        if length == 0 {
            0
        } else {
            delimited_len(tag, length)
        }
    };
    let offset = offset.filter(|offset| *offset > 0);

    let info_len = info.map_or(0, Message::encoded_len);
    let pub_len = optional_len(DATA, data.len())
        .saturating_add(info.map_or(0, |_| delimited_len(INFO, info_len)))
        .saturating_add(offset.map_or(0, |offset| {
            key_len(OFFSET).saturating_add(encoded_len_varint(offset))
        }));
    let push_len = optional_len(CHANNEL, channel.len()).saturating_add(delimited_len(PUB, pub_len));
    let reply_len = delimited_len(PUSH, push_len);

    let mut out = Vec::with_capacity(varint_len(reply_len).saturating_add(reply_len));
    put_varint(reply_len, &mut out);
    put_head(PUSH, push_len, &mut out);
    put_bytes(CHANNEL, channel.as_bytes(), &mut out);
    put_head(PUB, pub_len, &mut out);
    put_bytes(DATA, data, &mut out);
    if let Some(info) = info {
        put_head(INFO, info_len, &mut out);
        info.encode_raw(&mut out);
    }
    if let Some(offset) = offset {
        encode_key(OFFSET, WireType::Varint, &mut out);
        encode_varint(offset, &mut out);
    }
    Bytes::from(out)
}
