//! Writes what the sockets of one thread have queued: all that came in a turn, in one write a socket.

use super::frames::Scratch;
use super::pipe::{Pipe, Progress};
use crate::telemetry::metric;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;

/// Sockets written before others of the thread get a turn.
const TURN: usize = 64;
/// How often a socket that takes nothing is looked at, whether it was told to close meanwhile.
const LOOK: Duration = Duration::from_millis(500);

/// The sockets of a thread that have something to write.
#[derive(Default)]
pub struct Flusher {
    called: RefCell<Vec<Rc<Pipe>>>,
    call: Notify,
}

impl Flusher {
    /// Starts the flusher of this thread.
    pub fn start() -> Rc<Self> {
        let flusher = Rc::new(Self::default());
        actix_web::rt::spawn(Rc::clone(&flusher).run());
        flusher
    }

    /// Has a socket written soon: after the messages that this thread handles just now, so that they leave together.
    pub(super) fn call(&self, pipe: Rc<Pipe>) {
        let mut called = self.called.borrow_mut();
        called.push(pipe);
        if called.len() == 1 {
            self.call.notify_one();
        }
    }

    async fn run(self: Rc<Self>) {
        let mut scratch = Scratch::default();
        let mut batch = Vec::new();
        loop {
            self.call.notified().await;
            std::mem::swap(&mut batch, &mut *self.called.borrow_mut());
            for (index, pipe) in batch.drain(..).enumerate() {
                if index % TURN == TURN - 1 {
                    tokio::task::yield_now().await;
                }
                match catch_unwind(AssertUnwindSafe(|| pipe.flush(&mut scratch))) {
                    Ok(Progress::Done) => {}
                    Ok(Progress::Blocked) => drop(actix_web::rt::spawn(Rc::clone(&self).wait(pipe))),
                    // One socket's fault must not silence all others of the thread.
                    Err(_panic) => {
                        tracing::error!("a socket could not be written");
                        metric::actor_restarts("flusher").increment(1);
                        scratch = Scratch::default();
                        pipe.cut();
                    }
                }
            }
        }
    }

    /// Waits until a peer reads again. One that is to close and does not read is cut.
    async fn wait(self: Rc<Self>, pipe: Rc<Pipe>) {
        while !pipe.is_overdue() {
            if tokio::time::timeout(LOOK, pipe.writable()).await.is_ok() {
                return self.call(pipe);
            }
        }
        pipe.cut();
    }
}
