//! A publication: encoded at most once per encoding, however many sockets get it.

use crate::wire::{self, Encoding};
use bytes::{BufMut, Bytes, BytesMut};
use std::sync::{Arc, OnceLock};

/// How a socket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The Centrifuge protocol.
    Centrifuge(Encoding),
    /// ClawBots' small JSON frames.
    ClawBots,
}

/// Who published, for channels that tell.
pub type Publisher = wire::push::ClientInfo;

/// Data for all subscribers of a channel. Shared as `Arc`.
#[derive(Debug)]
pub struct Publication {
    /// The channel.
    pub channel: Arc<str>,
    /// The payload: JSON text.
    pub data: Bytes,
    /// Its place in the channel's stream, where the channel has one.
    pub offset: Option<u64>,
    /// Who published it.
    pub publisher: Option<Publisher>,
    json: OnceLock<Bytes>,
    protobuf: OnceLock<Bytes>,
    clawbots: OnceLock<Bytes>,
}

impl Publication {
    /// A publication without a place in a stream.
    pub fn new(channel: Arc<str>, data: Bytes) -> Arc<Self> {
        Self::with_offset(channel, data, None, None)
    }

    /// A publication with its place in the channel's stream and its publisher.
    pub fn with_offset(
        channel: Arc<str>,
        data: Bytes,
        offset: Option<u64>,
        publisher: Option<Publisher>,
    ) -> Arc<Self> {
        let (json, protobuf, clawbots) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Arc::new(Self {
            channel,
            data,
            offset,
            publisher,
            json,
            protobuf,
            clawbots,
        })
    }

    /// The bytes for a socket. Made when first asked for, then shared by all threads.
    pub fn piece(&self, dialect: Dialect) -> Bytes {
        let (cell, encoding) = match dialect {
            Dialect::Centrifuge(Encoding::Json) => (&self.json, Encoding::Json),
            Dialect::Centrifuge(Encoding::Protobuf) => (&self.protobuf, Encoding::Protobuf),
            Dialect::ClawBots => return self.clawbots.get_or_init(|| clawbots_event(&self.data)).clone(),
        };
        cell.get_or_init(|| {
            wire::encode_publication(
                encoding,
                &self.channel,
                &self.data,
                self.offset,
                self.publisher.as_ref(),
            )
        })
        .clone()
    }
}

/// ClawBots' event frame: `{"type":"event","payload":…}`.
fn clawbots_event(data: &[u8]) -> Bytes {
    let (head, tail) = (br#"{"type":"event","payload":"#, b"}");
    let mut piece = BytesMut::with_capacity(head.len() + data.len() + tail.len());
    piece.put_slice(head);
    piece.put_slice(data);
    piece.put_slice(tail);
    piece.freeze()
}
