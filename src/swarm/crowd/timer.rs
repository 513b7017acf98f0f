//! What is due when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Something to do at a time. Members are meant by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A member acts. `base` keeps its rhythm, `due` is when it acts in fact.
    Act {
        /// Who.
        number: usize,
        /// The beat.
        base: Duration,
        /// The moment.
        due: Duration,
    },
    /// A member tries to join again.
    Join(usize),
    /// A member goes to its place again.
    Place {
        /// Who.
        number: usize,
        /// On which socket, counted.
        attempt: u32,
    },
    /// A member should have joined by now.
    Deadline {
        /// Who.
        number: usize,
        /// On which socket, counted.
        attempt: u32,
    },
}

/// Timers, soonest first.
#[derive(Default)]
pub struct Timers(BinaryHeap<Reverse<(Duration, Timer)>>);

impl Timers {
    /// Sets a timer.
    pub fn set(&mut self, at: Duration, timer: Timer) {
        self.0.push(Reverse((at, timer)));
    }

    /// Takes the next timer that is due.
    pub fn due(&mut self, now: Duration) -> Option<Timer> {
        if self.next_at()? > now {
            return None;
        }
        self.0.pop().map(|Reverse((_, timer))| timer)
    }

    /// When the next timer is due.
    pub fn next_at(&self) -> Option<Duration> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_come_in_order_and_not_early() {
        let mut timers = Timers::default();
        let at = Duration::from_millis;
        timers.set(at(20), Timer::Join(2));
        timers.set(at(10), Timer::Join(1));
        assert_eq!((timers.next_at(), timers.due(at(9))), (Some(at(10)), None));
        assert_eq!(timers.due(at(30)), Some(Timer::Join(1)));
        assert_eq!(timers.due(at(30)), Some(Timer::Join(2)));
        assert_eq!(timers.due(at(30)), None);
    }
}
