//! One subscriber's queue: bounded, the oldest gives way, and the subscriber is told.

use std::collections::{HashSet, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::Stream;
use futures_util::task::AtomicWaker;

use super::board::Board;
use super::{BusError, count, topic::Topic};
use crate::base::limit::CHANNELS_PER_NODE_MAX;

/// Messages that wait for one subscriber.
pub(super) const WAITING_MAX: usize = 1_024;
/// Bytes that wait for one subscriber.
const WAITING_MAX_BYTES: usize = 16 * 1024 * 1024;

/// What a subscriber hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A publication.
    Message(Topic, Bytes),
    /// Publications are missing before the next one: `missed` of them, or an unknown number because the link to
    /// Redis was lost. Read what matters from the store again.
    Gap {
        /// How many, if known.
        missed: Option<u64>,
    },
}

/// Hears publications on its topics, in order for each publishing node, until it is dropped or the bus is gone.
///
/// It is a `Stream` and needs no runtime of its own, so an actor can take it with `add_stream`.
pub struct Subscription {
    queue: Arc<Queue>,
    board: Arc<Board>,
    topics: HashSet<Topic>,
}

impl Subscription {
    pub(super) fn new(board: Arc<Board>, topic: Topic) -> Self {
        let queue = Arc::new(Queue::default());
        board.add(topic.clone(), &queue);
        let topics = HashSet::from([topic]);
        Self { queue, board, topics }
    }

    /// Listens to one more topic; nothing changes when it is one already. Errors: `TooManyTopics`.
    pub fn add(&mut self, topic: Topic) -> Result<(), BusError> {
        if self.topics.contains(&topic) {
            return Ok(());
        }
        if self.topics.len() >= CHANNELS_PER_NODE_MAX {
            return Err(BusError::TooManyTopics);
        }
        self.board.add(topic.clone(), &self.queue);
        self.topics.insert(topic);
        Ok(())
    }

    /// Listens to a topic no longer. What already waits is still heard.
    pub fn remove(&mut self, topic: &Topic) {
        if self.topics.remove(topic) {
            self.board.remove(topic, &self.queue);
        }
    }

    /// Waits for the next message or gap; none when the bus is gone and the queue is empty.
    pub async fn recv(&mut self) -> Option<Heard> {
        std::future::poll_fn(|context| self.queue.poll(context)).await
    }
}

impl Stream for Subscription {
    type Item = Heard;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Heard>> {
        self.queue.poll(context)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        for topic in &self.topics {
            self.board.remove(topic, &self.queue);
        }
    }
}

/// The messages that wait for a subscriber.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    waker: AtomicWaker,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(Topic, Bytes)>,
    waiting_bytes: usize,
    missed: u64,
    is_link_lost: bool,
    is_closed: bool,
}

impl Queue {
    pub fn push(&self, topic: Topic, payload: Bytes) {
        let mut state = self.locked();
        let mut lost = 0;
        while state.waiting.len() >= WAITING_MAX
            || state.waiting_bytes.saturating_add(payload.len()) > WAITING_MAX_BYTES
        {
            let Some((_, oldest)) = state.waiting.pop_front() else {
                break;
            };
            state.waiting_bytes = state.waiting_bytes.saturating_sub(oldest.len());
            state.missed = state.missed.saturating_add(1);
            lost += 1;
        }
        state.waiting_bytes = state.waiting_bytes.saturating_add(payload.len());
        state.waiting.push_back((topic, payload));
        drop(state);
        if lost > 0 {
            count::dropped("lagging", lost);
        }
        self.waker.wake();
    }

    pub fn mark_link_lost(&self) {
        self.locked().is_link_lost = true;
        self.waker.wake();
    }

    pub fn close(&self) {
        self.locked().is_closed = true;
        self.waker.wake();
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Heard>> {
        // Registered first, so that a push between the look and the return still wakes.
        self.waker.register(context.waker());
        let mut state = self.locked();
        if state.is_link_lost || state.missed > 0 {
            let missed = (!state.is_link_lost).then_some(state.missed);
            (state.missed, state.is_link_lost) = (0, false);
            return Poll::Ready(Some(Heard::Gap { missed }));
        }
        match state.waiting.pop_front() {
            Some((topic, payload)) => {
                state.waiting_bytes = state.waiting_bytes.saturating_sub(payload.len());
                Poll::Ready(Some(Heard::Message(topic, payload)))
            }
            None if state.is_closed => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
