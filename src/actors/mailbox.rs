//! Seats: bounded mailboxes. `tell`, `hand` and `ask`, and for the server's own orders `order` and `demand`, are the only ways to
//! send a message to an actor.

use super::watch::{Parcel, Role, Watched};
use crate::domain::refusal::Refusal;
use crate::host::fault;
use crate::telemetry::metric;
use actix::Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Where an answer goes. Dropping it unanswered (a panic, a restart) tells the asker `unavailable`.
pub struct Reply<T>(Option<Way<T>>);

/// How an answer goes there.
enum Way<T> {
    /// Somebody awaits it.
    Waiter(oneshot::Sender<Result<T, Refusal>>),
    /// It is handed to this, on the thread of whoever answers.
    Taker(Box<dyn FnOnce(Result<T, Refusal>) + Send>),
}

/// What an asker awaits; closed without an answer it reads as `unavailable`.
pub type Answer<T> = oneshot::Receiver<Result<T, Refusal>>;

impl<T> Reply<T> {
    /// A reply that is awaited.
    pub fn awaited() -> (Self, Answer<T>) {
        let (sender, answer) = oneshot::channel();
        (Self(Some(Way::Waiter(sender))), answer)
    }

    /// A reply that is handed to this, which must neither block nor panic.
    pub fn taken_by(taker: impl FnOnce(Result<T, Refusal>) + Send + 'static) -> Self {
        Self(Some(Way::Taker(Box::new(taker))))
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        // A waiter sees that its channel closes.
        if let Some(Way::Taker(taker)) = self.0.take() {
            taker(Err(Refusal::unavailable()));
        }
    }
}

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
        self.admit().map(|permit| self.post(message, permit))
    }

    /// Sends what carries a reply, without waiting. What `tell` would refuse with, the reply says.
    pub fn hand<T>(&self, reply: Reply<T>, message: impl FnOnce(Reply<T>) -> R::Message) {
        match self.admit() {
            Ok(permit) => self.post(message(reply), permit),
            Err(refusal) => answer(reply, Err(refusal)),
        }
    }

    fn admit(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let permits = if fault::is_mutant("raw_do_send") {
            Arc::new(Semaphore::new(1))
        } else {
            Arc::clone(&self.permits)
        };
        let Ok(permit) = permits.try_acquire_owned() else {
            metric::mailbox_full(R::NAME).increment(1);
            return Err(Refusal::busy());
        };
        if self.address.connected() {
            Ok(permit)
        } else {
            Err(Refusal::unavailable())
        }
    }

    fn post(&self, message: R::Message, permit: OwnedSemaphorePermit) {
        #[expect(
            clippy::disallowed_methods,
            reason = "the permit is the bound that do_send lacks"
        )]
        self.address.do_send(Parcel::new(message, Some(permit)));
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
        let (reply, answer) = Reply::awaited();
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
        let (reply, answer) = Reply::awaited();
        self.tell(message(reply))?;
        wait(deadline, answer).await
    }
}

/// Waits for an answer until a deadline. Errors: as `Seat::ask`.
pub async fn wait<T>(deadline: Duration, answer: Answer<T>) -> Result<T, Refusal> {
    match tokio::time::timeout(deadline, answer).await {
        Ok(Ok(result)) => result,
        Ok(Err(_gone)) => Err(Refusal::unavailable()),
        Err(_elapsed) => Err(Refusal::no_answer()),
    }
}

/// Answers; an asker that went away loses the answer, which is its own affair.
pub fn answer<T>(mut reply: Reply<T>, result: Result<T, Refusal>) {
    match reply.0.take() {
        // A dropped receiver means that nobody waits any more.
        Some(Way::Waiter(waiter)) => drop(waiter.send(result)),
        Some(Way::Taker(taker)) => taker(result),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::refusal::Code;
    use std::sync::mpsc;

    /// An actor that does nothing with what it is told.
    struct Idle;

    impl Role for Idle {
        type Message = ();
        const NAME: &'static str = "idle";
        const CAPACITY: usize = 3;
        fn begin(&mut self, _: &mut super::super::watch::Stage<Self>) {}
        fn forget(&mut self) {}
        fn take(&mut self, (): (), _: &mut super::super::watch::Stage<Self>) {}
    }

    #[test]
    fn a_full_mailbox_refuses() {
        actix::System::new().block_on(async {
            let seat = super::super::watch::start_here(&Arc::default(), Idle);
            // This thread is busy here, so the actor takes none of them yet.
            let told: Vec<bool> = (0..5).map(|_| seat.tell(()).is_ok()).collect();
            assert_eq!(told, [true, true, true, false, false]);
        });
    }

    #[test]
    fn a_taker_is_told_once_and_of_a_reply_that_got_lost_too() {
        let (told, heard) = mpsc::channel();
        let reply = || {
            let told = told.clone();
            Reply::<u8>::taken_by(move |result| told.send(result.map_err(|refusal| refusal.code)).unwrap())
        };
        answer(reply(), Ok(7));
        answer(reply(), Err(Refusal::busy()));
        drop(reply());
        drop(told);
        let all: Vec<_> = heard.iter().collect();
        assert_eq!(all, [Ok(7), Err(Code::Busy), Err(Code::Unavailable)]);
    }
}
