//! Seats: bounded mailboxes. `tell` and `ask` are the only ways to send a message to an actor.

use super::watch::{Parcel, Role, Watched};
use crate::domain::refusal::{Code, Refusal};
use crate::telemetry::metric;
use actix::Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};

/// Where an answer goes. Dropping it unanswered (a panic, a restart) tells the asker `unavailable`.
pub type Reply<T> = oneshot::Sender<Result<T, Refusal>>;

/// An actor's address with a bound on the messages under way to it.
pub struct Seat<R: Role> {
    address: Addr<Watched<R>>,
    permits: Arc<Semaphore>,
}

impl<R: Role> Clone for Seat<R> {
    fn clone(&self) -> Self {
        Self {
            address: self.address.clone(),
            permits: Arc::clone(&self.permits),
        }
    }
}

impl<R: Role> Seat<R> {
    /// The seat of an actor that was just started. All clones share its permits.
    pub fn new(address: Addr<Watched<R>>) -> Self {
        Self {
            address,
            permits: Arc::new(Semaphore::new(R::CAPACITY)),
        }
    }

    /// Whether the actor is still there.
    pub fn is_open(&self) -> bool {
        self.address.connected()
    }

    /// Whether both are seats of the same actor.
    pub fn is_same(&self, other: &Self) -> bool {
        self.address == other.address
    }

    /// Sends without waiting. Errors: `busy` when the mailbox is full, `unavailable` when the actor is gone.
    pub fn tell(&self, message: R::Message) -> Result<(), Refusal> {
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            metric::mailbox_full(R::NAME).increment(1);
            return Err(Refusal::busy());
        };
        if !self.address.connected() {
            return Err(Refusal::unavailable());
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "the permit is the bound that do_send lacks"
        )]
        self.address.do_send(Parcel::new(message, Some(permit)));
        Ok(())
    }

    /// Sends past the bound. Only for the server's own orders, whose number is bounded elsewhere (one a commit or a tick).
    pub fn order(&self, message: R::Message) {
        #[expect(
            clippy::disallowed_methods,
            reason = "bounded by the caller, see the doc comment"
        )]
        self.address.do_send(Parcel::new(message, None));
    }

    /// Sends past the bound and waits for the answer: as `order`. Errors: as `ask`, but never `busy`.
    pub async fn demand<T>(
        &self,
        deadline: Duration,
        message: impl FnOnce(Reply<T>) -> R::Message,
    ) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.order(message(reply));
        wait(deadline, answer).await
    }

    /// Sends and waits for the answer.
    /// Errors: what the actor refuses; `busy` when its mailbox is full; `timeout`; `unavailable` when it failed on the way.
    pub async fn ask<T>(
        &self,
        deadline: Duration,
        message: impl FnOnce(Reply<T>) -> R::Message,
    ) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.tell(message(reply))?;
        wait(deadline, answer).await
    }
}

/// Waits for an answer until a deadline. Errors: as `Seat::ask`.
pub async fn wait<T>(
    deadline: Duration,
    answer: oneshot::Receiver<Result<T, Refusal>>,
) -> Result<T, Refusal> {
    match tokio::time::timeout(deadline, answer).await {
        Ok(Ok(result)) => result,
        Ok(Err(_gone)) => Err(Refusal::unavailable()),
        Err(_elapsed) => Err(Refusal::new(Code::Timeout, "no answer in time").retry_after(1_000)),
    }
}

/// Answers; an asker that went away loses the answer, which is its own affair.
pub fn answer<T>(reply: Reply<T>, result: Result<T, Refusal>) {
    // A dropped receiver means that nobody waits any more.
    let _ = reply.send(result);
}
