//! Borders of a shard's area: where and when a trajectory crosses one.

use super::{CELL_M, Cell, CellRect, Trajectory, Vec3};
use crate::base::time::{Tick, TickRate};

/// How far inside the upper border one stands that is kept from crossing it: what the wire rounds to. Units: metres.
const INSIDE_M: f64 = 0.01;

/// How a trajectory leaves an area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exit {
    /// Where its line meets the border.
    pub at: Vec3,
    /// The first tick at which its position lies in a cell outside.
    pub tick: Tick,
}

impl Trajectory {
    /// How it leaves an area; none when it ends inside. One that begins outside leaves there and then.
    ///
    /// An area is convex, so a straight line that left it does not come back: the tick is found by halving.
    pub fn exit(&self, area: &CellRect, rate: &TickRate) -> Option<Exit> {
        let is_out = |tick: Tick| !area.contains(Cell::of(self.at(tick, rate).0));
        if is_out(self.start) {
            return Some(Exit {
                at: self.from,
                tick: self.start,
            });
        }
        let (mut inside, mut outside) = (
            self.start.0,
            self.start.0.saturating_add(rate.ticks_for(self.duration_s())),
        );
        if !is_out(Tick(outside)) {
            return None;
        }
        while outside.saturating_sub(inside) > 1 {
            let middle = inside + (outside - inside) / 2;
            if is_out(Tick(middle)) {
                outside = middle;
            } else {
                inside = middle;
            }
        }
        let to = self.to.unwrap_or(self.from);
        Some(Exit {
            at: self.from.towards(to, area.fraction_inside(self.from, to)),
            tick: Tick(outside),
        })
    }

    /// The rest of the way, begun at a point and a tick.
    pub fn resumed(&self, at: Vec3, tick: Tick) -> Self {
        match self.to {
            Some(to) if to != at => Self::walking(at, to, tick, self.speed),
            _ => Self::standing(at, tick, self.heading),
        }
    }
}

impl CellRect {
    /// The point of the area that is nearest to a point, a centimetre inside the upper borders. Units: metres.
    pub fn clamp(&self, point: Vec3) -> Vec3 {
        let side = |value: f64, low: i32, high: i32| value.max(metres(low)).min(metres(high) - INSIDE_M);
        Vec3::new(
            side(point.x, self.x0, self.x1),
            side(point.y, self.y0, self.y1),
            point.z,
        )
    }

    /// How much of the way from a point inside to another lies inside: 0 to 1.
    fn fraction_inside(&self, from: Vec3, to: Vec3) -> f64 {
        let side = |from: f64, to: f64, low: i32, high: i32| {
            let way = to - from;
            if way > 0.0 {
                (metres(high) - from) / way
            } else if way < 0.0 {
                (metres(low) - from) / way
            } else {
                1.0
            }
        };
        side(from.x, to.x, self.x0, self.x1)
            .min(side(from.y, to.y, self.y0, self.y1))
            .clamp(0.0, 1.0)
    }
}

