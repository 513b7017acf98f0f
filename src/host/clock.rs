//! The only place that reads the machine's clocks.

mod hands;

use hands::Hands;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Wall and monotonic time; clones read the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System { origin: Instant },
    Manual { start_ms: i64, hands: Arc<Hands> },
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
            hands: Arc::default(),
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
            Source::Manual { start_ms, hands } => start_ms.saturating_add_unsigned(hands.elapsed_ms()),
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
