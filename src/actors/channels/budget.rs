//! What all histories of a node weigh together, and which was idle the longest.

use crate::telemetry::metric;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// When a channel was last published to, among all channels of the node. The default: never, or its history was evicted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn(u64);

/// The bound on the weight of all histories of a node.
///
/// It is locked while a channel is, and never the other way round.
pub(super) struct Budget {
    max_bytes: usize,
    ledger: Mutex<Ledger>,
}

/// Invariant: `bytes` is the sum of the weights.
#[derive(Default)]
struct Ledger {
    bytes: usize,
    latest: u64,
    by_turn: BTreeMap<Turn, (Arc<str>, usize)>,
}

impl Budget {
    pub fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            ledger: Mutex::default(),
        }
    }

    /// A channel was published to and weighs so much now: it gets the latest turn.
    pub fn published(&self, name: &Arc<str>, last: Turn, weight: usize) -> Turn {
        let mut ledger = self.lock();
        ledger.remove(last);
        ledger.latest = ledger.latest.saturating_add(1);
        let turn = Turn(ledger.latest);
        ledger.by_turn.insert(turn, (Arc::clone(name), weight));
        ledger.bytes = ledger.bytes.saturating_add(weight);
        ledger.show();
        turn
    }

    /// A channel weighs so much now, without having been published to.
    pub fn resize(&self, turn: Turn, weight: usize) {
        let mut ledger = self.lock();
        if let Some((name, _)) = ledger.remove(turn).filter(|_| weight > 0) {
            ledger.by_turn.insert(turn, (name, weight));
            ledger.bytes = ledger.bytes.saturating_add(weight);
        }
        ledger.show();
    }

    /// The history that must go because all together weigh too much: the one that was idle the longest. From now on it counts
    /// for nothing.
    pub fn evict(&self) -> Option<(Arc<str>, Turn)> {
        let mut ledger = self.lock();
        if ledger.bytes <= self.max_bytes {
            return None;
        }
        let turn = *ledger.by_turn.first_key_value()?.0;
        let (name, _) = ledger.remove(turn)?;
        ledger.show();
        Some((name, turn))
    }

    /// What all histories weigh. Units: bytes.
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    fn remove(&mut self, turn: Turn) -> Option<(Arc<str>, usize)> {
        let row = self.by_turn.remove(&turn)?;
        self.bytes = self.bytes.saturating_sub(row.1);
        Some(row)
    }

    fn show(&self) {
        metric::channel_history_bytes().set(f64::from(u32::try_from(self.bytes).unwrap_or(u32::MAX)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_idle_the_longest_goes_first_until_the_rest_fits() {
        let budget = Budget::new(100);
        let publish = |name: &str, last, weight| budget.published(&name.into(), last, weight);
        let a = publish("a", Turn::default(), 40);
        let b = publish("b", Turn::default(), 60);
        assert_eq!((budget.bytes(), budget.evict()), (100, None));
        let a = publish("a", a, 50);
        let c = publish("c", Turn::default(), 30);
        assert!(b < a && a < c);
        assert_eq!(budget.bytes(), 140);
        assert_eq!(budget.evict(), Some(("b".into(), b)));
        assert_eq!((budget.bytes(), budget.evict()), (80, None));
        let b = publish("b", b, 10);
        budget.resize(a, 90);
        assert_eq!(
            budget.evict(),
            Some(("a".into(), a)),
            "a resize is no publication"
        );
        budget.resize(a, 5);
        budget.resize(c, 0);
        assert_eq!(budget.bytes(), 10, "what was evicted counts for nothing");
        budget.resize(b, 20);
        assert_eq!(budget.bytes(), 20);
    }
}
