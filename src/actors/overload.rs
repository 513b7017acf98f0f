//! Overload: when sockets keep waiting too long for their turn to be written, shards tick less often, new sockets open one after the other and what is
//! around is told as of the last tick, so that what must be answered is answered.

use crate::host::fault;
use crate::telemetry::metric;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

/// A turn of sockets that took longer than this from the first call to the last write is late.
const LATE: Duration = Duration::from_millis(40);
/// The period of ticks under overload, at the least.
const STRETCHED: Duration = Duration::from_millis(200);
/// How long it lasts after the last sign of it; twice as long each time it comes back soon, because what was spared meanwhile is
/// what was too much. Units: milliseconds.
const LASTS_MS: i64 = 60_000;
const LASTS_MAX_MS: i64 = 600_000;
/// Soon. Units: milliseconds.
const SOON_MS: i64 = 300_000;
/// Late turns count two, punctual ones take one back; from so many on the node is overloaded.
const SCORE_ON: u32 = 40;
/// One turn in so long is looked at: a stall that makes several late at once counts once. Units: milliseconds.
const SAMPLE_MS: i64 = 50;

/// Whether this node falls behind.
#[derive(Debug, Default)]
pub struct Overload {
    score: AtomicU32,
    /// When a turn was looked at last. Units: milliseconds.
    sampled_ms: AtomicI64,
    /// Until when ticks are stretched, by the monotonic clock. Units: milliseconds.
    until_ms: AtomicI64,
    /// How long it lasts this time. Units: milliseconds.
    lasts_ms: AtomicI64,
}

impl Overload {
    /// Notes how long a turn of sockets took.
    pub fn note(&self, waited: Duration, now_ms: i64) {
        let sampled = self.sampled_ms.load(Ordering::Relaxed);
        let is_mine = || {
            let exchanged =
                self.sampled_ms
                    .compare_exchange(sampled, now_ms, Ordering::Relaxed, Ordering::Relaxed);
            exchanged.is_ok()
        };
        if now_ms.saturating_sub(sampled) < SAMPLE_MS || !is_mine() {
            return;
        }
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

    /// So many turns in a row, the last of them at this time.
    fn note(overload: &Overload, waited: Duration, count: i64, last_ms: i64) {
        (0..count)
            .rev()
            .for_each(|index| overload.note(waited, last_ms - index * SAMPLE_MS));
    }

    #[test]
    fn turns_that_keep_being_late_stretch_ticks_for_a_while() {
        let overload = Overload::default();
        note(&overload, SLOW, 19, 1_950);
        assert_eq!(overload.period(OWN, 1_950), OWN);
        note(&overload, SLOW, 1, 2_000);
        assert_eq!(overload.period(OWN, 2_000), STRETCHED);
        let slow_world = Duration::from_secs(1);
        assert_eq!(overload.period(slow_world, 2_000), slow_world);
        assert_eq!(overload.period(OWN, 61_999), STRETCHED);
        assert_eq!(overload.period(OWN, 62_000), OWN);
    }

    #[test]
    fn what_comes_back_soon_lasts_longer() {
        let overload = Overload::default();
        note(&overload, SLOW, 20, 100_000);
        assert!(overload.is_on(159_999) && !overload.is_on(160_000));
        note(&overload, SLOW, 20, 200_000);
        assert!(overload.is_on(319_999) && !overload.is_on(320_000));
        note(&overload, SLOW, 20, 800_000);
        assert!(
            overload.is_on(859_999) && !overload.is_on(860_000),
            "long after, it is new"
        );
    }

    #[test]
    fn late_turns_among_punctual_ones_are_no_overload() {
        let overload = Overload::default();
        for round in 0..1_000 {
            note(&overload, SLOW, 1, round * 1_000);
            note(&overload, OWN / 10, 2, round * 1_000 + 500);
        }
        assert!(!overload.is_on(1_000_000));
    }

    #[test]
    fn one_stall_counts_once_however_many_turns_it_delays() {
        let overload = Overload::default();
        (0..1_000).for_each(|_| overload.note(SLOW, 1_000));
        assert!(!overload.is_on(1_000));
    }
}