/// Where a row or column of cells begins. Units: metres.
fn metres(cells: i32) -> f64 {
    f64::from(cells) * CELL_M
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

    /// Columns 0 to 9 of a region of 320 m: the border lies at 160 m.
    fn west() -> CellRect {
        CellRect::of_region(320.0).split(2)[0]
    }

    fn walk(from: (f64, f64), to: (f64, f64)) -> Trajectory {
        let point = |(x, y)| Vec3::new(x, y, 25.0);
        Trajectory::walking(point(from), point(to), Tick(1_000), 1.5)
    }

    #[test]
    fn a_walk_to_the_border_itself_leaves_upwards_and_stays_downwards() {
        let east = CellRect::of_region(320.0).split(2)[1];
        assert_eq!((west().x1, east.x0), (10, 10));
        let up = walk((145.0, 7.0), (160.0, 7.0)).exit(&west(), &RATE).unwrap();
        assert_eq!((up.at, up.tick), (Vec3::new(160.0, 7.0, 25.0), Tick(1_100)));
        assert_eq!(walk((175.0, 7.0), (160.0, 7.0)).exit(&east, &RATE), None);
        let down = walk((175.0, 7.0), (159.0, 7.0)).exit(&east, &RATE).unwrap();
        assert_eq!((down.at, down.tick), (Vec3::new(160.0, 7.0, 25.0), Tick(1_101)));
    }

    #[test]
    fn who_stands_leaves_only_when_it_is_outside() {
        let stand = |x: f64| Trajectory::standing(Vec3::new(x, 7.0, 25.0), Tick(5), 0.0);
        assert_eq!(stand(159.99).exit(&west(), &RATE), None);
        let exit = stand(160.0).exit(&west(), &RATE).unwrap();
        assert_eq!((exit.at.x, exit.tick), (160.0, Tick(5)));
    }

    #[test]
    fn the_rest_of_a_way_has_the_same_goal_and_speed() {
        let way = walk((150.0, 7.0), (170.0, 7.0));
        let rest = way.resumed(Vec3::new(160.0, 7.0, 25.0), Tick(2_000));
        assert_eq!(
            (rest.to, rest.speed, rest.start),
            (way.to, way.speed, Tick(2_000))
        );
        let arrived = way.resumed(Vec3::new(170.0, 7.0, 25.0), Tick(2_000));
        assert!(!arrived.is_moving());
    }

    /// A strip of a region, and a way through that region that begins in the strip.
    fn ways() -> impl Strategy<Value = (CellRect, CellRect, Trajectory)> {
        let unit = || 0.0..1.0f64;
        (
            16u16..1024,
            1i32..6,
            0usize..6,
            (unit(), unit(), unit(), unit()),
            0.3..5.0f64,
        )
            .prop_map(|(size, parts, pick, (x, y, u, v), speed)| {
                let size = f64::from(size);
                let whole = CellRect::of_region(size);
                let parts = whole.split(parts);
                let area = parts[pick % parts.len()];
                let from = area.clamp(Vec3::new(x * size, y * size, 25.0));
                let to = Vec3::new(u * size, v * size, 25.0);
                (whole, area, Trajectory::walking(from, to, Tick(77), speed))
            })
    }

    proptest! {
        #[test]
        fn an_exit_is_what_sampling_every_tick_finds((whole, area, way) in ways()) {
            let is_in = |tick: i64| area.contains(Cell::of(way.at(Tick(tick), &RATE).0));
            let last = 78 + RATE.ticks_for(way.duration_s());
            let sampled = (77..=last).find(|tick| !is_in(*tick));
            let exit = way.exit(&area, &RATE);
            prop_assert_eq!(exit.map(|exit| exit.tick.0), sampled);
            let Some(exit) = exit else { return Ok(()) };
            // Once out it stays out, and somebody else's cell has it.
            prop_assert!((exit.tick.0..=last).all(|tick| !is_in(tick)));
            let beyond = way.at(exit.tick, &RATE).0;
            prop_assert!(whole.contains(Cell::of(beyond)));
            // The border is met between the last tick inside and the first outside.
            let before = way.at(Tick(exit.tick.0 - 1), &RATE).0;
            let detour = before.distance(exit.at) + exit.at.distance(beyond) - before.distance(beyond);
            prop_assert!(detour.abs() < 1e-6, "{detour} m beside the way");
            let is_side = |value: f64, low: i32, high: i32| {
                (value - metres(low)).abs() < 1e-6 || (value - metres(high)).abs() < 1e-6
            };
            prop_assert!(is_side(exit.at.x, area.x0, area.x1) || is_side(exit.at.y, area.y0, area.y1));
        }

        #[test]
        fn a_clamped_point_is_inside_also_when_rounded_and_near((_, area, way) in ways()) {
            let point = way.to.unwrap();
            let clamped = area.clamp(point);
            prop_assert!(area.contains(Cell::of(clamped)) && area.contains(Cell::of(clamped.rounded())));
            if area.contains(Cell::of(point)) {
                prop_assert!(clamped.distance(point) <= INSIDE_M * 2.0);
            }
        }
    }
}
