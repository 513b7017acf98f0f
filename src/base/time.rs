//! Points in time: wall-clock milliseconds and world ticks. Nobody here reads a clock.

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The time `ms` later; saturates.
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this time, never negative.
    pub fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).max(0)
    }
}

/// A world tick: `(time - world epoch) / tick length`, one number in the whole world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Tick(pub i64);

/// The world's clock rate: turns wall time into ticks. Fixed when the world is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickRate {
    /// When tick 0 began.
    pub epoch: Timestamp,
    /// Length of a tick in milliseconds, 33 to 1000.
    pub tick_ms: i64,
}

impl TickRate {
    /// The tick that `now` falls in.
    pub fn tick_at(&self, now: Timestamp) -> Tick {
        Tick(now.0.saturating_sub(self.epoch.0).div_euclid(self.tick_ms.max(1)))
    }

    /// When `tick` begins.
    pub fn start_of(&self, tick: Tick) -> Timestamp {
        Timestamp(self.epoch.0.saturating_add(tick.0.saturating_mul(self.tick_ms)))
    }

    /// Seconds from `from` to `to`, zero when `to` is earlier. A tick count fits a double exactly up to 2^53.
    #[expect(
        clippy::as_conversions,
        reason = "i64 to f64 has no From; tick spans stay far below 2^53"
    )]
    pub fn seconds_between(&self, from: Tick, to: Tick) -> f64 {
        (to.0.saturating_sub(from.0).max(0).saturating_mul(self.tick_ms)) as f64 / 1000.0
    }

    /// The number of whole ticks that last at least `seconds`.
    #[expect(
        clippy::as_conversions,
        reason = "f64 to i64 saturates, which is what is wanted here"
    )]
    pub fn ticks_for(&self, seconds: f64) -> i64 {
        (seconds * 1000.0 / (self.tick_ms as f64)).ceil().max(0.0) as i64
    }
}

/// Minutes into the world day, 0 to 1439. A world day is 60 real minutes.
pub fn world_minute(now: Timestamp) -> i64 {
    now.0.rem_euclid(3_600_000) * 1440 / 3_600_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_and_times_agree_at_the_borders() {
        let rate = TickRate {
            epoch: Timestamp(1_000),
            tick_ms: 100,
        };
        assert_eq!(rate.tick_at(Timestamp(1_000)), Tick(0));
        assert_eq!(rate.tick_at(Timestamp(1_099)), Tick(0));
        assert_eq!(rate.tick_at(Timestamp(1_100)), Tick(1));
        assert_eq!(rate.start_of(Tick(7)), Timestamp(1_700));
        assert_eq!(rate.ticks_for(0.25), 3);
        assert!((rate.seconds_between(Tick(1), Tick(4)) - 0.3).abs() < 1e-9);
    }

    #[test]
    fn a_world_day_lasts_sixty_real_minutes() {
        assert_eq!(world_minute(Timestamp(0)), 0);
        assert_eq!(world_minute(Timestamp(1_800_000)), 720);
        assert_eq!(world_minute(Timestamp(3_600_000)), 0);
    }
}
