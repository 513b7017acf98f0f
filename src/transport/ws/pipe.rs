//! A connection after its handshake: the socket, what is queued for it, and what the kernel has not taken yet.

use super::frames::{Scratch, encode};
use super::{Counted, Flusher};
use crate::actors::outbox::{Haste, Ready, SharedOutbox};
use actix_rt::net::TcpStream;
use bytes::{Buf, BytesMut};
use nix::sys::socket::{MsgFlags, Shutdown, send, shutdown};
use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::AsRawFd;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::Interest;
use tokio::time::Instant;

/// How long a peer may take to read what is left before the end.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);
/// Most bytes that one read takes.
const READ_BYTES: usize = 16 * 1024;

/// What the sockets of a thread are read into, one after another.
pub(super) type ReadBuffer = Rc<RefCell<Vec<u8>>>;

/// A thread's buffer.
pub(super) fn read_buffer() -> ReadBuffer {
    Rc::new(RefCell::new(vec![0; READ_BYTES]))
}

/// A connection that speaks WebSocket. It has one descriptor and never a duplicate: at ten thousand sockets the file limit
/// forbids it.
pub struct Pipe {
    stream: TcpStream,
    outbox: SharedOutbox,
    flusher: Rc<Flusher>,
    /// The rest of what was being written when the kernel took no more.
    unsent: RefCell<BytesMut>,
    is_blocked: Cell<bool>,
    /// It waits for more news.
    is_patient: Cell<bool>,
    /// The closing frame is among what was taken from the outbox.
    is_last: Cell<bool>,
    /// Since when a message is not whole.
    waiting_since: Cell<Option<Duration>>,
    /// When it was first found closing while the kernel took no more.
    closing_at: Cell<Option<Instant>>,
    /// When its session wants to look after it. Units: the clock's monotonic time.
    look_at: Cell<Duration>,
    is_look_due: Cell<bool>,
    /// Wakes its session.
    waker: RefCell<Option<Waker>>,
    _counted: Option<Arc<Counted>>,
}

/// How far a flush came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// There is nothing left that could be written.
    Done,
    /// The kernel takes no more just now.
    Blocked,
}

impl Pipe {
    /// A pipe over a socket and its outbox, which calls the flusher from now on. The count is dropped with it.
    /// Errors: the runtime does not take the socket.
    pub(super) fn open(
        stream: std::net::TcpStream,
        outbox: SharedOutbox,
        flusher: Rc<Flusher>,
        counted: Option<Arc<Counted>>,
    ) -> io::Result<Rc<Self>> {
        let pipe = Rc::new(Self {
            stream: TcpStream::from_std(stream)?,
            outbox,
            flusher,
            unsent: RefCell::default(),
            is_blocked: Cell::new(false),
            is_patient: Cell::new(false),
            is_last: Cell::new(false),
            waiting_since: Cell::new(None),
            closing_at: Cell::new(None),
            look_at: Cell::new(Duration::ZERO),
            is_look_due: Cell::new(false),
            waker: RefCell::default(),
            _counted: counted,
        });
        let me: Weak<Self> = Rc::downgrade(&pipe);
        pipe.outbox.borrow_mut().on_ready(me);
        Ok(pipe)
    }

    /// Cuts the connection at once.
    pub fn cut(&self) {
        // It may be closed from the other side this very moment.
        let _ = shutdown(self.stream.as_raw_fd(), Shutdown::Both);
        self.outbox.borrow_mut().note_gone();
    }

    /// Notes when the session wants to look after it.
    pub fn look_at(&self, time: Duration) {
        self.look_at.set(time);
    }

    /// Whether the session has something to look after: its time has come, an answer did not come in time, the connection is to
    /// end or is gone, or a message is not whole.
    pub fn wants_look(&self, now: Duration) -> bool {
        let outbox = self.outbox.borrow();
        now >= self.look_at.get()
            || outbox.is_overdue(now)
            || self.waiting_since.get().is_some()
            || outbox.is_gone()
            || outbox.end_reason().is_some()
    }

