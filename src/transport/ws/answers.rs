//! Answers to actions on their way to the sockets of one thread, from whatever thread they were made on: they wake its
//! flusher, which is about to write anyway, and no session.

use crate::actors::request::Receipt;
use crate::base::id::SessionId;
use crate::domain::refusal::Refusal;
use crate::host::clock::Clock;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// An answer that was promised to a socket.
pub(super) struct Answer {
    pub(super) session: SessionId,
    pub(super) ticket: u32,
    pub(super) result: Result<Receipt, Refusal>,
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
    pub fn send(&self, session: SessionId, ticket: u32, result: Result<Receipt, Refusal>) {
        let mut waiting = self.locked();
        waiting.answers.push(Answer {
            session,
            ticket,
            result,
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

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn the_first_that_comes_calls_and_says_since_when() {
        let (clock, call) = (Clock::manual(0), Arc::new(Notify::new()));
        let (answers, mut taken) = (Answers::new(clock.clone(), Arc::clone(&call)), Vec::new());
        let is_called = || call.notified().now_or_never().is_some();
        let send = |ticket| answers.send(SessionId(uuid::Uuid::from_u128(1)), ticket, Err(Refusal::busy()));
        assert_eq!((answers.take(&mut taken), is_called()), (None, false));
        for ticket in [3, 1, 2] {
            clock.advance(10);
            send(ticket);
        }
        assert_eq!((is_called(), is_called()), (true, false));
        assert_eq!(answers.take(&mut taken), Some(Duration::from_millis(10)));
        assert_eq!(
            taken.iter().map(|answer| answer.ticket).collect::<Vec<_>>(),
            [3, 1, 2]
        );
        taken.clear();
        send(4);
        assert!(is_called(), "the first again");
    }
}
