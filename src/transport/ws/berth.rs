//! Where sockets go after their handshake: to the threads that shards run on, so that what an agent does and sees need not go
//! from thread to thread.

use super::accept::Taken;
use super::pipe::read_buffer;
use super::{Flusher, Worker};
use crate::actors::directory::Hub;
use crate::actors::hub::{HubActor, HubTable};
use crate::actors::node::Node;
use crate::actors::watch;
use actix_rt::ArbiterHandle;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc;

/// Sockets under way to a thread; the handshakes of more wait.
const ARRIVALS_MAX: usize = 1_024;

/// A socket under way to its thread, and what begins its session there.
pub(super) struct Arrival {
    pub(super) taken: Taken,
    pub(super) begin: Begin,
}

/// Begins a session on its thread.
pub(super) type Begin = Box<dyn FnOnce(Taken, &Rc<Worker>) + Send>;

/// A thread's door for sockets. Cheap to clone.
#[derive(Clone)]
pub struct Berth(mpsc::Sender<Arrival>);

impl Berth {
    /// Gives a thread its hub and its flusher, and lets sockets come.
    pub fn open(node: &Arc<Node>, thread: &ArbiterHandle) -> Self {
        let (sender, arrivals) = mpsc::channel(ARRIVALS_MAX);
        let node = Arc::clone(node);
        // A thread that is gone already takes no socket: the channel is closed.
        thread.spawn_fn(move || {
            let worker = worker(&node);
            actix_rt::spawn(receive(arrivals, worker));
        });
        Self(sender)
    }

    /// Hands a socket over. One whose thread has ended is dropped.
    pub(super) async fn take(&self, arrival: Arrival) {
        // The node stops; its peer finds another.
        let _ = self.0.send(arrival).await;
    }
}

fn worker(node: &Arc<Node>) -> Rc<Worker> {
    let table = Rc::new(RefCell::new(HubTable::default()));
    let here = HubActor::Here {
        table: Rc::clone(&table),
        homes: Arc::clone(&node.homes),
    };
    let seat = watch::start_here(&node.quarantine, here);
    let hub = Hub::new(seat, None);
    Rc::new(Worker {
        flusher: Flusher::start(node, Rc::clone(&table)),
        table,
        hub: node.directory.put_hub(hub),
        inbound: read_buffer(),
        watched: RefCell::default(),
    })
}

async fn receive(mut arrivals: mpsc::Receiver<Arrival>, worker: Rc<Worker>) {
    while let Some(Arrival { taken, begin }) = arrivals.recv().await {
        let worker = Rc::clone(&worker);
        // In a task of its own: one that fails must not shut the door.
        actix_rt::spawn(async move { begin(taken, &worker) });
    }
}

/// The doors of all threads.
pub struct Berths {
    berths: Vec<Berth>,
    next: AtomicUsize,
}

impl Berths {
    /// These, in turn.
    pub fn new(berths: Vec<Berth>) -> Self {
        let next = AtomicUsize::new(0);
        Self { berths, next }
    }

    /// Where the next socket goes. None: there is no thread.
    pub fn next(&self) -> Option<&Berth> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.berths.get(turn.checked_rem(self.berths.len())?)
    }
}
