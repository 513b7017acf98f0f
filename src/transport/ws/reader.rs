//! What comes from a peer: frames, put together to messages. The size limit counts over all fragments of a message.

use super::Pipe;
use super::pipe::ReadBuffer;
use crate::base::limit::SOCKET_MESSAGE_MAX_BYTES;
use crate::host::clock::Clock;
use actix_http::ws::{Codec, Frame, Item, ProtocolError};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio_util::codec::Decoder;

/// What comes from a peer.
#[derive(Debug)]
pub enum Incoming {
    /// A whole message: its bytes, and whether it was a text.
    Message(Bytes, bool),
    /// A ping, to be answered.
    Ping(Bytes),
    /// An answer to our ping.
    Pong,
    /// Nothing: the session's own time to look after it has come.
    Look,
    /// The peer closes, with this code.
    Close(u16),
    /// The peer broke the rules: close with this code.
    Broken(u16, &'static str),
}

/// Reads a connection.
pub struct Reader {
    pipe: Rc<Pipe>,
    buffer: ReadBuffer,
    codec: Codec,
    bytes: BytesMut,
    partial: BytesMut,
    is_text: bool,
    is_partial: bool,
    is_deaf: bool,
    clock: Clock,
}

impl Reader {
    /// A reader that has some bytes already.
    pub(super) fn new(pipe: Rc<Pipe>, buffer: ReadBuffer, bytes: BytesMut, clock: Clock) -> Self {
        Self {
            pipe,
            buffer,
            codec: Codec::new().max_size(SOCKET_MESSAGE_MAX_BYTES),
            bytes,
            partial: BytesMut::new(),
            is_text: true,
            is_partial: false,
            is_deaf: false,
            clock,
        }
    }

    /// Takes the next whole message out of the bytes received.
    fn next(&mut self) -> Option<Incoming> {
        while !self.is_deaf {
            match self.codec.decode(&mut self.bytes) {
                Ok(Some(frame)) => {
                    let incoming = self.take(frame);
                    if !self.is_partial {
                        self.pipe.wait_since(None);
                    }
                    if incoming.is_some() {
                        return incoming;
                    }
                }
                Ok(None) => {
                    self.wait_for_rest();
                    return None;
                }
                Err(ProtocolError::Overflow) => return Some(self.broken(1009, "message too big")),
                Err(_) => return Some(self.broken(1002, "protocol error")),
            }
        }
        None
    }

    /// The message is not whole. The session looks whether its peer drips it for ever.
    fn wait_for_rest(&mut self) {
        if self.bytes.is_empty() {
            // Idle sockets keep no buffer.
            self.bytes = BytesMut::new();
        }
        if self.is_partial || !self.bytes.is_empty() {
            self.pipe.wait_since(Some(self.clock.monotonic()));
        }
    }

    fn take(&mut self, frame: Frame) -> Option<Incoming> {
        if self.is_partial && matches!(frame, Frame::Text(_) | Frame::Binary(_)) {
            return Some(self.broken(1002, "interleaved message"));
        }
        Some(match frame {
            Frame::Text(bytes) => Incoming::Message(bytes, true),
            Frame::Binary(bytes) => Incoming::Message(bytes, false),
            Frame::Ping(bytes) => Incoming::Ping(bytes),
            Frame::Pong(_) => Incoming::Pong,
            Frame::Continuation(item) => return self.continued(item),
            Frame::Close(reason) => {
                self.is_deaf = true;
                let code = reason.map_or(1000, |reason| u16::from(reason.code));
                if matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
                    Incoming::Close(code)
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
            return Some(self.broken(1009, "message too big"));
        }
        self.partial.extend_from_slice(&bytes);
        self.is_partial = !is_last;
        is_last.then(|| Incoming::Message(std::mem::take(&mut self.partial).freeze(), self.is_text))
    }

    /// From now on the peer is not listened to; what it sends is read and dropped, so that it gets the reason.
    fn broken(&mut self, code: u16, reason: &'static str) -> Incoming {
        self.is_deaf = true;
        Incoming::Broken(code, reason)
    }
}

impl Stream for Reader {
    type Item = Incoming;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Incoming>> {
        let me = &mut *self;
        me.pipe.remember(context.waker());
        loop {
            if let Some(incoming) = me.next() {
                return Poll::Ready(Some(incoming));
            }
            if me.is_deaf || me.pipe.is_closing() {
                me.is_deaf = true;
                me.bytes.clear();
            }
            match me.pipe.poll_read(context, &me.buffer, &mut me.bytes) {
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(_) => return Poll::Ready(None),
                // Only after all that is here: a deadline that was kept in time counts, whenever we come to read it.
                Poll::Pending if me.pipe.take_look() => return Poll::Ready(Some(Incoming::Look)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
