//! Space: points, cells, the grid, trajectories and the rectangles of shards.

pub mod border;
pub mod cell;
pub mod grid;
pub mod trajectory;

pub use cell::{CELL_M, Cell, CellRect};
pub use grid::Grid;
pub use trajectory::Trajectory;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A point or displacement. Units: metres, z up.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vec3 {
    /// East.
    pub x: f64,
    /// North.
    pub y: f64,
    /// Up.
    pub z: f64,
}

impl Vec3 {
    /// A point from its three coordinates.
    pub const fn new(x: f64, y: f64, z: f64) -> Self {
        Self { x, y, z }
    }

    /// Straight distance to `other`.
    pub fn distance(self, other: Self) -> f64 {
        self.minus(other).length()
    }

    /// Distance from the origin.
    pub fn length(self) -> f64 {
        (self.x * self.x + self.y * self.y + self.z * self.z).sqrt()
    }

    /// `self - other`.
    pub fn minus(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y, self.z - other.z)
    }

    /// The point `fraction` of the way to `other`.
    pub fn towards(self, other: Self, fraction: f64) -> Self {
        Self::new(
            self.x + (other.x - self.x) * fraction,
            self.y + (other.y - self.y) * fraction,
            self.z + (other.z - self.z) * fraction,
        )
    }

    /// The direction to `other` in the ground plane. Units: radians, 0 = east, counter-clockwise.
    pub fn heading_to(self, other: Self) -> f64 {
        (other.y - self.y).atan2(other.x - self.x)
    }

    /// The same point with coordinates rounded to centimetres: what goes over the wire.
    pub fn rounded(self) -> Self {
        Self::new(centimetres(self.x), centimetres(self.y), centimetres(self.z))
    }

    /// Whether the point lies on a region of `size_m`, at a height between -100 m and 1,000 m. NaN and infinities do not.
    pub fn is_within(self, size_m: f64) -> bool {
        // A negative zero is a wrong sum of the client's, and would show as "-0" to everybody.
        let is_side = |side: f64| side.is_sign_positive() && side <= size_m;
        is_side(self.x) && is_side(self.y) && (-100.0..=1000.0).contains(&self.z)
    }
}

/// Rounds to two decimals; never gives a negative zero.
pub fn centimetres(value: f64) -> f64 {
    (value * 100.0).round() / 100.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_numbers_are_never_within() {
        for bad in [f64::NAN, f64::INFINITY, 1e308, -0.01, 256.01] {
            assert!(!Vec3::new(bad, 1.0, 1.0).is_within(256.0), "{bad}");
        }
        assert!(Vec3::new(0.0, 256.0, 25.0).is_within(256.0));
        assert!(!Vec3::new(-0.0, 256.0, 25.0).is_within(256.0));
        assert_eq!(centimetres(-0.001).to_string(), "0");
    }
}
