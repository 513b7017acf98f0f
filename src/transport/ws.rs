//! WebSockets: handshake, frames to messages, queued pieces to one frame. The only file that knows the WebSocket crates.
//!
//! The session is an ordinary actor beside the socket, not inside the response body: a peer that stops reading stalls its
//! own body only, and is cut from outside.

use super::clawbots;
use crate::actors::hub::SharedTable;
use crate::actors::outbox::SharedOutbox;
use crate::actors::publication::Dialect;
use crate::base::limit::SOCKET_MESSAGE_MAX_BYTES;
use crate::host::clock::Clock;
use crate::wire::{self, Disconnect, Encoding};
use actix_http::ws::{CloseCode, CloseReason, Codec, Frame, Item, Message, ProtocolError};
use actix_web::http::header;
use actix_web::rt::net::TcpStream;
use actix_web::web::{BytesMut, Payload};
use actix_web::{Error, HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use nix::sys::socket::{Shutdown, setsockopt, shutdown, sockopt};
use std::any::Any;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio_util::codec::{Decoder, Encoder};

/// What the kernel holds for a peer that does not read, at the most. Units: bytes.
const SEND_BUFFER_BYTES: usize = 128 * 1024;
/// After this time without an acknowledgement by the peer's kernel the connection is dead. Units: milliseconds.
const USER_TIMEOUT_MS: u32 = 30_000;

/// A worker thread's part of the socket transports.
pub struct Worker {
    /// The sockets of this thread.
    pub table: SharedTable,
    /// The index of this thread's hub in the directory.
    pub hub: usize,
}

/// A connection's descriptor, to cut a peer that stops reading.
#[derive(Clone, Copy)]
pub struct Peer(RawFd);

impl Peer {
    /// Cuts the connection. Only while its socket is known to be open: the number is reused after that.
    pub fn cut(self) {
        // It may be closed from the other side this very moment.
        let _ = shutdown(self.0, Shutdown::Both);
    }
}

/// Prepares a new connection; called by the HTTP server for each. A duplicate descriptor is never made: at ten thousand sockets the file limit forbids it.
pub fn on_connect(connection: &dyn Any, extensions: &mut actix_web::dev::Extensions) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else {
        return;
    };
    // Without these options a stalled peer costs megabytes of kernel memory, but the server works.
    let _ = setsockopt(&stream.as_fd(), sockopt::SndBuf, &SEND_BUFFER_BYTES);
    let _ = setsockopt(&stream.as_fd(), sockopt::TcpUserTimeout, &USER_TIMEOUT_MS);
    let _ = stream.set_nodelay(true);
    extensions.insert(Peer(stream.as_raw_fd()));
}

/// What comes from a peer.
#[derive(Debug)]
pub enum Incoming {
    /// A whole message: its bytes, and whether it was a text.
    Message(Bytes, bool),
    /// A ping, to be answered.
    Ping(Bytes),
    /// An answer to our ping.
    Pong,
    /// The peer closes.
    Close,
    /// The peer broke the rules: close with this code.
    Broken(u16, &'static str),
}

/// Which protocol a Centrifuge client asks for.
pub fn encoding_of(request: &HttpRequest) -> Encoding {
    let asks_by_protocol = request
        .headers()
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|protocol| protocol.trim() == "centrifuge-protobuf");
    let asks_by_query = request
        .query_string()
        .split('&')
        .any(|pair| pair == "format=protobuf" || pair == "cf_protocol=protobuf");
    if asks_by_protocol || asks_by_query {
        Encoding::Protobuf
    } else {
        Encoding::Json
    }
}

