//! Overload: when sockets keep waiting too long for their turn to be written, shards tick less often, new sockets open one after the other and what is
//! around is told as of the last tick, so that what must be answered is answered.

use crate::host::fault;
use crate::telemetry::metric;
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
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
/// Late turns count four, punctual ones take one back; from so many on the node is overloaded. Who waits longest counts: a
/// thread may have many short turns between two long ones.
const SCORE_ON: u32 = 80;
const SCORE_LATE: u32 = 4;
/// Turns that are late though so much time has passed since it began: more has to be spared. Units: milliseconds.
const DEEP_AFTER_MS: i64 = 3_000;
/// How long news wait for more: a write costs the same, however much is in it. The longer one joins those of two ticks.
const PATIENCE: Duration = Duration::from_millis(200);
const PATIENCE_DEEP: Duration = Duration::from_millis(400);
/// One turn in so long is looked at: a stall that makes several late at once counts once. Units: milliseconds.
const SAMPLE_MS: i64 = 50;

/// Whether this node falls behind.
#[derive(Debug, Default)]
pub struct Overload {
    /// Until when it is taken to, by the monotonic clock. Units: milliseconds.
    until_ms: AtomicI64,
    /// Until when more is spared, because sparing was not enough. Units: milliseconds.
    deep_until_ms: AtomicI64,
    /// Whoever notes that a thread falls behind; readers need none of it.
    spell: Mutex<Spell>,
}

/// The overload that lasts, or the last one. Units: milliseconds.
#[derive(Debug, Default)]
struct Spell {
    began_ms: i64,
    lasts_ms: i64,
}

/// How late the turns of one thread are. One for each: the punctual turns of others, which are many, must not hide its own.
#[derive(Debug, Default)]
pub struct Lateness {
    score: Cell<u32>,
    /// When a turn was looked at last. Units: milliseconds.
    sampled_ms: Cell<i64>,
}

impl Lateness {
    /// Notes how long a turn of sockets took. Whether the thread falls behind.
    pub fn note(&self, waited: Duration, now_ms: i64) -> bool {
        if now_ms.saturating_sub(self.sampled_ms.get()) < SAMPLE_MS {
            return false;
        }
        self.sampled_ms.set(now_ms);
        metric::socket_turn().record(waited.as_secs_f64());
        let is_late = waited > LATE;
        let score = self.score.get();
        self.score.set(if is_late {
            score.saturating_add(SCORE_LATE).min(SCORE_ON)
        } else {
            score.saturating_sub(1)
        });
        is_late && self.score.get() >= SCORE_ON
    }
}

impl Overload {
    /// One of its threads falls behind.
    pub fn begin(&self, now_ms: i64) {
        let mut spell = self.spell.lock().unwrap_or_else(PoisonError::into_inner);
        let until_ms = self.until_ms.load(Ordering::Relaxed);
        spell.lasts_ms = spell.lasts_ms(now_ms, until_ms);
        let lasts_until_ms = now_ms.saturating_add(spell.lasts_ms);
        if until_ms < now_ms {
            spell.began_ms = now_ms;
            metric::overloads().increment(1);
            tracing::warn!("this node falls behind: ticks are stretched and new sockets wait for a while");
        } else if now_ms.saturating_sub(spell.began_ms) >= DEEP_AFTER_MS {
            self.deep_until_ms.store(lasts_until_ms, Ordering::Relaxed);
        }
        self.until_ms.store(lasts_until_ms, Ordering::Relaxed);
    }

    /// Whether it falls behind: ticks are stretched, handshakes take turns, what is around is told as of the last tick.
    pub fn is_on(&self, now_ms: i64) -> bool {
        fault::is_at("overload") || now_ms < self.until_ms.load(Ordering::Relaxed)
    }

