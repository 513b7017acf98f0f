//! Who watches what: the cells that each session sees, and what it begins and ceases to see.

use super::RegionActor;
use crate::actors::hub::Interest;
use crate::actors::mailbox::Seat;
use crate::actors::publication::Publication;
use crate::actors::spectator::SpectatorActor;
use crate::base::id::{AgentId, SessionId};
use crate::base::limit::CAMERA_CELLS_MAX;
use crate::base::time::Tick;
use crate::domain::region::RegionState;
use crate::domain::space::{Cell, CellRect, Vec3};
use bytes::Bytes;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What a viewer looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum Focus {
    /// An agent and so many cells around it.
    Agent(AgentId, i32),
    /// A point and so many cells around it.
    Point(Vec3, i32),
    /// All of the region.
    Everything,
}

/// A session that watches a region.
#[derive(Clone)]
pub struct Viewer {
    /// Which session.
    pub session: SessionId,
    /// The hub of its worker thread.
    pub hub: usize,
    /// What it looks at.
    pub focus: Focus,
    /// The spectator to tell when the agent in focus goes elsewhere.
    pub follower: Option<Seat<SpectatorActor>>,
}

struct Watching {
    viewer: Viewer,
    cells: BTreeSet<Cell>,
    /// It asked anew: all that it sees is sent again.
    is_fresh: bool,
    /// It watches in another shard of the region from now on, and is forgotten when it was told what it sees here no more.
    is_leaving: bool,
}

/// The viewers of a shard.
#[derive(Default)]
pub(super) struct Viewers {
    sessions: HashMap<SessionId, Watching>,
    by_agent: HashMap<AgentId, Vec<SessionId>>,
    watched: HashMap<Cell, u32>,
    stale: BTreeSet<SessionId>,
}

impl Viewers {
    /// Adds a viewer, or changes what it looks at. All that it sees is sent again.
    pub(super) fn put(&mut self, viewer: Viewer) {
        let session = viewer.session;
        let cells = self.take(session);
        if let Focus::Agent(agent, _) = viewer.focus {
            self.by_agent.entry(agent).or_default().push(session);
        }
        self.sessions.insert(
            session,
            Watching {
                viewer,
                cells,
                is_fresh: true,
                is_leaving: false,
            },
        );
        self.stale.insert(session);
    }

    /// Forgets a viewer.
    pub(super) fn remove(&mut self, session: SessionId) {
        for cell in self.take(session) {
            self.unwatch(cell);
        }
    }

    /// Takes a viewer out and returns the cells it saw, which are still counted as watched.
    fn take(&mut self, session: SessionId) -> BTreeSet<Cell> {
        let Some(watching) = self.sessions.remove(&session) else {
            return BTreeSet::new();
        };
        self.stale.remove(&session);
        if let Focus::Agent(agent, _) = watching.viewer.focus
            && let Some(sessions) = self.by_agent.get_mut(&agent)
        {
            sessions.retain(|other| *other != session);
            if sessions.is_empty() {
                self.by_agent.remove(&agent);
            }
        }
        watching.cells
    }

    /// Notes that an agent is in another cell.
    pub(super) fn refocus(&mut self, agent: AgentId) {
        if let Some(sessions) = self.by_agent.get(&agent) {
            self.stale.extend(sessions.iter().copied());
        }
    }

    /// An agent went over to another shard of the region: its own sessions watch there. Spectators watch in all shards, and
    /// see it no more from here.
    pub(super) fn release(&mut self, agent: AgentId) {
        for session in self.by_agent.get(&agent).into_iter().flatten() {
            if let Some(watching) = self.sessions.get_mut(session) {
                watching.is_leaving = watching.viewer.follower.is_none();
            }
        }
        self.refocus(agent);
    }

    /// The viewers that look at an agent.
    pub(super) fn of_agent(&self, agent: AgentId) -> Vec<Viewer> {
        let sessions = self.by_agent.get(&agent).into_iter().flatten();
        sessions
            .filter_map(|session| self.sessions.get(session))
            .map(|watching| watching.viewer.clone())
            .collect()
    }

    /// Whether anybody sees a cell.
    pub(super) fn is_watched(&self, cell: Cell) -> bool {
        self.watched.contains_key(&cell)
    }

    /// Whether somebody's view must be worked out again.
    pub(super) fn has_stale(&self) -> bool {
        !self.stale.is_empty()
    }

    fn unwatch(&mut self, cell: Cell) {
        if let Some(count) = self.watched.get_mut(&cell) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.watched.remove(&cell);
            }
        }
    }

    /// Works out what the stale viewers see now. Interests come by hub.
    pub(super) fn interests(
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
        for session in std::mem::take(&mut self.stale) {
            let Some(watching) = self.sessions.get_mut(&session) else {
                continue;
            };
            let sees = cells_of(&watching.viewer.focus, state, area);
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
            by_hub
                .entry(hub)
                .or_default()
                .push(Interest { session, add, drop });
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
pub(super) fn publish(state: &RegionState, data: Vec<u8>) -> Arc<Publication> {
    Publication::new(format!("region:{}", state.plan.name).into(), Bytes::from(data))
}

fn cells_of(focus: &Focus, state: &RegionState, area: CellRect) -> BTreeSet<Cell> {
    let around = |at: Vec3, reach: i32| {
        Cell::of(at)
            .around(reach)
            .filter(|cell| area.contains(*cell))
            .collect()
    };
    match focus {
        Focus::Agent(agent, reach) => state
            .grid()
            .position(*agent)
            .map(|at| around(at, *reach))
            .unwrap_or_default(),
        Focus::Point(at, reach) => around(*at, *reach),
        Focus::Everything => {
            let rows = (area.y0..area.y1).flat_map(|y| (area.x0..area.x1).map(move |x| Cell(x, y)));
            rows.take(CAMERA_CELLS_MAX).collect()
        }
    }
}

impl RegionActor {
    /// A session watches; it gets its snapshot with the next tick. Returns where its focus is.
    pub(super) fn watch(&mut self, viewer: Viewer) -> Option<Vec3> {
        let at = match &viewer.focus {
            Focus::Agent(agent, _) => self
                .state
                .as_ref()
                .and_then(|state| state.grid().position(*agent)),
            Focus::Point(at, _) => Some(*at),
            Focus::Everything => Some(self.plan.spawn),
        };
        if let (Focus::Agent(agent, _), None) = (&viewer.focus, &viewer.follower) {
            let agent = *agent;
            if self
                .state
                .as_ref()
                .is_none_or(|state| state.body(agent).is_some())
            {
                self.viewers.put(viewer);
                self.note_back(agent);
            }
        } else {
            self.viewers.put(viewer);
        }
        at
    }
}
