//! Own publications on the way through Redis. Where no envelope tells the node, an echo is known by its content.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::topic::Topic;

/// Echoes that are waited for; beyond it the oldest is forgotten, and would be heard twice if it still came.
const ECHOES_MAX: usize = 8_192;

/// The echoes that are still to come, oldest first.
///
/// An echo that never comes (Redis dropped it) stays until others push it out. At worst it hides one publication
/// of another node that is the same to the byte as one that was already heard here.
#[derive(Default)]
pub(super) struct Echoes {
    hasher: RandomState,
    awaited: Mutex<VecDeque<u64>>,
}

impl Echoes {
    /// Awaits the echo of a publication that is about to be sent.
    pub fn expect(&self, topic: &Topic, payload: &[u8]) {
        let mut awaited = self.locked();
        if awaited.len() >= ECHOES_MAX {
            awaited.pop_front();
        }
        awaited.push_back(self.hasher.hash_one((topic, payload)));
    }

    /// Whether this is an awaited echo, which is then awaited no longer.
    pub fn take(&self, topic: &Topic, payload: &[u8]) -> bool {
        let echo = self.hasher.hash_one((topic, payload));
        let mut awaited = self.locked();
        // Echoes come back in order, so the first one is nearly always the right one.
        match awaited.iter().position(|hash| *hash == echo) {
            Some(index) => awaited.remove(index).is_some(),
            None => false,
        }
    }

    /// Awaits nothing any more: the link was lost, and what was under way with it.
    pub fn forget(&self) {
        self.locked().clear();
    }

    fn locked(&self) -> MutexGuard<'_, VecDeque<u64>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_publication_swallows_one_echo() {
        let echoes = Echoes::default();
        echoes.expect(&Topic::Broadcast, b"x");
        echoes.expect(&Topic::Broadcast, b"x");
        assert!(!echoes.take(&Topic::Broadcast, b"y"));
        assert!(!echoes.take(&Topic::Spectator("a".into()), b"x"));
        assert!(echoes.take(&Topic::Broadcast, b"x") && echoes.take(&Topic::Broadcast, b"x"));
        assert!(!echoes.take(&Topic::Broadcast, b"x"));
    }

    #[test]
    fn echoes_are_bounded_and_forgotten() {
        let echoes = Echoes::default();
        for number in 0..=ECHOES_MAX {
            echoes.expect(&Topic::Broadcast, number.to_string().as_bytes());
        }
        assert!(!echoes.take(&Topic::Broadcast, b"0") && echoes.take(&Topic::Broadcast, b"1"));
        echoes.forget();
        assert!(!echoes.take(&Topic::Broadcast, b"2"));
    }
}
