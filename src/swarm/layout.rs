//! Where groups stand: 64 m apart in regions of their own, each so close together that all of a group see each other.

use crate::base::limit::{CELL_M, REGION_NAME_MAX_CHARS};

/// Groups along one side of a region.
const GROUPS_PER_SIDE: usize = 4;
/// Groups of a region.
pub const GROUPS_PER_REGION: usize = GROUPS_PER_SIDE * GROUPS_PER_SIDE;
/// From the middle of a group to that of the next. Units: centimetres.
const SPACING_CM: u32 = 6_400;
/// Length of a region's side. Units: metres.
pub const REGION_SIZE_M: u32 = 256;
/// Most agents of a group, so that a region's capacity is the same for every run.
pub const GROUP_MAX: u32 = 300;
/// Agents that a region takes: all its groups, and some that come back before they have left.
pub const REGION_CAPACITY: u32 = 8_000;
/// Widest square that all see each other in: two cells. Units: metres.
pub const SPREAD_MAX_M: u32 = 32;
/// Characters of the number behind a region's prefix.
const NUMBER_CHARS: usize = 5;
/// Most characters of a prefix.
pub const PREFIX_MAX_CHARS: usize = REGION_NAME_MAX_CHARS - NUMBER_CHARS;

/// The square that a group walks in. Units: centimetres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Square {
    west: u32,
    south: u32,
    side: u32,
}

/// A point. Units: centimetres, as coordinates go over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// East.
    pub x: u32,
    /// North.
    pub y: u32,
}

impl Point {
    /// The point of two coordinates from the wire; none of this swarm's when they are below zero. Units: metres.
    #[expect(
        clippy::as_conversions,
        reason = "f64 to u32 saturates, and a region is at most 4,096 m"
    )]
    pub fn of_metres(x: f64, y: f64) -> Self {
        let cm = |metres: f64| (metres * 100.0).round() as u32;
        Self { x: cm(x), y: cm(y) }
    }

    /// The coordinates as they are sent. Units: metres.
    pub fn metres(self) -> (f64, f64) {
        (f64::from(self.x) / 100.0, f64::from(self.y) / 100.0)
    }

    /// One number for both coordinates.
    pub fn key(self) -> u64 {
        u64::from(self.x) << 32 | u64::from(self.y)
    }
}

impl Square {
    /// The square of a group, counted from 0 through all regions.
    ///
    /// Up to one cell wide it lies within one, else on the corner of four; so any two points of it are in neighbouring cells.
    pub fn of_group(group: usize, spread_m: u32) -> Self {
        let place = group % GROUPS_PER_REGION;
        let (column, row) = (place % GROUPS_PER_SIDE, place / GROUPS_PER_SIDE);
        let side = spread_m.clamp(1, SPREAD_MAX_M) * 100;
        let middle = |index: usize| {
            let corner = SPACING_CM / 2 + u32::try_from(index).unwrap_or(0) * SPACING_CM;
            if side > CELL_CM {
                corner
            } else {
                corner + CELL_CM / 2
            }
        };
        Self {
            west: middle(column) - side / 2,
            south: middle(row) - side / 2,
            side,
        }
    }

    /// A point of the square, chosen by a random number.
    pub fn draw(&self, random: u64) -> Point {
        let side = u64::from(self.side);
        let offset = |random: u64| u32::try_from(random % side).unwrap_or(0);
        Point {
            x: self.west + offset(random),
            y: self.south + offset(random / side),
        }
    }

    /// Whether a point lies in the square.
    pub fn contains(&self, point: Point) -> bool {
        (self.west..self.west + self.side).contains(&point.x)
            && (self.south..self.south + self.side).contains(&point.y)
    }
}

/// Side of a cell. Units: centimetres.
#[expect(clippy::as_conversions, reason = "a small whole number, checked below")]
const CELL_CM: u32 = (CELL_M * 100.0) as u32;
const _: () = assert!(CELL_CM == 1_600);

/// The name of the region of a group.
pub fn region_of(prefix: &str, group: usize) -> String {
    format!("{prefix}-{}", group / GROUPS_PER_REGION)
}

/// The names of all regions of so many groups.
pub fn regions(prefix: &str, groups: usize) -> Vec<String> {
    (0..groups)
        .step_by(GROUPS_PER_REGION)
        .map(|group| region_of(prefix, group))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cell(point: Point) -> (i64, i64) {
        (i64::from(point.x / CELL_CM), i64::from(point.y / CELL_CM))
    }

    fn apart(one: Point, other: Point) -> i64 {
        let (one, other) = (cell(one), cell(other));
        (one.0 - other.0).abs().max((one.1 - other.1).abs())
    }

    proptest! {
        #[test]
        fn a_group_sees_itself_and_no_other(spread in 1u32..=SPREAD_MAX_M, group in 0usize..400, other in 0usize..400,
                                            a: u64, b: u64, c: u64) {
            let square = Square::of_group(group, spread);
            let (one, two) = (square.draw(a), square.draw(b));
            prop_assert!(square.contains(one) && square.contains(two));
            prop_assert!(apart(one, two) <= 1);
            if spread <= 16 {
                prop_assert_eq!(cell(one), cell(two));
            }
            let far = Square::of_group(other, spread).draw(c);
            let is_same_region = region_of("r", group) == region_of("r", other);
            prop_assert!(group == other || !is_same_region || apart(one, far) > 2);
            let (x, y) = one.metres();
            prop_assert!(x < f64::from(REGION_SIZE_M) && y < f64::from(REGION_SIZE_M));
            prop_assert_eq!(Point::of_metres(x, y), one);
        }
    }

    #[test]
    fn sixteen_groups_fill_a_region() {
        assert_eq!(regions("swarm", 0).len(), 0);
        assert_eq!(regions("swarm", 16), ["swarm-0"]);
        assert_eq!(regions("swarm", 17), ["swarm-0", "swarm-1"]);
        const { assert!(GROUP_MAX * 16 < REGION_CAPACITY) }
    }
}
