//! Threads that run many small tasks: one that is woken again and again for next to nothing rests a moment before it waits, so
//! that what comes meanwhile is done together. The same is known as interrupt moderation.

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

/// A turn that took longer than this had enough to do; no rest follows it.
const SHORT_TURN: Duration = Duration::from_micros(300);
/// How long a rest is: the most that it delays.
const REST: Duration = Duration::from_millis(1);
/// How long the work of a thread is summed before it is judged.
const WINDOW: Duration = Duration::from_millis(50);
/// From this share of a window on a thread is busy: one part in so many.
const BUSY_PART: u32 = 5;

/// A runtime of one thread that moderates its wake-ups.
/// Errors: as tokio's.
pub fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .on_thread_park(|| PACE.with(before_wait))
        .on_thread_unpark(|| PACE.with(|pace| pace.woke_at.set(Some(now()))))
        .build()
}

thread_local! {
    static PACE: Pace = const { Pace::new() };
}

/// How a thread's time goes.
struct Pace {
    woke_at: Cell<Option<Instant>>,
    window_at: Cell<Option<Instant>>,
    worked: Cell<Duration>,
    is_busy: Cell<bool>,
}

impl Pace {
    const fn new() -> Self {
        Self {
            woke_at: Cell::new(None),
            window_at: Cell::new(None),
            worked: Cell::new(Duration::ZERO),
            is_busy: Cell::new(false),
        }
    }

    /// Notes a turn. Whether a rest is due.
    fn note(&self, now: Instant) -> bool {
        let turn = self
            .woke_at
            .get()
            .map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        let worked = self.worked.get().saturating_add(turn);
        let window_at = self.window_at.get().unwrap_or(now);
        let length = now.saturating_duration_since(window_at);
        if length < WINDOW {
            self.window_at.set(Some(window_at));
            self.worked.set(worked);
        } else {
            self.is_busy.set(worked.saturating_mul(BUSY_PART) >= length);
            self.window_at.set(Some(now));
            self.worked.set(Duration::ZERO);
        }
        self.is_busy.get() && turn < SHORT_TURN
    }
}

fn before_wait(pace: &Pace) {
    if pace.note(now()) {
        #[expect(
            clippy::disallowed_methods,
            reason = "nothing is waited for: the time itself gathers work"
        )]
        std::thread::sleep(REST);
    }
}

#[expect(clippy::disallowed_methods, reason = "measures this thread, not the world")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_rests_only_when_it_is_busy_and_only_after_short_turns() {
        let (pace, start) = (Pace::new(), now());
        let millis = |count: u64| start + Duration::from_millis(count);
        let turn = |from: u64, micros: u64| {
            pace.woke_at.set(Some(millis(from)));
            pace.note(millis(from) + Duration::from_micros(micros))
        };
        // One short turn in ten milliseconds is next to nothing.
        assert!((0..20).all(|count| !turn(count * 10, 200)));
        // Half of the time is much; what is known of it comes after a window.
        let rests: Vec<bool> = (1_000..1_200).map(|at| turn(at, 250)).collect();
        assert_eq!(rests.last(), Some(&true));
        assert!(!turn(1_200, 700), "it had enough to do");
    }
}
