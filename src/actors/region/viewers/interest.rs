//! What each session begins and ceases to see.

use super::Viewers;
use crate::actors::hub::Interest;
use crate::actors::publication::Publication;
use crate::base::time::Tick;
use crate::domain::region::RegionState;
use crate::domain::space::{Cell, CellRect};
use bytes::Bytes;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

impl Viewers {
    /// Works out what the stale viewers see now, and what is news for those who see all. Interests come by hub.
    pub(in crate::actors::region) fn interests(
        &mut self,
        state: &RegionState,
        area: CellRect,
        tick: Tick,
    ) -> BTreeMap<usize, Vec<Interest>> {
        let mut snapshots = Snapshots {
            state,
            tick,
            made: HashMap::new(),
        };
        let mut by_hub: BTreeMap<usize, Vec<Interest>> = BTreeMap::new();
        if let Some((overview, sessions)) = self.overview(state, tick) {
            let told = sessions
                .iter()
                .filter_map(|session| Some((session, self.sessions.get(session)?)));
            for (session, watching) in told {
                by_hub.entry(watching.viewer.hub).or_default().push(Interest {
                    session: *session,
                    add: Vec::new(),
                    drop: Vec::new(),
                    overview: Some(Arc::clone(&overview)),
                });
            }
        }
        for session in std::mem::take(&mut self.stale) {
            let Some(watching) = self.sessions.get_mut(&session) else {
                continue;
            };
            let sees = if watching.is_leaving {
                BTreeSet::new()
            } else {
                watching.viewer.focus.cells(state, area)
            };
            let added: Vec<Cell> = sees.difference(&watching.cells).copied().collect();
            let add: Vec<Cell> = if watching.is_fresh {
                sees.iter().copied().collect()
            } else {
                added.clone()
            };
            let drop: Vec<Cell> = watching.cells.difference(&sees).copied().collect();
            (watching.cells, watching.is_fresh) = (sees, false);
            let hub = watching.viewer.hub;
            for cell in &added {
                let count = self.watched.entry(*cell).or_insert(0);
                *count = count.saturating_add(1);
            }
            let is_leaving = watching.is_leaving;
            for cell in &drop {
                self.unwatch(*cell);
            }
            if is_leaving {
                self.remove(session);
            }
            if add.is_empty() && drop.is_empty() {
                continue;
            }
            let add = add.into_iter().map(|cell| (cell, snapshots.of(cell))).collect();
            let drop = drop
                .into_iter()
                .map(|cell| (cell, Some(snapshots.dropped(cell))))
                .collect();
            by_hub.entry(hub).or_default().push(Interest {
                session,
                add,
                drop,
                overview: None,
            });
        }
        by_hub
    }
}

/// Snapshots of cells, each made once a tick.
struct Snapshots<'a> {
    state: &'a RegionState,
    tick: Tick,
    made: HashMap<Cell, Arc<Publication>>,
}

impl Snapshots<'_> {
    /// None for an empty cell: there is nothing to tell.
    fn of(&mut self, cell: Cell) -> Option<Arc<Publication>> {
        let (state, tick) = (self.state, self.tick);
        if state.grid().in_cell(cell).is_empty() {
            return None;
        }
        let made = self
            .made
            .entry(cell)
            .or_insert_with(|| publish(state, state.snapshot(cell, tick)));
        Some(Arc::clone(made))
    }

    fn dropped(&self, cell: Cell) -> Arc<Publication> {
        let notice = json!({"tick": self.tick, "cell": cell, "dropped": true});
        publish(self.state, notice.to_string().into_bytes())
    }
}

/// A publication on the region's channel.
pub(in crate::actors::region) fn publish(state: &RegionState, data: Vec<u8>) -> Arc<Publication> {
    Publication::new(format!("region:{}", state.plan.name).into(), Bytes::from(data))
}
