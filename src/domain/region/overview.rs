//! A large region from above: agents counted by blocks of cells, because each of its cells would be too much for one camera.

use super::state::RegionState;
use crate::base::limit::CAMERA_CELLS_MAX;
use crate::base::time::Tick;
use crate::domain::space::{Cell, CellRect};
use serde::Serialize;
use std::collections::BTreeMap;

/// How many agents are in each block that is not empty, by column and row of blocks.
pub type BlockCounts = BTreeMap<(i32, i32), u32>;

/// How many cells wide the blocks are in which a region of `size_m` is seen from above: as few as fit into one view. None:
/// the region is small enough for each of its cells. Units: metres.
pub fn block_cells(size_m: f64) -> Option<i32> {
    let whole = CellRect::of_region(size_m);
    let side = i64::from(whole.x1);
    let most = i64::try_from(CAMERA_CELLS_MAX).unwrap_or(i64::MAX);
    let blocks = |cells: i64| {
        let across = side.saturating_add(cells).saturating_sub(1) / cells;
        across.saturating_mul(across)
    };
    if blocks(1) <= most {
        return None;
    }
    let cells = (2..=side).find(|cells| blocks(*cells) <= most)?;
    i32::try_from(cells).ok()
}

/// The publication for those who see a large region from above.
#[derive(Serialize)]
struct Frame<'a> {
    tick: Tick,
    overview: Overview<'a>,
}

/// What it tells of the area of one shard.
#[derive(Serialize)]
struct Overview<'a> {
    cells: i32,
    area: [i32; 4],
    blocks: &'a [[i64; 3]],
}

impl RegionState {
    /// Counts the agents in blocks of so many cells a side.
    pub fn count_blocks(&self, cells: i32) -> BlockCounts {
        let mut counts = BlockCounts::new();
        for (Cell(x, y), agents) in self.grid.occupied() {
            let block = (x.div_euclid(cells.max(1)), y.div_euclid(cells.max(1)));
            let count = counts.entry(block).or_default();
            *count = count.saturating_add(u32::try_from(agents).unwrap_or(u32::MAX));
        }
        counts
    }

    /// The publication of these counts, as JSON text. It replaces what was told of this area before.
    pub fn overview(&self, cells: i32, counts: &BlockCounts, tick: Tick) -> Vec<u8> {
        let CellRect { x0, y0, x1, y1 } = self.area;
        let row = |((x, y), count): (&(i32, i32), &u32)| [i64::from(*x), i64::from(*y), i64::from(*count)];
        let blocks: Vec<[i64; 3]> = counts.iter().map(row).collect();
        let overview = Overview {
            cells,
            area: [x0, y0, x1, y1],
            blocks: &blocks,
        };
        // Numbers always serialise.
        serde_json::to_vec(&Frame { tick, overview }).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limit::PAYLOAD_MAX_BYTES;
    use crate::domain::region::Body;
    use crate::domain::space::Vec3;
    use crate::domain::test_scene::{Stage, profile};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// A stage whose region has sides of 4,096 m, with agents on it.
    fn large(points: impl IntoIterator<Item = (f64, f64)>) -> Stage {
        let mut stage = Stage::with(&[]);
        stage.region.plan.size_m = 4_096.0;
        stage.region.area = CellRect::of_region(4_096.0);
        let tick = stage.tick();
        for (number, (x, y)) in points.into_iter().enumerate() {
            let body = Body::standing(profile(&format!("a{number}")), Vec3::new(x, y, 25.0), tick, 0);
            stage.region.enter(body, tick);
        }
        stage
    }

    fn told(stage: &Stage, cells: i32) -> Value {
        let counts = stage.region.count_blocks(cells);
        let frame = stage.region.overview(cells, &counts, stage.tick());
        assert!(frame.len() <= PAYLOAD_MAX_BYTES, "{} bytes", frame.len());
        serde_json::from_slice(&frame).unwrap()
    }

    fn sum(overview: &Value) -> i64 {
        let blocks = overview["overview"]["blocks"].as_array().unwrap();
        blocks.iter().map(|block| block[2].as_i64().unwrap()).sum()
    }

    #[test]
    fn regions_up_to_512_metres_are_seen_cell_by_cell() {
        for size_m in [16.0, 256.0, 512.0, 527.0] {
            assert_eq!(block_cells(size_m), None, "{size_m}");
        }
        assert_eq!(
            [528.0, 1_024.0, 2_048.0, 4_096.0].map(block_cells),
            [2, 2, 4, 8].map(Some)
        );
    }

    #[test]
    fn a_thousand_agents_all_over_a_large_region_are_all_counted_in_one_frame() {
        let point = |n: u32| (f64::from(n % 40) * 104.9, f64::from(n / 40) * 163.8);
        let stage = large((0..1_000).map(point));
        let cells = block_cells(4_096.0).unwrap();
        let overview = told(&stage, cells);
        assert_eq!(sum(&overview), 1_000);
        assert_eq!(overview["overview"]["area"], json!([0, 0, 257, 257]));
        let blocks = overview["overview"]["blocks"].as_array().unwrap();
        assert_eq!(
            blocks[0],
            json!([0, 0, 2]),
            "at 0 and at 104.9 m of the first row"
        );
        assert!(
            blocks.len() > 500 && blocks.len() <= CAMERA_CELLS_MAX,
            "{}",
            blocks.len()
        );
        // The last block is seen like the first.
        let corner = large([(4_096.0, 4_096.0), (4_095.0, 4_096.0), (0.0, 0.0)]);
        assert_eq!(
            told(&corner, cells)["overview"]["blocks"],
            json!([[0, 0, 1], [31, 32, 1], [32, 32, 1]])
        );
    }

    #[test]
    fn a_frame_stays_within_its_bound_when_every_block_is_full() {
        let stage = large([]);
        let side = 0..33;
        let counts: BlockCounts = side
            .clone()
            .flat_map(|x| side.clone().map(move |y| ((x, y), 9_999)))
            .collect();
        assert_eq!(counts.len(), CAMERA_CELLS_MAX);
        assert!(stage.region.overview(8, &counts, Tick(i64::MAX)).len() <= PAYLOAD_MAX_BYTES);
    }

    proptest! {
        #[test]
        fn blocks_cover_every_region_and_fit_into_one_view(size in 16u32..=4_096) {
            let whole = CellRect::of_region(f64::from(size));
            let cells = block_cells(f64::from(size)).unwrap_or(1);
            let across = usize::try_from((whole.x1 + cells - 1) / cells).unwrap();
            prop_assert!(across * across <= CAMERA_CELLS_MAX);
            if cells > 1 {
                let finer = usize::try_from((whole.x1 + cells - 2) / (cells - 1)).unwrap();
                prop_assert!(finer * finer > CAMERA_CELLS_MAX, "no block is larger than it must be");
            }
        }

        #[test]
        fn nobody_is_counted_twice_or_not_at_all(points in prop::collection::vec((0.0..=4096.0f64, 0.0..=4096.0f64), 0..200)) {
            let count = i64::try_from(points.len()).unwrap();
            let stage = large(points);
            prop_assert_eq!(sum(&told(&stage, 8)), count);
        }
    }
}
