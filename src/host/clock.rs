//! The only place that reads the machine's clocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Wall and monotonic time; clones read the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System {
        origin: Instant,
    },
    Manual {
        start_ms: i64,
        elapsed_ms: Arc<AtomicU64>,
    },
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the monotonic clock"
    )]
    pub fn system() -> Self {
        Self(Source::System {
            origin: Instant::now(),
        })
    }

    /// A clock for tests that stands still at `start_ms` until it is advanced.
    #[must_use]
    pub fn manual(start_ms: i64) -> Self {
        Self(Source::Manual {
            start_ms,
            elapsed_ms: Arc::default(),
        })
    }

    /// Milliseconds since 1970 UTC. May go back when the machine's clock is set.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the wall clock"
    )]
    pub fn now_ms(&self) -> i64 {
        match &self.0 {
            Source::System { .. } => match SystemTime::now().duration_since(UNIX_EPOCH) {
                Ok(since) => whole_ms(since),
                Err(before) => whole_ms(before.duration()).saturating_neg(),
            },
            Source::Manual { start_ms, elapsed_ms } => {
                start_ms.saturating_add_unsigned(elapsed_ms.load(Ordering::SeqCst))
            }
        }
    }

    /// Time since this clock was made; never goes back.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the monotonic clock"
    )]
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            Source::System { origin } => Instant::now().saturating_duration_since(*origin),
            Source::Manual { elapsed_ms, .. } => Duration::from_millis(elapsed_ms.load(Ordering::SeqCst)),
        }
    }

    /// The monotonic time as a number, for limiters. Units: milliseconds.
    #[must_use]
    pub fn monotonic_ms(&self) -> i64 {
        whole_ms(self.monotonic())
    }

    /// Moves a manual clock and all its clones forward; the machine's clock ignores it.
    pub fn advance(&self, ms: u64) {
        if let Source::Manual { elapsed_ms, .. } = &self.0 {
            elapsed_ms.fetch_add(ms, Ordering::SeqCst);
        }
    }
}

fn whole_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manual_clock_moves_only_when_advanced_and_takes_its_clones_along() {
        let clock = Clock::manual(1_000);
        let clone = clock.clone();
        assert_eq!((clone.now_ms(), clone.monotonic()), (1_000, Duration::ZERO));
        clock.advance(250);
        assert_eq!((clone.now_ms(), clone.monotonic_ms()), (1_250, 250));
    }

    #[test]
    fn system_clock_is_after_2024_and_does_not_go_back() {
        let clock = Clock::system();
        assert!(clock.now_ms() > 1_704_067_200_000);
        let first = clock.monotonic();
        clock.advance(1_000_000);
        assert!(clock.monotonic() >= first);
        assert!(
            clock.monotonic() < Duration::from_secs(900),
            "the machine's clock ignores advance"
        );
    }
}
