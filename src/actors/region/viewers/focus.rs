//! What a viewer looks at, and the cells that it sees there.

use crate::base::id::AgentId;
use crate::domain::region::{RegionState, block_cells};
use crate::domain::space::{Cell, CellRect, Vec3};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Cells around its centre that a camera sees as they are while it sees a large region from above.
const DETAIL_CELLS: i32 = 3;

/// What a viewer looks at.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Focus {
    /// Whom or where.
    pub centre: Centre,
    /// So many cells around it in each direction; none for all of the region.
    pub reach: Option<i32>,
}

/// The middle of what a viewer sees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Centre {
    /// An agent, wherever it goes.
    Agent(AgentId),
    /// A point.
    Point(Vec3),
}

impl Focus {
    /// The agent that it looks at.
    pub(super) fn agent(&self) -> Option<AgentId> {
        match self.centre {
            Centre::Agent(agent) => Some(agent),
            Centre::Point(_) => None,
        }
    }

    /// The cells of the area that are seen one by one. From above a large region those are the few around the centre.
    pub(super) fn cells(&self, state: &RegionState, area: CellRect) -> BTreeSet<Cell> {
        let around = |at: Vec3, reach: i32| {
            Cell::of(at)
                .around(reach)
                .filter(|cell| area.contains(*cell))
                .collect()
        };
        if self.reach.is_none() && block_cells(state.plan.size_m).is_none() {
            return (area.y0..area.y1)
                .flat_map(|y| (area.x0..area.x1).map(move |x| Cell(x, y)))
                .collect();
        }
        let at = match self.centre {
            Centre::Agent(agent) => state.point_of(agent),
            Centre::Point(at) => Some(at),
        };
        at.map(|at| around(at, self.reach.unwrap_or(DETAIL_CELLS)))
            .unwrap_or_default()
    }
}
