//! Who listens to what inside this process.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use super::subscription::Queue;
use super::topic::Topic;

/// Changed topics that are remembered one by one; beyond it all count as changed.
const CHANGES_MAX: usize = 4_096;

/// The subscribers of every topic.
#[derive(Default)]
pub(super) struct Board {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    listeners: HashMap<Topic, Vec<Arc<Queue>>>,
    changes: Changes,
    is_closed: bool,
}

/// Topics that gained their first or lost their last listener since someone last looked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Changes {
    These(HashSet<Topic>),
    Any,
}

impl Default for Changes {
    fn default() -> Self {
        Self::These(HashSet::new())
    }
}

impl Changes {
    fn note(&mut self, topic: Topic) {
        if let Self::These(topics) = self {
            topics.insert(topic);
            if topics.len() > CHANGES_MAX {
                *self = Self::Any;
            }
        }
    }
}

impl Board {
    pub fn add(&self, topic: Topic, queue: &Arc<Queue>) {
        let mut state = self.locked();
        if state.is_closed {
            queue.close();
        }
        let listeners = state.listeners.entry(topic.clone()).or_default();
        listeners.push(Arc::clone(queue));
        if listeners.len() == 1 {
            state.changes.note(topic);
            drop(state);
            self.changed.notify_one();
        }
    }

    pub fn remove(&self, topic: &Topic, queue: &Arc<Queue>) {
        let mut state = self.locked();
        let Some(listeners) = state.listeners.get_mut(topic) else {
            return;
        };
        listeners.retain(|listener| !Arc::ptr_eq(listener, queue));
        if listeners.is_empty() {
            state.listeners.remove(topic);
            state.changes.note(topic.clone());
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Hands a publication to every listener; whether there was one.
    pub fn deliver(&self, topic: &Topic, payload: &Bytes) -> bool {
        let state = self.locked();
        let Some(listeners) = state.listeners.get(topic) else {
            return false;
        };
        for listener in listeners {
            listener.push(topic.clone(), payload.clone());
        }
        true
    }

    /// Tells every listener that publications may be missing.
    pub fn mark_link_lost(&self) {
        for listener in self.locked().listeners.values().flatten() {
            listener.mark_link_lost();
        }
    }

    /// Ends all subscriptions, now and later.
    pub fn close(&self) {
        let mut state = self.locked();
        state.is_closed = true;
        for listener in state.listeners.values().flatten() {
            listener.close();
        }
    }

    /// Waits until the set of topics has changed since this was last awaited.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    pub fn take_changes(&self) -> Changes {
        std::mem::take(&mut self.locked().changes)
    }

    pub fn topics(&self) -> HashSet<Topic> {
        self.locked().listeners.keys().cloned().collect()
    }

    pub fn has(&self, topic: &Topic) -> bool {
        self.locked().listeners.contains_key(topic)
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_name_topics_until_there_are_too_many() {
        let board = Board::default();
        let queue = Arc::new(Queue::default());
        board.add(Topic::Control, &queue);
        assert_eq!(
            board.take_changes(),
            Changes::These(HashSet::from([Topic::Control]))
        );
        assert_eq!(board.take_changes(), Changes::default());
        for number in 0..=CHANGES_MAX {
            let topic = Topic::Channel(number.to_string());
            board.add(topic.clone(), &queue);
            board.remove(&topic, &queue);
        }
        assert_eq!(board.take_changes(), Changes::Any);
        assert_eq!(board.topics(), HashSet::from([Topic::Control]));
    }
}