    /// Has the session look after it.
    pub fn call_session(&self) {
        self.is_look_due.set(true);
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// Notes whether it waits for more news. Gives whether it did before.
    pub(super) fn set_patient(&self, is_patient: bool) -> bool {
        self.is_patient.replace(is_patient)
    }

    /// Remembers what wakes the session.
    pub(super) fn remember(&self, waker: &Waker) {
        let mut known = self.waker.borrow_mut();
        if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }

    /// Whether the session was called.
    pub(super) fn take_look(&self) -> bool {
        self.is_look_due.take()
    }

    /// Since when the peer owes the rest of a message. Units: the clock's monotonic time.
    pub fn waiting_since(&self) -> Option<Duration> {
        self.waiting_since.get()
    }

    /// Notes whether the peer owes the rest of a message; since when, the first note says.
    pub(super) fn wait_since(&self, now: Option<Duration>) {
        let since = now.map(|now| self.waiting_since.get().unwrap_or(now));
        self.waiting_since.set(since);
    }

    /// Whether it is to be closed, and has been for so long that its peer does not read any more.
    pub(super) fn is_overdue(&self) -> bool {
        // A peer that is gone one way may have left the other open, and not read.
        if !self.is_closing() && !self.outbox.borrow().is_gone() {
            return false;
        }
        let now = Instant::now();
        let since = self.closing_at.get().unwrap_or(now);
        self.closing_at.set(Some(since));
        now.saturating_duration_since(since) >= CLOSE_DEADLINE
    }

    /// Whether it is to be closed.
    pub(super) fn is_closing(&self) -> bool {
        self.outbox.borrow().end_reason().is_some()
    }

    /// Waits until the kernel takes more.
    pub(super) async fn writable(&self) {
        // An error shows at the next write.
        let _ = self.stream.writable().await;
        self.is_blocked.set(false);
    }

    /// Reads what is there by way of the thread's buffer, so that a socket keeps no more than came. `Ok(0)` is the end.
    /// Errors: the connection is broken.
    pub(super) fn poll_read(
        &self,
        context: &mut Context<'_>,
        buffer: &ReadBuffer,
        into: &mut BytesMut,
    ) -> Poll<io::Result<usize>> {
        let mut buffer = buffer.borrow_mut();
        loop {
            ready!(self.stream.poll_read_ready(context))?;
            let count = match self.stream.try_read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                result => result?,
            };
            into.extend_from_slice(buffer.get(..count).unwrap_or_default());
            if count < buffer.len() {
                // The kernel has no more: what comes later wakes us, so there is no need to ask it once more now.
                let empty = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
                let _ = self.stream.try_io(Interest::READABLE, empty);
            }
            return Poll::Ready(Ok(count));
        }
    }

    /// Writes what is queued until all is gone or the kernel takes no more.
    pub(super) fn flush(&self, scratch: &mut Scratch) -> Progress {
        if self.is_blocked.get() {
            // Somebody waits for the kernel already.
            return Progress::Done;
        }
        let mut unsent = self.unsent.borrow_mut();
        loop {
            while !unsent.is_empty() {
                match self.send(&unsent) {
                    Ok(count) => unsent.advance(count),
                    Err(error) => return self.stopped(&error),
                }
            }
            if unsent.capacity() > 0 {
                *unsent = BytesMut::new();
            }
            if self.is_last.get() {
                // The peer has all of it, and closes when it has read it.
                let _ = shutdown(self.stream.as_raw_fd(), Shutdown::Write);
                return Progress::Done;
            }
            let Some(is_last) = encode(&self.outbox, scratch) else {
                return Progress::Done;
            };
            self.is_last.set(is_last);
            let written = match self.send(&scratch.out) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                Err(error) => return self.stopped(&error),
            };
            unsent.extend_from_slice(scratch.out.get(written..).unwrap_or_default());
        }
    }

    /// Asks the kernel at once, and not the runtime first whether it may: mostly it may.
    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let sent = send(self.stream.as_raw_fd(), bytes, MsgFlags::MSG_NOSIGNAL).map_err(io::Error::from);
        if matches!(&sent, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            // The runtime learns that it is to watch for room.
            let full = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
            let _ = self.stream.try_io(Interest::WRITABLE, full);
        }
        sent
    }

    fn stopped(&self, error: &io::Error) -> Progress {
        if error.kind() == io::ErrorKind::WouldBlock {
            self.is_blocked.set(true);
            return Progress::Blocked;
        }
        self.outbox.borrow_mut().note_gone();
        Progress::Done
    }
}

