//! A large region from above, for those who see all of it: when it is told anew, and to whom.

use super::{Viewers, publish};
use crate::actors::publication::Publication;
use crate::base::id::SessionId;
use crate::base::time::Tick;
use crate::domain::region::{BlockCounts, RegionState, block_cells};
use std::sync::Arc;

/// Between two overviews of a large region. Units: seconds.
const OVERVIEW_S: f64 = 1.0;

/// What was told last of the region from above, and when.
#[derive(Default)]
pub(super) struct Counted {
    at: Option<Tick>,
    counts: BlockCounts,
}

impl Viewers {
    /// The overview of a large region, when it is news: with those it is news for.
    pub(super) fn overview(
        &mut self,
        state: &RegionState,
        tick: Tick,
    ) -> Option<(Arc<Publication>, Vec<SessionId>)> {
        let cells = block_cells(state.plan.size_m).filter(|_| !self.above.is_empty())?;
        let rate = state.rate;
        let is_fresh = |session: &&SessionId| {
            let watching = self.sessions.get(*session);
            watching.is_some_and(|watching| watching.is_fresh)
        };
        let fresh: Vec<SessionId> = self.above.iter().filter(is_fresh).copied().collect();
        let is_due = |at: Tick| rate.seconds_between(at, tick) >= OVERVIEW_S;
        if fresh.is_empty() && !self.counted.at.is_none_or(is_due) {
            return None;
        }
        let counts = state.count_blocks(cells);
        let is_news = counts != self.counted.counts;
        let to = if is_news {
            self.above.iter().copied().collect()
        } else {
            fresh
        };
        self.counted.at = Some(tick);
        if to.is_empty() {
            return None;
        }
        let publication = publish(state, state.overview(cells, &counts, tick));
        self.counted.counts = counts;
        Some((publication, to))
    }
}
