//! A socket's outgoing queue: bounded, on one thread, emptied in one write.

use super::publication::Dialect;
use crate::base::limit::{SOCKET_QUEUE_MAX_BYTES, SOCKET_QUEUE_MAX_MESSAGES};
use crate::host::fault;
use crate::telemetry::metric;
use crate::wire::{self, Disconnect};
use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::{Rc, Weak};
use std::time::Duration;

/// An outbox shared by a session, its hub, its connection and its thread's flusher, all on one shard thread.
pub type SharedOutbox = Rc<RefCell<Outbox>>;

/// Places for pieces that an outbox has in itself.
const PIECES_KEPT: usize = 2;

/// How soon what was queued should leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Haste {
    /// News of what is around: it may wait for more, when the node falls behind.
    News,
    /// Now.
    Now,
}

/// What is told that an outbox has something to write.
pub trait Ready {
    /// Something waits.
    fn call(self: Rc<Self>, haste: Haste);
}

/// An answer that a socket waits for.
#[derive(Clone, Copy, Debug)]
struct Promise {
    ticket: u32,
    /// The id of the client's command.
    command: u32,
    due: Duration,
}

/// What waits to be written to a socket.
pub struct Outbox {
    dialect: Dialect,
    pieces: SmallVec<[Bytes; PIECES_KEPT]>,
    control: SmallVec<[Bytes; 1]>,
    promises: SmallVec<[Promise; 1]>,
    tickets: u32,
    queued_bytes: usize,
    on_ready: Option<Weak<dyn Ready>>,
    called: Option<Haste>,
    end: Option<Disconnect>,
    is_ended: bool,
    is_gone: bool,
    is_held: bool,
    event_types: Option<HashSet<String>>,
}

/// What the connection takes at a time, beside the pieces.
pub struct Taken {
    /// Payloads of pongs to send.
    pub control: SmallVec<[Bytes; 1]>,
    /// The reason to close after them.
    pub end: Option<Disconnect>,
}

impl Taken {
    /// Whether there is nothing beside the pieces.
    pub fn is_plain(&self) -> bool {
        self.control.is_empty() && self.end.is_none()
    }
}

impl Outbox {
    /// An empty outbox for a socket that speaks so.
    pub fn new(dialect: Dialect) -> Self {
        let (pieces, control) = (SmallVec::new(), SmallVec::new());
        Self {
            dialect,
            pieces,
            control,
            promises: SmallVec::new(),
            tickets: 0,
            queued_bytes: 0,
            on_ready: None,
            called: None,
            end: None,
            is_ended: false,
            is_gone: false,
            is_held: false,
            event_types: None,
        }
    }