    /// How long news wait for more; none when they need not.
    pub fn patience(&self, now_ms: i64) -> Option<Duration> {
        let is_deep = now_ms < self.deep_until_ms.load(Ordering::Relaxed);
        self.is_on(now_ms)
            .then_some(if is_deep { PATIENCE_DEEP } else { PATIENCE })
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

impl Spell {
    /// How long it lasts from now on, when it was to last until then. Units: milliseconds.
    fn lasts_ms(&self, now_ms: i64, until_ms: i64) -> i64 {
        let lasts_ms = self.lasts_ms.max(LASTS_MS);
        match now_ms.saturating_sub(until_ms) {
            ..=0 => lasts_ms,
            since if since < SOON_MS && until_ms > 0 => lasts_ms.saturating_mul(2).min(LASTS_MAX_MS),
            _ => LASTS_MS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Duration = Duration::from_millis(100);
    const SLOW: Duration = Duration::from_millis(80);

    /// So many turns of a thread in a row, the last of them at this time.
    fn note((overload, thread): (&Overload, &Lateness), waited: Duration, count: i64, last_ms: i64) {
        for index in (0..count).rev() {
            let now_ms = last_ms - index * SAMPLE_MS;
            if thread.note(waited, now_ms) {
                overload.begin(now_ms);
            }
        }
    }

    #[test]
    fn turns_that_keep_being_late_stretch_ticks_for_a_while() {
        let (overload, thread) = (Overload::default(), Lateness::default());
        note((&overload, &thread), SLOW, 19, 1_950);
        assert_eq!(overload.period(OWN, 1_950), OWN);
        note((&overload, &thread), SLOW, 1, 2_000);
        assert_eq!(overload.period(OWN, 2_000), STRETCHED);
        let slow_world = Duration::from_secs(1);
        assert_eq!(overload.period(slow_world, 2_000), slow_world);
        assert_eq!(overload.period(OWN, 61_999), STRETCHED);
        assert_eq!(overload.period(OWN, 62_000), OWN);
    }

    #[test]
    fn what_comes_back_soon_lasts_longer() {
        let (overload, thread) = (Overload::default(), Lateness::default());
        let fall_behind = |last_ms| note((&overload, &thread), SLOW, 20, last_ms);
        fall_behind(100_000);
        assert!(overload.is_on(159_999) && !overload.is_on(160_000));
        fall_behind(200_000);
        assert!(overload.is_on(300_000) && !overload.is_on(320_000));
        fall_behind(800_000);
        assert!(
            overload.is_on(855_000) && !overload.is_on(860_000),
            "long after, it is new"
        );
    }

    #[test]
    fn one_late_turn_in_six_is_no_overload_and_one_in_three_is() {
        for (punctual, is_overload) in [(5, false), (2, true)] {
            let (overload, thread) = (Overload::default(), Lateness::default());
            for round in 1..1_000 {
                note((&overload, &thread), SLOW, 1, round * 1_000);
                note((&overload, &thread), OWN / 10, punctual, round * 1_000 + 500);
            }
            assert_eq!(overload.is_on(1_000_000), is_overload);
        }
    }

    #[test]
    fn news_wait_longer_when_sparing_was_not_enough() {
        let (overload, thread) = (Overload::default(), Lateness::default());
        let note = |count, last_ms| note((&overload, &thread), SLOW, count, last_ms);
        assert_eq!(overload.patience(1_000), None);
        note(20, 2_000);
        note(20, 4_900);
        assert_eq!(overload.patience(4_900), Some(PATIENCE));
        note(1, 5_000);
        assert_eq!(overload.patience(5_000), Some(PATIENCE_DEEP));
        assert_eq!(overload.patience(65_000), None);
    }

    #[test]
    fn one_stall_counts_once_however_many_turns_it_delays() {
        let (overload, thread) = (Overload::default(), Lateness::default());
        for _ in 0..1_000 {
            note((&overload, &thread), SLOW, 1, 1_000);
        }
        assert!(!overload.is_on(1_000));
    }

    #[test]
    fn one_late_thread_among_punctual_ones_is_overload() {
        let (overload, late, punctual) = (Overload::default(), Lateness::default(), Lateness::default());
        for now_ms in 1_000..3_500 {
            note((&overload, &punctual), OWN / 10, 1, now_ms);
            if now_ms % 100 == 0 {
                note((&overload, &late), SLOW, 1, now_ms);
            }
        }
        assert!(overload.is_on(3_500));
    }
}
