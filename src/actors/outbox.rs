//! A socket's outgoing queue: bounded, on one thread, emptied in one write.

use super::publication::Dialect;
use crate::base::limit::{SOCKET_QUEUE_MAX_BYTES, SOCKET_QUEUE_MAX_MESSAGES};
use crate::telemetry::metric;
use crate::wire::{self, Disconnect};
use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// An outbox shared by a session, its hub and its response body, all on one worker thread.
pub type SharedOutbox = Rc<RefCell<Outbox>>;

/// What waits to be written to a socket.
pub struct Outbox {
    dialect: Dialect,
    pieces: VecDeque<Bytes>,
    control: SmallVec<[Bytes; 1]>,
    queued_bytes: usize,
    waker: Option<Waker>,
    end: Option<Disconnect>,
    is_ended: bool,
    is_gone: bool,
    is_held: bool,
    event_types: Option<HashSet<String>>,
}

/// What the response body takes at a time.
pub struct Taken {
    /// Payloads of pongs to send.
    pub control: SmallVec<[Bytes; 1]>,
    /// Pieces to be joined to one message.
    pub pieces: VecDeque<Bytes>,
    /// The reason to close after them.
    pub end: Option<Disconnect>,
}

impl Outbox {
    /// An empty outbox for a socket that speaks so.
    pub fn new(dialect: Dialect) -> Self {
        let (pieces, control) = (VecDeque::new(), SmallVec::new());
        Self {
            dialect,
            pieces,
            control,
            queued_bytes: 0,
            waker: None,
            end: None,
            is_ended: false,
            is_gone: false,
            is_held: false,
            event_types: None,
        }
    }

    /// How the socket speaks.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Only events of these kinds go out from now on; all of them without a set.
    pub fn want(&mut self, event_types: Option<HashSet<String>>) {
        self.event_types = event_types;
    }

    /// The kinds of events that go out, when the client named some.
    pub fn wanted(&self) -> Option<&HashSet<String>> {
        self.event_types.as_ref()
    }

    /// Queues a piece. Past 256 pieces or 1 MiB the socket is slow: the queue is dropped and the socket closes with 3008.
    pub fn push(&mut self, piece: Bytes) {
        if self.end.is_some() || self.is_gone {
            return;
        }
        let queued_bytes = self.queued_bytes.saturating_add(piece.len());
        if self.pieces.len() >= SOCKET_QUEUE_MAX_MESSAGES || queued_bytes > SOCKET_QUEUE_MAX_BYTES {
            metric::slow_clients_closed().increment(1);
            self.pieces.clear();
            self.queued_bytes = 0;
            return self.end(Disconnect::SLOW);
        }
        self.queued_bytes = queued_bytes;
        self.pieces.push_back(piece);
        self.wake();
    }

    /// Queues pieces that belong together as one: a view of a whole region is one message, not hundreds.
    pub fn push_together(&mut self, pieces: Vec<Bytes>) {
        match self.dialect {
            Dialect::Centrifuge(encoding) if pieces.len() > 1 => {
                let mut joined = BytesMut::new();
                wire::join(encoding, &mut pieces.into_iter(), &mut joined);
                self.push(joined.freeze());
            }
            _ => pieces.into_iter().for_each(|piece| self.push(piece)),
        }
    }

    /// Queues the payload of a pong; at most two wait, since only the latest matters.
    pub fn push_pong(&mut self, frame: Bytes) {
        if self.control.len() >= 2 {
            self.control.remove(0);
        }
        self.control.push(frame);
        self.wake();
    }

    /// Keeps everything back until `release`: the answer to `connect` must leave first.
    pub fn hold(&mut self) {
        self.is_held = true;
    }

    /// Lets everything go, this piece first.
    pub fn release(&mut self, first: Bytes) {
        self.is_held = false;
        self.queued_bytes = self.queued_bytes.saturating_add(first.len());
        self.pieces.push_front(first);
        self.wake();
    }

    /// Closes the socket after what is queued. The first reason counts.
    pub fn end(&mut self, reason: Disconnect) {
        if self.end.is_none() {
            self.end = Some(reason);
            self.wake();
        }
    }

    /// The reason to close, once there is one.
    pub fn end_reason(&self) -> Option<Disconnect> {
        self.end
    }

    /// The connection is closed: its descriptor belongs to somebody else soon.
    pub fn note_gone(&mut self) {
        self.is_gone = true;
        self.pieces.clear();
    }

    /// Whether the connection is closed.
    pub fn is_gone(&self) -> bool {
        self.is_gone
    }

    /// Takes all that is queued, or waits. `None` after the closing part was taken.
    pub fn poll_take(&mut self, context: &mut Context<'_>) -> Poll<Option<Taken>> {
        if self.is_ended {
            return Poll::Ready(None);
        }
        let has_pieces = !self.pieces.is_empty() && !self.is_held;
        if !has_pieces && self.control.is_empty() && self.end.is_none() {
            self.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        self.is_ended = self.end.is_some();
        let pieces = if self.is_held {
            VecDeque::new()
        } else {
            std::mem::take(&mut self.pieces)
        };
        if !self.is_held {
            self.queued_bytes = 0;
        }
        let control = std::mem::take(&mut self.control);
        Poll::Ready(Some(Taken {
            control,
            pieces,
            end: self.end,
        }))
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Encoding;

    #[test]
    fn a_slow_socket_is_ended_and_its_queue_dropped() {
        let mut outbox = Outbox::new(Dialect::Centrifuge(Encoding::Json));
        for _ in 0..=SOCKET_QUEUE_MAX_MESSAGES {
            outbox.push(Bytes::from_static(b"{}"));
        }
        assert_eq!(outbox.end_reason().map(|end| end.code), Some(3008));
        assert!(outbox.pieces.is_empty());
    }

    #[test]
    fn one_big_piece_over_the_bound_ends_it_too() {
        let mut outbox = Outbox::new(Dialect::ClawBots);
        outbox.push(Bytes::from(vec![0; SOCKET_QUEUE_MAX_BYTES + 1]));
        assert_eq!(outbox.end_reason().map(|end| end.code), Some(3008));
    }
}
