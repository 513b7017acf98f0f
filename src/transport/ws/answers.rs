//! Answers on their way to the sockets of one thread, from whatever thread they were made on: they wake its flusher, which is
//! about to write anyway, and no session.

use crate::base::id::SessionId;
use crate::host::clock::Clock;
use bytes::Bytes;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// An answer that was promised to a socket.
pub(super) struct Answer {
    pub(super) session: SessionId,
    pub(super) ticket: u32,
    pub(super) piece: Bytes,
}

/// The answers for one thread. Their number is bounded by what sockets may ask at a time.
pub struct Answers {
    clock: Clock,
    call: Arc<Notify>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    answers: Vec<Answer>,
    /// When the first of them came. Units: the clock's monotonic time.
    since: Duration,
}

impl Answers {
    /// None yet; the first that comes calls.
    pub(super) fn new(clock: Clock, call: Arc<Notify>) -> Arc<Self> {
        let waiting = Mutex::default();
        Arc::new(Self { clock, call, waiting })
    }

    /// Sends what was promised to a socket under this ticket.
    pub fn send(&self, session: SessionId, ticket: u32, piece: Bytes) {
        let mut waiting = self.locked();
        waiting.answers.push(Answer {
            session,
            ticket,
            piece,
        });
        if waiting.answers.len() == 1 {
            waiting.since = self.clock.monotonic();
            drop(waiting);
            self.call.notify_one();
        }
    }

    /// Takes all that came, into an empty list. When the first of them came; none when there is none.
    pub(super) fn take(&self, into: &mut Vec<Answer>) -> Option<Duration> {
        let mut waiting = self.locked();
        std::mem::swap(into, &mut waiting.answers);
        (!into.is_empty()).then_some(waiting.since)
    }

    fn locked(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