    /// Tells this once as soon as something is queued, once more when something of more haste comes, and again after it was
    /// taken.
    pub fn on_ready(&mut self, ready: Weak<dyn Ready>) {
        self.on_ready = Some(ready);
        if let Some(haste) = self.called.take() {
            self.call(haste);
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
        self.push_with(piece, Haste::Now);
    }

    /// Queues news of what is around: as `push`, but without haste.
    pub fn push_news(&mut self, piece: Bytes) {
        self.push_with(piece, Haste::News);
    }

    fn push_with(&mut self, piece: Bytes, haste: Haste) {
        if self.end.is_some() || self.is_gone {
            return;
        }
        let queued_bytes = self.queued_bytes.saturating_add(piece.len());
        let is_over = self.pieces.len() >= SOCKET_QUEUE_MAX_MESSAGES || queued_bytes > SOCKET_QUEUE_MAX_BYTES;
        if is_over && !fault::is_mutant("unbounded_session_queue") {
            metric::slow_clients_closed().increment(1);
            self.pieces.clear();
            self.queued_bytes = 0;
            return self.end(Disconnect::SLOW);
        }
        self.queued_bytes = queued_bytes;
        self.pieces.push(piece);
        // News that wait must not fill the queue of a peer that reads.
        let is_half_full = self.pieces.len() > SOCKET_QUEUE_MAX_MESSAGES / 2
            || self.queued_bytes > SOCKET_QUEUE_MAX_BYTES / 2;
        self.call(if is_half_full { Haste::Now } else { haste });
    }

    /// Queues pieces that belong together as one: a view of a whole region is one message, not hundreds.
    pub fn push_together(&mut self, pieces: Vec<Bytes>) {
        match self.dialect {
            Dialect::Centrifuge(encoding) if pieces.len() > 1 => {
                let mut joined = BytesMut::new();
                wire::join(encoding, &pieces, &mut joined);
                self.push(joined.freeze());
            }
            _ => pieces.into_iter().for_each(|piece| self.push(piece)),
        }
    }

    /// Notes that an answer to a command will come, until when at the latest; gives the ticket that it comes with.
    /// Units: the clock's monotonic time.
    pub fn promise(&mut self, command: u32, due: Duration) -> u32 {
        self.tickets = self.tickets.wrapping_add(1);
        self.promises.push(Promise {
            ticket: self.tickets,
            command,
            due,
        });
        self.tickets
    }

    /// How many answers are to come.
    pub fn promised(&self) -> usize {
        self.promises.len()
    }

    /// Notes that a promised answer came; gives the command that it is pushed for. None: it came too late, and its asker was
    /// told so.
    pub fn keep(&mut self, ticket: u32) -> Option<u32> {
        let index = self
            .promises
            .iter()
            .position(|promise| promise.ticket == ticket)?;
        let promise = self.promises.swap_remove(index);
        if self.promises.is_empty() {
            self.promises.shrink_to_fit();
        }
        Some(promise.command)
    }

    /// Whether an answer should have come by now.
    pub fn is_overdue(&self, now: Duration) -> bool {
        self.promises.iter().any(|promise| promise.due <= now)
    }

    /// Takes back the promises that are overdue: gives the commands that nobody answered.
    pub fn break_overdue(&mut self, now: Duration) -> Vec<u32> {
        let is_overdue = |promise: &&mut Promise| promise.due <= now;
        let commands = self
            .promises
            .iter_mut()
            .filter(is_overdue)
            .map(|promise| promise.command)
            .collect();
        self.promises.retain(|promise| promise.due > now);
        self.promises.shrink_to_fit();
        commands
    }

    /// Queues the payload of a pong; at most two wait, since only the latest matters.
    pub fn push_pong(&mut self, frame: Bytes) {
        if self.control.len() >= 2 {
            self.control.remove(0);
        }
        self.control.push(frame);
        self.call(Haste::Now);
    }

    /// Keeps everything back until `release`: the answer to `connect` must leave first.
    pub fn hold(&mut self) {
        self.is_held = true;
    }

    /// Lets everything go, this piece first.
    pub fn release(&mut self, first: Bytes) {
        self.is_held = false;
        self.queued_bytes = self.queued_bytes.saturating_add(first.len());
        self.pieces.insert(0, first);
        self.call(Haste::Now);
    }

    /// Closes the socket after what is queued. The first reason counts.
    pub fn end(&mut self, reason: Disconnect) {
        if self.end.is_none() && !self.is_gone {
            self.end = Some(reason);
            self.call(Haste::Now);
        }
    }

    /// The reason to close, once there is one.
    pub fn end_reason(&self) -> Option<Disconnect> {
        self.end
    }

    /// The connection is closed: nothing more reaches anybody.
    pub fn note_gone(&mut self) {
        self.is_gone = true;
        self.pieces.clear();
    }

    /// Whether the connection is closed.
    pub fn is_gone(&self) -> bool {
        self.is_gone
    }

    /// Takes all that is queued; the pieces, which are joined to one message, go into the list. None: there is nothing.
    pub fn take(&mut self, pieces: &mut Vec<Bytes>) -> Option<Taken> {
        self.called = None;
        if self.is_ended {
            return None;
        }
        if !self.is_held {
            pieces.extend(self.pieces.drain(..));
            // Idle sockets keep no queue after a burst.
            self.pieces.shrink_to_fit();
            self.queued_bytes = 0;
        }
        if pieces.is_empty() && self.control.is_empty() && self.end.is_none() {
            return None;
        }
        self.is_ended = self.end.is_some();
        Some(Taken {
            control: std::mem::take(&mut self.control),
            end: self.end,
        })
    }

    fn call(&mut self, haste: Haste) {
        if self.called >= Some(haste) {
            return;
        }
        self.called = Some(haste);
        if let Some(ready) = self.on_ready.as_ref().and_then(Weak::upgrade) {
            ready.call(haste);
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

    /// Counts how often it was called with which haste.
    #[derive(Default)]
    struct Bell(RefCell<Vec<Haste>>);

    impl Ready for Bell {
        fn call(self: Rc<Self>, haste: Haste) {
            self.0.borrow_mut().push(haste);
        }
    }

    fn with_bell() -> (Outbox, Rc<Bell>) {
        let (mut outbox, bell) = (
            Outbox::new(Dialect::Centrifuge(Encoding::Json)),
            Rc::<Bell>::default(),
        );
        let weak: Weak<Bell> = Rc::downgrade(&bell);
        outbox.on_ready(weak);
        (outbox, bell)
    }

    #[test]
    fn haste_calls_once_more_and_news_after_it_do_not() {
        let (mut outbox, bell) = with_bell();
        let piece = || Bytes::from_static(b"{}");
        outbox.push_news(piece());
        outbox.push_news(piece());
        outbox.push(piece());
        outbox.push_news(piece());
        assert_eq!(*bell.0.borrow(), [Haste::News, Haste::Now]);
        outbox.take(&mut Vec::new());
        outbox.push_news(piece());
        assert_eq!(bell.0.borrow().last(), Some(&Haste::News));
    }

    #[test]
    fn an_answer_is_kept_once_and_not_after_its_time() {
        let mut outbox = Outbox::new(Dialect::Centrifuge(Encoding::Json));
        let at = Duration::from_millis;
        // Clients choose the ids of their commands, and may choose one twice.
        let (first, second) = (outbox.promise(7, at(100)), outbox.promise(7, at(200)));
        assert_eq!((outbox.keep(first), outbox.keep(first)), (Some(7), None));
        assert!(!outbox.is_overdue(at(199)) && outbox.break_overdue(at(199)).is_empty());
        assert!(outbox.is_overdue(at(200)));
        assert_eq!((outbox.promised(), outbox.break_overdue(at(200))), (1, vec![7]));
        assert_eq!((outbox.promised(), outbox.keep(second)), (0, None));
    }

    #[test]
    fn news_that_fill_half_the_queue_wait_no_longer() {
        let (mut outbox, bell) = with_bell();
        for _ in 0..SOCKET_QUEUE_MAX_MESSAGES / 2 {
            outbox.push_news(Bytes::from_static(b"{}"));
        }
        assert_eq!(*bell.0.borrow(), [Haste::News]);
        outbox.push_news(Bytes::from_static(b"{}"));
        assert_eq!(*bell.0.borrow(), [Haste::News, Haste::Now]);
    }
}
