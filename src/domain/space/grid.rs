//! The spatial hash: who is in which cell. Range queries look only at the cells in reach.

use super::{CELL_M, Cell, Vec3};
use crate::base::id::AgentId;
use crate::base::map::IdMap;

/// Agents by cell and by id.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    cells: IdMap<Cell, Vec<AgentId>>,
    points: IdMap<AgentId, Vec3>,
}

impl Grid {
    /// Puts an agent at a point, wherever it was before. Returns the cell it left, when it changed cells or is new.
    pub fn place(&mut self, agent: AgentId, at: Vec3) -> Placed {
        let cell = Cell::of(at);
        match self.points.insert(agent, at).map(Cell::of) {
            Some(before) if before == cell => Placed::Stayed,
            Some(before) => {
                self.drop_from(before, agent);
                self.cells.entry(cell).or_default().push(agent);
                Placed::Moved {
                    from: before,
                    to: cell,
                }
            }
            None => {
                self.cells.entry(cell).or_default().push(agent);
                Placed::Entered(cell)
            }
        }
    }

    /// Takes an agent out. Returns the cell it was in.
    pub fn remove(&mut self, agent: AgentId) -> Option<Cell> {
        let cell = Cell::of(self.points.remove(&agent)?);
        self.drop_from(cell, agent);
        Some(cell)
    }

    /// Where an agent is.
    pub fn position(&self, agent: AgentId) -> Option<Vec3> {
        self.points.get(&agent).copied()
    }

    /// The agents in one cell.
    pub fn in_cell(&self, cell: Cell) -> &[AgentId] {
        self.cells.get(&cell).map_or(&[], Vec::as_slice)
    }

    /// The cells with somebody in them and how many agents that are, in no order.
    pub fn occupied(&self) -> impl Iterator<Item = (Cell, usize)> {
        self.cells.iter().map(|(cell, agents)| (*cell, agents.len()))
    }

    /// Agents within `radius_m` of `centre` with their distances, nearest first (then by id), at most `limit`.
    /// Units: metres.
    pub fn near(&self, centre: Vec3, radius_m: f64, limit: usize) -> Vec<(AgentId, f64)> {
        #[expect(
            clippy::as_conversions,
            reason = "f64 to i32 saturates; radii are bounded by base::limit"
        )]
        let reach = (radius_m / CELL_M).ceil().max(0.0) as i32;
        let mut found: Vec<(AgentId, f64)> = Cell::of(centre)
            .around(reach)
            .flat_map(|cell| self.in_cell(cell))
            .filter_map(|agent| {
                let distance = self.points.get(agent)?.distance(centre);
                (distance <= radius_m).then_some((*agent, distance))
            })
            .collect();
        found.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        found.truncate(limit);
        found
    }

    /// How many agents there are.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether nobody is here.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    fn drop_from(&mut self, cell: Cell, agent: AgentId) {
        if let Some(agents) = self.cells.get_mut(&cell) {
            agents.retain(|other| *other != agent);
            if agents.is_empty() {
                self.cells.remove(&cell);
            }
        }
    }
}

/// What `Grid::place` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// Still in the same cell.
    Stayed,
    /// In another cell than before.
    Moved {
        /// The cell left.
        from: Cell,
        /// The cell entered.
        to: Cell,
    },
    /// New here.
    Entered(Cell),
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    proptest! {
        #[test]
        fn near_finds_exactly_those_in_range(points in prop::collection::vec((0.0..256.0f64, 0.0..256.0f64), 1..80), radius in 0.0..96.0f64) {
            let mut grid = Grid::default();
            for (i, (x, y)) in (0u128..).zip(&points) {
                grid.place(AgentId(Uuid::from_u128(i)), Vec3::new(0.0, 0.0, 0.0));
                grid.place(AgentId(Uuid::from_u128(i)), Vec3::new(*x, *y, 0.0));
            }
            let centre = Vec3::new(points[0].0, points[0].1, 0.0);
            let found = grid.near(centre, radius, usize::MAX);
            let expected = points.iter().filter(|(x, y)| Vec3::new(*x, *y, 0.0).distance(centre) <= radius).count();
            prop_assert_eq!(found.len(), expected);
            prop_assert!(found.windows(2).all(|pair| pair[0].1 <= pair[1].1));
        }
    }

    #[test]
    fn removing_leaves_nothing_behind() {
        let mut grid = Grid::default();
        let agent = AgentId(Uuid::from_u128(1));
        assert_eq!(
            grid.place(agent, Vec3::new(1.0, 1.0, 0.0)),
            Placed::Entered(Cell(0, 0))
        );
        assert_eq!(
            grid.place(agent, Vec3::new(17.0, 1.0, 0.0)),
            Placed::Moved {
                from: Cell(0, 0),
                to: Cell(1, 0)
            }
        );
        assert_eq!(grid.remove(agent), Some(Cell(1, 0)));
        assert!(grid.is_empty() && grid.cells.is_empty());
    }
}