impl Ready for Pipe {
    fn call(self: Rc<Self>, haste: Haste) {
        if self.is_blocked.get() {
            return;
        }
        let flusher = Rc::clone(&self.flusher);
        match haste {
            Haste::Now => flusher.call(self),
            Haste::News => flusher.call_with_news(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Incoming, Reader};
    use super::*;
    use crate::actors::outbox::Outbox;
    use crate::actors::publication::Dialect;
    use crate::actors::test_node::{TestNode, run};
    use crate::wire::Encoding;
    use bytes::Bytes;
    use futures_util::StreamExt;
    use std::io::Write;

    /// A text message of one letter, as a client masks it, with a mask of zeros.
    fn message(letter: u8) -> [u8; 7] {
        [0x81, 0x81, 0, 0, 0, 0, letter]
    }

    fn open(node: &TestNode) -> (Rc<Pipe>, SharedOutbox, std::net::TcpStream) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        let outbox: SharedOutbox = Rc::new(RefCell::new(Outbox::new(Dialect::Centrifuge(Encoding::Json))));
        let flusher = Flusher::start(node.node(), Rc::default());
        let pipe = Pipe::open(stream, Rc::clone(&outbox), flusher, None).unwrap();
        (pipe, outbox, peer)
    }

    fn reader(pipe: &Rc<Pipe>, node: &TestNode) -> Reader {
        Reader::new(
            Rc::clone(pipe),
            read_buffer(),
            BytesMut::new(),
            node.clock.clone(),
        )
    }

    fn letter(incoming: Option<Incoming>) -> Option<Bytes> {
        match incoming {
            Some(Incoming::Message(bytes, true)) => Some(bytes),
            _ => None,
        }
    }

    #[test]
    fn what_has_come_is_read_before_the_session_looks() {
        run(|node| async move {
            let (pipe, _outbox, mut peer) = open(&node);
            let mut reader = reader(&pipe, &node);
            peer.write_all(&message(b'a')).unwrap();
            pipe.stream.readable().await.unwrap();
            pipe.call_session();
            assert_eq!(letter(reader.next().await).as_deref(), Some(&b"a"[..]));
            assert!(matches!(reader.next().await, Some(Incoming::Look)));
        });
    }

    #[test]
    fn what_comes_after_a_short_read_is_read_and_so_is_the_end() {
        run(|node| async move {
            let (pipe, _outbox, mut peer) = open(&node);
            let mut reader = reader(&pipe, &node);
            for text in [b"a", b"b"] {
                peer.write_all(&message(text[0])).unwrap();
                assert_eq!(letter(reader.next().await).as_deref(), Some(&text[..]));
            }
            peer.shutdown(std::net::Shutdown::Write).unwrap();
            assert!(reader.next().await.is_none());
        });
    }

    #[test]
    fn one_waits_for_a_socket_that_takes_no_more_and_one_that_is_gone_is_cut() {
        run(|node| async move {
            let (pipe, outbox, _peer) = open(&node);
            let mut scratch = Scratch::default();
            let flush = |scratch: &mut Scratch| {
                outbox.borrow_mut().push(Bytes::from(vec![b' '; 256 * 1024]));
                pipe.flush(scratch)
            };
            let most = 1_000;
            assert!((0..most).any(|_| flush(&mut scratch) == Progress::Blocked));
            assert_eq!(flush(&mut scratch), Progress::Done, "one waits already");
            assert!(!pipe.is_overdue() && pipe.closing_at.get().is_none());
            outbox.borrow_mut().note_gone();
            assert!(!pipe.is_overdue() && pipe.closing_at.get().is_some());
        });
    }
}
