//! Overload: when sockets wait too long for their turn, shards tick less often, new sockets open one after the other and what is
//! around is told as of the last tick, so that what must be answered is answered.

use crate::host::fault;
use crate::telemetry::metric;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

/// A tick's frames that waited longer for their hub are late.
const LATE: Duration = Duration::from_millis(50);
/// The period of ticks under overload, at the least.
const STRETCHED: Duration = Duration::from_millis(200);
/// How long it lasts after the last sign of it; twice as long each time it comes back soon, because what was spared meanwhile is
/// what was too much. Units: milliseconds.
const LASTS_MS: i64 = 10_000;
const LASTS_MAX_MS: i64 = 300_000;
/// Soon. Units: milliseconds.
const SOON_MS: i64 = 60_000;
/// Late frames count two, punctual ones take one back; from so many on the node is overloaded.
const SCORE_ON: u32 = 40;

/// Whether this node falls behind.
#[derive(Debug, Default)]
pub struct Overload {
    score: AtomicU32,
    /// Until when ticks are stretched, by the monotonic clock. Units: milliseconds.
    until_ms: AtomicI64,
    /// How long it lasts this time. Units: milliseconds.
    lasts_ms: AtomicI64,
}

impl Overload {
    /// Notes how long a tick's frames waited for a hub.
    pub fn note(&self, waited: Duration, now_ms: i64) {
        let change = |score: u32| {
            Some(if waited > LATE {
                score.saturating_add(2).min(SCORE_ON)
            } else {
                score.saturating_sub(1)
            })
        };
        // The update never fails: `change` always gives a value.
        let before = self
            .score
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change)
            .unwrap_or_default();
        if waited > LATE && before.saturating_add(2) >= SCORE_ON {
            let until = self.until_ms.load(Ordering::Relaxed);
            let lasts = self.lasts(now_ms, until);
            self.lasts_ms.store(lasts, Ordering::Relaxed);
            self.until_ms
                .store(now_ms.saturating_add(lasts), Ordering::Relaxed);
            if until < now_ms {
                metric::overloads().increment(1);
                tracing::warn!(
                    "this node falls behind: ticks are stretched and new sockets wait for a while"
                );
            }
        }
    }

    /// How long it lasts from now on, when it was to last until then.
    fn lasts(&self, now_ms: i64, until_ms: i64) -> i64 {
        let lasts = self.lasts_ms.load(Ordering::Relaxed).max(LASTS_MS);
        match now_ms.saturating_sub(until_ms) {
            ..=0 => lasts,
            since if since < SOON_MS && until_ms > 0 => lasts.saturating_mul(2).min(LASTS_MAX_MS),
            _ => LASTS_MS,
        }
    }

    /// Whether it falls behind: ticks are stretched, handshakes take turns, what is around is told as of the last tick.
    pub fn is_on(&self, now_ms: i64) -> bool {
        fault::is_at("overload") || now_ms < self.until_ms.load(Ordering::Relaxed)
    }

    /// The period to tick at, given the world's own.
    pub fn period(&self, own: Duration, now_ms: i64) -> Duration {
        if self.is_on(now_ms) {
            metric::ticks_stretched().increment(1);
            own.max(STRETCHED)
        } else {
            own
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Duration = Duration::from_millis(100);
    const SLOW: Duration = Duration::from_millis(80);

    #[test]
    fn frames_that_keep_being_late_stretch_ticks_for_a_while() {
        let overload = Overload::default();
        (0..19).for_each(|_| overload.note(SLOW, 1_000));
        assert_eq!(overload.period(OWN, 1_000), OWN);
        overload.note(SLOW, 1_000);
        assert_eq!(overload.period(OWN, 1_000), STRETCHED);
        assert_eq!(
            overload.period(Duration::from_secs(1), 1_000),
            Duration::from_secs(1)
        );
        assert_eq!(overload.period(OWN, 10_999), STRETCHED);
        assert_eq!(overload.period(OWN, 11_000), OWN);
    }

    #[test]
    fn what_comes_back_soon_lasts_longer() {
        let overload = Overload::default();
        let fall_behind = |now_ms| (0..20).for_each(|_| overload.note(SLOW, now_ms));
        fall_behind(100_000);
        assert!(overload.is_on(109_999) && !overload.is_on(110_000));
        fall_behind(115_000);
        assert!(overload.is_on(134_999) && !overload.is_on(135_000));
        fall_behind(200_000);
        assert!(
            overload.is_on(209_999) && !overload.is_on(210_000),
            "long after, it is new"
        );
    }

    #[test]
    fn late_frames_among_punctual_ones_are_no_overload() {
        let overload = Overload::default();
        for _ in 0..1_000 {
            overload.note(SLOW, 1_000);
            overload.note(OWN / 10, 1_000);
            overload.note(OWN / 10, 1_000);
        }
        assert!(!overload.is_on(1_000));
    }
}