/// Whether a request wants to become a WebSocket.
pub fn is_upgrade(request: &HttpRequest) -> bool {
    request
        .headers()
        .get(header::UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Answers the handshake with a body that empties the outbox, and returns what comes in.
/// Errors: a handshake that is not one.
pub fn accept(
    request: &HttpRequest,
    payload: Payload,
    outbox: &SharedOutbox,
    clock: Clock,
) -> Result<(HttpResponse, impl Stream<Item = Incoming> + 'static + use<>), Error> {
    let protocols = ["centrifuge-protobuf", "centrifuge-json"];
    let mut response = actix_web_actors::ws::handshake_with_protocols(request, &protocols)?;
    let body = OutStream {
        outbox: outbox.clone(),
        codec: Codec::new(),
    };
    let incoming = InStream::new(payload, clock).flat_map(futures_util::stream::iter);
    Ok((response.streaming(body), incoming))
}

/// Frames of a socket, put together to messages. The size limit counts over all fragments of a message.
struct InStream {
    payload: Payload,
    codec: Codec,
    bytes: BytesMut,
    partial: BytesMut,
    is_text: bool,
    is_partial: bool,
    is_done: bool,
    clock: Clock,
    waiting_since: Option<Duration>,
}

impl InStream {
    fn new(payload: Payload, clock: Clock) -> Self {
        let codec = Codec::new().max_size(SOCKET_MESSAGE_MAX_BYTES);
        let (bytes, partial) = (BytesMut::new(), BytesMut::new());
        Self {
            payload,
            codec,
            bytes,
            partial,
            is_text: true,
            is_partial: false,
            is_done: false,
            clock,
            waiting_since: None,
        }
    }

    /// Takes all whole frames out of the bytes received.
    fn drain(&mut self) -> Vec<Incoming> {
        let mut found = Vec::new();
        while !self.is_done {
            match self.codec.decode(&mut self.bytes) {
                Ok(Some(frame)) => {
                    self.waiting_since = None;
                    found.extend(self.take(frame));
                }
                Ok(None) => break,
                Err(error) => {
                    self.is_done = true;
                    found.push(broken(&error));
                }
            }
        }
        if !self.bytes.is_empty() && self.waiting_since.is_none() {
            self.waiting_since = Some(self.clock.monotonic());
        }
        let is_dripping = self.waiting_since.is_some_and(|since| {
            !self.bytes.is_empty() && self.clock.monotonic().saturating_sub(since) > Duration::from_secs(10)
        });
        if is_dripping && !self.is_done {
            self.is_done = true;
            found.push(Incoming::Broken(1002, "frame took too long"));
        }
        found
    }

    fn take(&mut self, frame: Frame) -> Option<Incoming> {
        if self.is_partial && matches!(frame, Frame::Text(_) | Frame::Binary(_)) {
            self.is_done = true;
            return Some(Incoming::Broken(1002, "interleaved message"));
        }
        Some(match frame {
            Frame::Text(bytes) => Incoming::Message(bytes, true),
            Frame::Binary(bytes) => Incoming::Message(bytes, false),
            Frame::Ping(bytes) => Incoming::Ping(bytes),
            Frame::Pong(_) => Incoming::Pong,
            Frame::Continuation(item) => return self.continued(item),
            Frame::Close(reason) => {
                self.is_done = true;
                let code = reason.map_or(1000, |reason| u16::from(reason.code));
                let is_allowed = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
                if is_allowed {
                    Incoming::Close
                } else {
                    Incoming::Broken(1002, "bad close code")
                }
            }
        })
    }

    fn continued(&mut self, item: Item) -> Option<Incoming> {
        let (bytes, is_last) = match item {
            Item::FirstText(bytes) => {
                self.is_text = true;
                (bytes, false)
            }
            Item::FirstBinary(bytes) => {
                self.is_text = false;
                (bytes, false)
            }
            Item::Continue(bytes) => (bytes, false),
            Item::Last(bytes) => (bytes, true),
        };
        if self.partial.len().saturating_add(bytes.len()) > SOCKET_MESSAGE_MAX_BYTES {
            self.is_done = true;
            return Some(Incoming::Broken(1009, "message too big"));
        }
        self.partial.extend_from_slice(&bytes);
        self.is_partial = !is_last;
        is_last.then(|| Incoming::Message(self.partial.split().freeze(), self.is_text))
    }
}

fn broken(error: &ProtocolError) -> Incoming {
    match error {
        ProtocolError::Overflow => Incoming::Broken(1009, "message too big"),
        _ => Incoming::Broken(1002, "protocol error"),
    }
}

impl Stream for InStream {
    type Item = Vec<Incoming>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let me = &mut *self;
        loop {
            if me.is_done {
                return Poll::Ready(None);
            }
            match Pin::new(&mut me.payload).poll_next(context) {
                Poll::Ready(Some(Ok(chunk))) => me.bytes.extend_from_slice(&chunk),
                Poll::Ready(Some(Err(_)) | None) => {
                    me.is_done = true;
                    return Poll::Ready(Some(vec![Incoming::Close]));
                }
                Poll::Pending => return Poll::Pending,
            }
            let found = me.drain();
            if !found.is_empty() || me.is_done {
                return Poll::Ready(Some(found));
            }
        }
    }
}

/// The response body of a socket: whatever is queued leaves in one write.
struct OutStream {
    outbox: SharedOutbox,
    codec: Codec,
}

impl OutStream {
    fn write(&mut self, message: Message, out: &mut BytesMut) {
        if let Err(error) = self.codec.encode(message, out) {
            tracing::debug!(error = %error, "a frame could not be encoded");
        }
    }

    fn write_pieces(&mut self, dialect: Dialect, pieces: impl Iterator<Item = Bytes>, out: &mut BytesMut) {
        match dialect {
            Dialect::Centrifuge(encoding) => {
                let mut joined = BytesMut::new();
                let mut pieces = pieces;
                wire::join(encoding, &mut pieces, &mut joined);
                if joined.is_empty() {
                    return;
                }
                let joined = joined.freeze();
                let message = match encoding {
                    Encoding::Json => text(joined),
                    Encoding::Protobuf => Message::Binary(joined),
                };
                self.write(message, out);
            }
            Dialect::ClawBots => {
                let wanted = self.outbox.borrow().wanted().cloned();
                let pieces = pieces.filter_map(|piece| clawbots::select(piece, wanted.as_ref()));
                let pieces: Vec<Bytes> = pieces.collect();
                pieces.into_iter().for_each(|piece| self.write(text(piece), out));
            }
        }
    }
}

/// A text frame of bytes that are UTF-8 because we wrote them.
fn text(bytes: Bytes) -> Message {
    match bytestring::ByteString::try_from(bytes) {
        Ok(text) => Message::Text(text),
        Err(_not_utf8) => Message::Text(bytestring::ByteString::from_static("{}")),
    }
}

impl Stream for OutStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let (taken, dialect) = {
            let mut outbox = self.outbox.borrow_mut();
            match outbox.poll_take(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(taken)) => (taken, outbox.dialect()),
            }
        };
        let mut out = BytesMut::new();
        for frame in taken.control {
            self.write(Message::Pong(frame), &mut out);
        }
        self.write_pieces(dialect, taken.pieces.into_iter(), &mut out);
        if let Some(end) = taken.end {
            self.write(Message::Close(close_reason(end)), &mut out);
        }
        Poll::Ready(Some(Ok(out.freeze())))
    }
}

impl Drop for OutStream {
    fn drop(&mut self) {
        self.outbox.borrow_mut().note_gone();
    }
}

fn close_reason(end: Disconnect) -> Option<CloseReason> {
    Some(CloseReason {
        code: CloseCode::from(end.code),
        description: Some(end.reason.to_owned()),
    })
}
