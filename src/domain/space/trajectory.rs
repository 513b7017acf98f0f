//! Trajectories: where an agent was at a tick, where it goes and how fast. A position is a pure function of one.

use super::Vec3;
use crate::base::time::{Tick, TickRate};
use serde::{Deserialize, Serialize};

/// A straight line walked at constant speed, or a place to stand.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trajectory {
    /// Where the agent was at `start`.
    pub from: Vec3,
    /// The tick at which it was there.
    pub start: Tick,
    /// Where it goes; none while it stands.
    pub to: Option<Vec3>,
    /// Units: metres a second; zero while it stands.
    pub speed: f64,
    /// Units: radians, 0 = east, counter-clockwise.
    pub heading: f64,
}

impl Trajectory {
    /// Stands at a point.
    pub fn standing(at: Vec3, tick: Tick, heading: f64) -> Self {
        Self {
            from: at,
            start: tick,
            to: None,
            speed: 0.0,
            heading,
        }
    }

    /// Walks from `from` to `to`, starting at `tick`.
    pub fn walking(from: Vec3, to: Vec3, tick: Tick, speed: f64) -> Self {
        Self {
            from,
            start: tick,
            to: Some(to),
            speed,
            heading: from.heading_to(to),
        }
    }

    /// Whether the agent moves by this trajectory (it may have arrived).
    pub fn is_moving(&self) -> bool {
        self.to.is_some()
    }

    /// Seconds from the start to the arrival; zero while it stands.
    pub fn duration_s(&self) -> f64 {
        match self.to {
            Some(to) if self.speed > 0.0 => self.from.distance(to) / self.speed,
            _ => 0.0,
        }
    }

    /// The position at `tick`, and whether the end is reached.
    pub fn at(&self, tick: Tick, rate: &TickRate) -> (Vec3, bool) {
        let Some(to) = self.to else {
            return (self.from, true);
        };
        let duration_s = self.duration_s();
        let elapsed_s = rate.seconds_between(self.start, tick);
        if elapsed_s >= duration_s {
            (to, true)
        } else {
            (self.from.towards(to, elapsed_s / duration_s), false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Timestamp;
    use proptest::prelude::*;

    const RATE: TickRate = TickRate {
        epoch: Timestamp(0),
        tick_ms: 100,
    };

    #[test]
    fn a_walk_of_fifteen_metres_takes_ten_seconds() {
        let walk = Trajectory::walking(
            Vec3::new(0.0, 0.0, 25.0),
            Vec3::new(15.0, 0.0, 25.0),
            Tick(100),
            1.5,
        );
        assert_eq!(walk.at(Tick(100), &RATE).0.x, 0.0);
        assert!((walk.at(Tick(150), &RATE).0.x - 7.5).abs() < 1e-9);
        assert_eq!(walk.at(Tick(200), &RATE), (Vec3::new(15.0, 0.0, 25.0), true));
        assert_eq!(walk.at(Tick(9_999), &RATE).0.x, 15.0);
    }

    proptest! {
        #[test]
        fn nobody_is_ever_faster_than_the_speed(x in 0.0..256.0f64, y in 0.0..256.0f64, speed in 0.1..5.0f64, t in 0i64..5000) {
            let walk = Trajectory::walking(Vec3::new(128.0, 128.0, 25.0), Vec3::new(x, y, 25.0), Tick(0), speed);
            let step = walk.at(Tick(t), &RATE).0.distance(walk.at(Tick(t + 1), &RATE).0);
            prop_assert!(step <= speed * 0.1 + 1e-6);
        }
    }
}
