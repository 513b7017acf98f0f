//! The bus inside one process.

use std::sync::Arc;

use bytes::Bytes;

use super::board::Board;
use super::subscription::Subscription;
use super::topic::Topic;

/// A bus that nobody outside the process hears.
#[derive(Clone)]
pub struct LocalBus(Arc<Owned>);

struct Owned(Arc<Board>);

impl Drop for Owned {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl LocalBus {
    pub(super) fn new() -> Self {
        Self(Arc::new(Owned(Arc::default())))
    }

    pub(super) fn publish(&self, topic: &Topic, payload: &Bytes) {
        self.0.0.deliver(topic, payload);
    }

    pub(super) fn subscribe(&self, topic: Topic) -> Subscription {
        Subscription::new(Arc::clone(&self.0.0), topic)
    }
}
