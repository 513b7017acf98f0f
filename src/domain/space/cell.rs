//! Cells: squares of 16 m, the unit of interest; and rectangles of cells, the shape of a shard.

use super::Vec3;
use serde::{Deserialize, Serialize};

/// Side of a cell in metres.
pub const CELL_M: f64 = 16.0;

/// A square of land, counted from the region's south-west corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cell(pub i32, pub i32);

impl Cell {
    /// The cell that holds a point.
    #[expect(
        clippy::as_conversions,
        reason = "f64 to i32 saturates, and points are within a region of 4,096 m"
    )]
    pub fn of(point: Vec3) -> Self {
        Self(
            (point.x / CELL_M).floor() as i32,
            (point.y / CELL_M).floor() as i32,
        )
    }

    /// The cells at most `reach` cells away in each direction, this one included.
    pub fn around(self, reach: i32) -> impl Iterator<Item = Cell> {
        (-reach..=reach).flat_map(move |dy| (-reach..=reach).map(move |dx| Cell(self.0 + dx, self.1 + dy)))
    }
}

/// A rectangle of cells, upper bounds excluded: the area that one shard runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellRect {
    /// First column.
    pub x0: i32,
    /// First row.
    pub y0: i32,
    /// Column after the last.
    pub x1: i32,
    /// Row after the last.
    pub y1: i32,
}

impl CellRect {
    /// The rectangle of a whole region of `size_m`. The far edge belongs to the last cell's neighbour, so one more column and row.
    #[expect(clippy::as_conversions, reason = "a region is at most 4,096 m")]
    pub fn of_region(size_m: f64) -> Self {
        let cells = (size_m / CELL_M).floor() as i32 + 1;
        Self {
            x0: 0,
            y0: 0,
            x1: cells,
            y1: cells,
        }
    }

    /// Whether the cell lies inside.
    pub fn contains(&self, cell: Cell) -> bool {
        (self.x0..self.x1).contains(&cell.0) && (self.y0..self.y1).contains(&cell.1)
    }

    /// The same, so many cells larger on each side.
    pub fn grown(&self, cells: i32) -> Self {
        Self {
            x0: self.x0.saturating_sub(cells),
            y0: self.y0.saturating_sub(cells),
            x1: self.x1.saturating_add(cells),
            y1: self.y1.saturating_add(cells),
        }
    }

    /// Whether two rectangles have a cell in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.x0 < other.x1 && other.x0 < self.x1 && self.y0 < other.y1 && other.y0 < self.y1
    }

    /// Cuts the rectangle into `parts` strips along its longer side; together they cover it exactly, none is empty.
    /// Fewer than asked for come back when there are not so many rows.
    pub fn split(&self, parts: i32) -> Vec<CellRect> {
        let (width, height) = (self.x1 - self.x0, self.y1 - self.y0);
        let is_wide = width >= height;
        let length = width.max(height);
        let parts = parts.clamp(1, length.max(1));
        let cut = |i: i32| length * i / parts;
        (0..parts)
            .map(|i| {
                if is_wide {
                    CellRect {
                        x0: self.x0 + cut(i),
                        x1: self.x0 + cut(i + 1),
                        ..*self
                    }
                } else {
                    CellRect {
                        y0: self.y0 + cut(i),
                        y1: self.y0 + cut(i + 1),
                        ..*self
                    }
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_point_on_a_border_belongs_to_the_higher_cell() {
        assert_eq!(Cell::of(Vec3::new(16.0, 15.99, 0.0)), Cell(1, 0));
        assert_eq!(Cell(3, 3).around(1).count(), 9);
    }

    proptest! {
        #[test]
        fn every_cell_of_a_region_is_in_exactly_one_part(size in 16u16..4096, parts in 1i32..9, x in 0.0..1.0f64, y in 0.0..1.0f64) {
            let size = f64::from(size);
            let whole = CellRect::of_region(size);
            let cell = Cell::of(Vec3::new(x * size, y * size, 0.0));
            let owners = whole.split(parts).into_iter().filter(|part| part.contains(cell)).count();
            prop_assert_eq!(owners, 1);
        }
    }
}
