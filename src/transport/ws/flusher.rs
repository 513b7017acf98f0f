//! Writes what the sockets of one thread have queued: all that came in a turn, in one write a socket.

use super::Answers;
use super::answers::Answer;
use super::frames::Scratch;
use super::pipe::{Pipe, Progress};
use crate::actors::hub::SharedTable;
use crate::actors::node::Node;
use crate::actors::outbox::SharedOutbox;
use crate::actors::overload::Lateness;
use crate::actors::publication::Dialect;
use crate::host::fault;
use crate::telemetry::metric;
use crate::transport::centrifuge::encode_answer;
use crate::wire::Disconnect;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Sockets written before others of the thread get a turn.
const TURN: usize = 64;
/// How often a socket that takes nothing is looked at, whether it was told to close meanwhile.
const LOOK: Duration = Duration::from_millis(500);

/// The sockets of a thread that have something to write.
pub struct Flusher {
    node: Arc<Node>,
    table: SharedTable,
    answers: Arc<Answers>,
    called: RefCell<Vec<Rc<Pipe>>>,
    /// When the first of them was called.
    called_at: Cell<Duration>,
    lateness: Lateness,
    call: Arc<Notify>,
    /// Those that have nothing but news, while the node falls behind.
    patient: RefCell<Vec<Rc<Pipe>>>,
    wait: Notify,
}

impl Flusher {
    /// Starts the flusher of this thread, whose sockets are in this table.
    pub fn start(node: &Arc<Node>, table: SharedTable) -> Rc<Self> {
        let call: Arc<Notify> = Arc::default();
        let flusher = Rc::new(Self {
            node: Arc::clone(node),
            table,
            answers: Answers::new(node.clock.clone(), Arc::clone(&call)),
            called: RefCell::default(),
            called_at: Cell::default(),
            lateness: Lateness::default(),
            call,
            patient: RefCell::default(),
            wait: Notify::new(),
        });
        actix_web::rt::spawn(Rc::clone(&flusher).run());
        actix_web::rt::spawn(Rc::clone(&flusher).run_patient());
        flusher
    }

    /// Where answers for the sockets of this thread go.
    pub fn answers(&self) -> &Arc<Answers> {
        &self.answers
    }

    /// Has a socket written soon: after the messages that this thread handles just now, so that they leave together.
    pub(super) fn call(&self, pipe: Rc<Pipe>) {
        let mut called = self.called.borrow_mut();
        called.push(pipe);
        if called.len() == 1 {
            self.called_at.set(self.node.clock.monotonic());
            self.call.notify_one();
        }
    }

    /// Has a socket written that has nothing but news: soon, or under overload after a while, unless something of more haste
    /// comes before.
    pub(super) fn call_with_news(&self, pipe: Rc<Pipe>) {
        if self.patience().is_none() {
            return self.call(pipe);
        }
        // Each waits once, however often something of more haste takes its news along meanwhile.
        if pipe.set_patient(true) {
            return;
        }
        metric::news_delayed().increment(1);
        let mut patient = self.patient.borrow_mut();
        patient.push(pipe);
        if patient.len() == 1 {
            self.wait.notify_one();
        }
    }

    fn patience(&self) -> Option<Duration> {
        self.node.overload.patience(self.node.clock.monotonic_ms())
    }

    async fn run_patient(self: Rc<Self>) {
        loop {
            self.wait.notified().await;
            // Over meanwhile, it takes no longer than a turn.
            tokio::time::sleep(self.patience().unwrap_or_default()).await;
            let waited = std::mem::take(&mut *self.patient.borrow_mut());
            for (index, pipe) in waited.into_iter().enumerate() {
                pipe.set_patient(false);
                self.call(pipe);
                if index % TURN == TURN - 1 {
                    // What has haste goes in between.
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    async fn run(self: Rc<Self>) {
        let mut scratch = Scratch::default();
        let (mut batch, mut answers) = (Vec::new(), Vec::new());
        loop {
            self.call.notified().await;
            self.queue_answers(&mut answers).await;
            std::mem::swap(&mut batch, &mut *self.called.borrow_mut());
            if batch.is_empty() {
                // The call was for answers that were queued in the turn before, or whose sockets are gone.
                continue;
            }
            let called_at = self.called_at.get();
            for (index, pipe) in batch.drain(..).enumerate() {
                if index % TURN == TURN - 1 {
                    tokio::task::yield_now().await;
                }
                match guarded("a socket could not be written", || pipe.flush(&mut scratch)) {
                    Some(Progress::Done) => {}
                    Some(Progress::Blocked) => drop(actix_web::rt::spawn(Rc::clone(&self).wait(pipe))),
                    None => {
                        scratch = Scratch::default();
                        pipe.cut();
                    }
                }
            }
            let clock = &self.node.clock;
            let waited = clock.monotonic().saturating_sub(called_at);
            let now_ms = clock.monotonic_ms();
            if self.lateness.note(waited, now_ms) {
                self.node.overload.begin(now_ms);
            }
        }
    }

    /// Puts the answers that came into the queues of their sockets.
    async fn queue_answers(&self, answers: &mut Vec<Answer>) {
        let Some(since) = self.answers.take(answers) else {
            return;
        };
        for (index, answer) in answers.drain(..).enumerate() {
            if index % TURN == TURN - 1 {
                tokio::task::yield_now().await;
            }
            // One whose socket is gone reaches nobody.
            let Some(outbox) = self.table.borrow().outbox(answer.session).cloned() else {
                continue;
            };
            if guarded("an answer could not be encoded", || queue(&outbox, answer)).is_none() {
                // Whoever asked must not wait for ever.
                outbox.borrow_mut().end(Disconnect::SERVER_ERROR);
            }
        }
        self.called_at.set(self.called_at.get().min(since));
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

/// Puts an answer into the queue of its socket, unless its asker was told already that it comes too late.
fn queue(outbox: &SharedOutbox, answer: Answer) {
    let mut outbox = outbox.borrow_mut();
    if let (Some(command), Dialect::Centrifuge(encoding)) = (outbox.keep(answer.ticket), outbox.dialect()) {
        fault::panic_if("flusher.answer", || format!("{:?}", answer.result));
        outbox.push(encode_answer(encoding, command, answer.result));
    }
}

/// Does something for one socket: its fault must not silence all others of the thread. None: it panicked.
fn guarded<T>(what_failed: &str, work: impl FnOnce() -> T) -> Option<T> {
    let done = catch_unwind(AssertUnwindSafe(work)).ok();
    if done.is_none() {
        tracing::error!("{what_failed}");
        metric::actor_restarts("flusher").increment(1);
    }
    done
}
