//! How many messages were published at this node's channels: since it was started, and minute by minute.

use crate::base::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};

const MINUTE_MS: i64 = 60_000;

/// What was published at the channels whose home is one node, but for `system.*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Since the node was started.
    pub total: u64,
    /// In the minute of the clock that is not over.
    pub this_minute: u64,
    /// In the one before.
    pub last_minute: u64,
}

/// Counts.
#[derive(Default)]
pub(super) struct Meter(Mutex<State>);

#[derive(Default)]
struct State {
    /// Since 1970.
    minute: i64,
    published: Published,
}

impl State {
    /// Turns to the minute of now. A clock that goes back leaves the minute as it is.
    fn turn(&mut self, now: Timestamp) {
        let minute = now.0.div_euclid(MINUTE_MS);
        let passed = minute.saturating_sub(self.minute);
        if passed <= 0 {
            return;
        }
        self.published.last_minute = if passed == 1 {
            self.published.this_minute
        } else {
            0
        };
        self.published.this_minute = 0;
        self.minute = minute;
    }
}

impl Meter {
    /// Counts a message.
    pub fn count(&self, now: Timestamp) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.turn(now);
        state.published.total = state.published.total.saturating_add(1);
        state.published.this_minute = state.published.this_minute.saturating_add(1);
    }

    /// What was counted.
    pub fn read(&self, now: Timestamp) -> Published {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.turn(now);
        state.published
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_pass_and_what_was_in_them_is_forgotten_and_the_total_is_not() {
        let meter = Meter::default();
        let at = |minute: i64, ms: i64| Timestamp(minute * MINUTE_MS + ms);
        let counts = |now: Timestamp| {
            let published = meter.read(now);
            (published.total, published.this_minute, published.last_minute)
        };
        for ms in [0, 30_000, 59_999] {
            meter.count(at(100, ms));
        }
        assert_eq!(counts(at(100, 59_999)), (3, 3, 0));
        assert_eq!(counts(at(101, 0)), (3, 0, 3));
        meter.count(at(101, 5));
        // Set back: it is the same minute until the clock has caught up.
        meter.count(at(99, 0));
        assert_eq!(counts(at(101, 59_999)), (5, 2, 3));
        assert_eq!(counts(at(102, 0)), (5, 0, 2));
        assert_eq!(counts(at(109, 0)), (5, 0, 0));
    }
}
