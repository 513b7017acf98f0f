//! The only place that reads the machine's clocks.

mod hands;

use hands::Hands;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Wall and monotonic time; clones read the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System {
        origin: Instant,
        steady: Arc<Steady>,
    },
    Manual {
        start_ms: i64,
        hands: Arc<Hands>,
        steady: Arc<Steady>,
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
            steady: Arc::default(),
        })
    }

    /// A clock for tests that stands still at `start_ms` until it is advanced.
    #[must_use]
    pub fn manual(start_ms: i64) -> Self {
        Self(Source::Manual {
            start_ms,
            hands: Arc::default(),
            steady: Arc::default(),
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
            Source::Manual { start_ms, hands, .. } => start_ms
                .saturating_add_unsigned(hands.elapsed_ms())
                .saturating_add(hands.set_by_ms()),
        }
    }

    /// Milliseconds since 1970 UTC that never go back and never stand still: the wall clock's, and when that is set back, on from
    /// where it was. What goes by the world's time goes by this, or an hour's jump back would stop the world for an hour.
    #[must_use]
    pub fn steady_ms(&self) -> i64 {
        // The wall clock first: whoever is paused between the two must not find the wall clock ahead.
        let wall_ms = self.now_ms();
        match &self.0 {
            Source::System { steady, .. } | Source::Manual { steady, .. } => {
                steady.at(wall_ms, self.monotonic_ms())
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
            Source::System { origin, .. } => Instant::now().saturating_duration_since(*origin),
            Source::Manual { hands, .. } => Duration::from_millis(hands.elapsed_ms()),
        }
    }

    /// The monotonic time as a number, for limiters. Units: milliseconds.
    #[must_use]
    pub fn monotonic_ms(&self) -> i64 {
        whole_ms(self.monotonic())
    }

    /// Moves a manual clock and all its clones forward; the machine's clock ignores it.
    pub fn advance(&self, ms: u64) {
        if let Source::Manual { hands, .. } = &self.0 {
            hands.advance(ms);
        }
    }

    /// Sets the wall time of a manual clock and all its clones, forward or back; the machine's clock ignores it.
    pub fn set_by(&self, ms: i64) {
        if let Source::Manual { hands, steady, .. } = &self.0 {
            // What it was is known, or a clock that nobody asked before would forget it.
            steady.at(self.now_ms(), self.monotonic_ms());
            hands.set_by(ms);
        }
    }

    /// Sleeps for a while by this clock: by a manual one until it was advanced so far. The while begins now, not when the
    /// future is first polled.
    pub fn sleep(&self, delay: Duration) -> impl Future<Output = ()> + Send + use<> {
        let source = self.0.clone();
        let until_ms = match &source {
            Source::System { .. } => 0,
            Source::Manual { hands, .. } => hands.elapsed_ms().saturating_add_signed(whole_ms(delay)),
        };
        async move {
            match source {
                Source::System { .. } => tokio::time::sleep(delay).await,
                Source::Manual { hands, .. } => hands.sleep_until(until_ms).await,
            }
        }
    }

    /// Waits until at least so many sleep by this manual clock, each until a time to come; the machine's clock waits for
    /// nobody. A test that advances the clock by steps learns from it that all work of a step is done.
    pub async fn all_asleep(&self, sleepers: usize) {
        if let Source::Manual { hands, .. } = &self.0 {
            hands.all_asleep(sleepers).await;
        }
    }
}

/// How far the wall clock was ever ahead of the monotonic one. Units: milliseconds.
#[derive(Debug)]
struct Steady(AtomicI64);

impl Default for Steady {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl Steady {
    /// The steady time when the two clocks say this. Units: milliseconds.
    fn at(&self, wall_ms: i64, monotonic_ms: i64) -> i64 {
        let ahead_ms = wall_ms.saturating_sub(monotonic_ms);
        let most_ms = self.0.fetch_max(ahead_ms, Ordering::Relaxed).max(ahead_ms);
        monotonic_ms.saturating_add(most_ms)
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
    fn manual_clock_that_is_set_back_goes_on_steadily() {
        let clock = Clock::manual(1_000);
        clock.set_by(-600);
        clock.advance(5);
        assert_eq!(
            (clock.now_ms(), clock.monotonic_ms(), clock.steady_ms()),
            (405, 5, 1_005)
        );
        clock.set_by(2_000);
        assert_eq!((clock.now_ms(), clock.steady_ms()), (2_405, 2_405));
    }

    #[tokio::test]
    async fn sleepers_of_a_manual_clock_wake_when_it_was_advanced_so_far() {
        let clock = Clock::manual(0);
        let second = Duration::from_secs(1);
        clock.sleep(Duration::ZERO).await;
        let short = tokio::spawn(clock.sleep(second));
        let long = tokio::spawn(clock.sleep(second * 5));
        clock.all_asleep(2).await;
        clock.advance(999);
        assert!(!short.is_finished());
        clock.advance(1);
        short.await.unwrap();
        assert!(!long.is_finished());
        long.abort();
        assert!(long.await.unwrap_err().is_cancelled());
        let late = clock.sleep(second);
        clock.advance(1_000);
        late.await;
    }

    #[test]
    fn steady_time_follows_a_jump_forward_and_goes_on_after_one_back() {
        let steady = Steady::default();
        assert_eq!(steady.at(1_000_000, 0), 1_000_000);
        assert_eq!(steady.at(1_000_100, 100), 1_000_100);
        assert_eq!(steady.at(4_600_200, 200), 4_600_200, "an hour forward");
        assert_eq!(steady.at(1_000_300, 300), 4_600_300, "and back");
        assert_eq!(steady.at(1_000_900, 900), 4_600_900, "it does not stand still");
    }

    #[test]
    fn steady_time_is_the_wall_clocks_until_that_is_set_back() {
        let clock = Clock::system();
        let (before, steady, after) = (clock.now_ms(), clock.steady_ms(), clock.now_ms());
        // The two clocks are cut to whole milliseconds apart.
        assert!(
            (before..=after + 1).contains(&steady),
            "{before} {steady} {after}"
        );
        let manual = Clock::manual(5);
        manual.advance(2);
        assert_eq!(manual.steady_ms(), 7);
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
