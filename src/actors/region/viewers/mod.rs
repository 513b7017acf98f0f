//! Who watches what: the viewers of a shard.

mod focus;
mod interest;
mod overview;

pub use focus::{Centre, Focus};
pub(super) use interest::publish;

use super::RegionActor;
use crate::actors::spectator::Follower;
use crate::base::id::{AgentId, SessionId};
use crate::base::map::IdMap;
use crate::domain::space::{Cell, Vec3};
use std::collections::{BTreeMap, BTreeSet};

/// A session that watches a region.
#[derive(Clone)]
pub struct Viewer {
    /// Which session.
    pub session: SessionId,
    /// The hub of its shard thread.
    pub hub: usize,
    /// What it looks at.
    pub focus: Focus,
    /// The spectator to tell when the agent in focus goes elsewhere.
    pub follower: Option<Follower>,
}

impl Viewer {
    /// Cells that an agent's own sockets see around its cell in each direction.
    pub const AGENT_REACH_CELLS: i32 = 1;

    /// A socket of an agent.
    pub fn of_agent(agent: AgentId, session: SessionId, hub: usize) -> Self {
        let (centre, reach) = (Centre::Agent(agent), Some(Self::AGENT_REACH_CELLS));
        Self {
            session,
            hub,
            focus: Focus { centre, reach },
            follower: None,
        }
    }

    /// The agent whose own socket it is.
    fn owner(&self) -> Option<AgentId> {
        self.focus.agent().filter(|_| self.follower.is_none())
    }
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
    sessions: IdMap<SessionId, Watching>,
    by_agent: IdMap<AgentId, Vec<SessionId>>,
    watched: IdMap<Cell, u32>,
    stale: BTreeSet<SessionId>,
    /// How many of them each hub has.
    hubs: BTreeMap<usize, u32>,
    /// Those of which that may have changed.
    changed_hubs: BTreeSet<usize>,
    /// Those who see all of the region.
    above: BTreeSet<SessionId>,
    counted: overview::Counted,
    /// Agents of whose own sockets one came or went, and those who are called otherwise now.
    met: BTreeSet<AgentId>,
}

impl Viewers {
    /// Adds a viewer, or changes what it looks at. All that it sees is sent again.
    pub(super) fn put(&mut self, viewer: Viewer) {
        let session = viewer.session;
        let cells = self.take(session);
        self.met.extend(viewer.owner());
        if let Some(agent) = viewer.focus.agent() {
            self.by_agent.entry(agent).or_default().push(session);
        }
        if viewer.focus.reach.is_none() {
            self.above.insert(session);
        }
        let count = self.hubs.entry(viewer.hub).or_default();
        if *count == 0 {
            self.changed_hubs.insert(viewer.hub);
        }
        *count = count.saturating_add(1);
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
        self.met.extend(watching.viewer.owner());
        self.stale.remove(&session);
        self.above.remove(&session);
        if let Some(count) = self.hubs.get_mut(&watching.viewer.hub) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.changed_hubs.insert(watching.viewer.hub);
            }
        }
        self.hubs.retain(|_, count| *count > 0);
        if let Some(agent) = watching.viewer.focus.agent()
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

    /// A session sees nothing here any more, and is forgotten when it was told so.
    fn dismiss(&mut self, session: SessionId) {
        if let Some(watching) = self.sessions.get_mut(&session) {
            watching.is_leaving = true;
            self.stale.insert(session);
        }
    }

    /// An agent's own sockets may have forgotten what they saw: it is sent again.
    pub(super) fn refresh_of_agent(&mut self, agent: AgentId) {
        let own = self
            .of_agent(agent)
            .into_iter()
            .filter(|viewer| viewer.follower.is_none());
        self.refresh(own.map(|viewer| viewer.session));
    }

    /// The sessions that are reached by a hub may have missed something: what they see is sent again.
    pub(super) fn refresh_of_hub(&mut self, hub: usize) {
        self.refresh(self.of_hub(hub));
    }

    fn refresh(&mut self, sessions: impl IntoIterator<Item = SessionId>) {
        for session in sessions {
            if let Some(watching) = self.sessions.get_mut(&session) {
                watching.is_fresh = true;
                self.stale.insert(session);
            }
        }
    }

    /// The agents of own sockets.
    pub(super) fn owners(&self) -> BTreeSet<AgentId> {
        let watching = self.sessions.values();
        watching.filter_map(|watching| watching.viewer.owner()).collect()
    }

    /// Something is news of an agent that changes no frame.
    pub(super) fn note_met(&mut self, agent: AgentId) {
        self.met.insert(agent);
    }

    /// These are an agent's own sockets now. Those that are known go on seeing what they see.
    pub(super) fn set_of_agent(&mut self, agent: AgentId, own: Vec<Viewer>) {
        for known in self.of_agent(agent) {
            let is_own = known.follower.is_none();
            if is_own && !own.iter().any(|viewer| viewer.session == known.session) {
                // It may be there still, and be told what it sees here no more.
                self.dismiss(known.session);
            }
        }
        for viewer in own {
            match self.sessions.get_mut(&viewer.session) {
                Some(watching)
                    if watching.viewer.hub == viewer.hub && watching.viewer.focus == viewer.focus =>
                {
                    watching.is_leaving = false;
                }
                _ => self.put(viewer),
            }
        }
    }

    /// The agents of whose own sockets one came or went, or who are called otherwise, since this was last asked.
    pub(super) fn take_met(&mut self) -> BTreeSet<AgentId> {
        std::mem::take(&mut self.met)
    }

    /// The viewers that look at an agent.
    pub(super) fn of_agent(&self, agent: AgentId) -> Vec<Viewer> {
        let sessions = self.by_agent.get(&agent).into_iter().flatten();
        sessions
            .filter_map(|session| self.sessions.get(session))
            .map(|watching| watching.viewer.clone())
            .collect()
    }

    /// All of them, with their hubs.
    pub(super) fn all(&self) -> impl Iterator<Item = (SessionId, usize)> {
        self.sessions
            .iter()
            .map(|(session, watching)| (*session, watching.viewer.hub))
    }

    /// Whether a hub has any of them.
    pub(super) fn has_hub(&self, hub: usize) -> bool {
        self.hubs.contains_key(&hub)
    }

    /// The sessions that are reached by a hub.
    pub(super) fn of_hub(&self, hub: usize) -> Vec<SessionId> {
        self.all()
            .filter(|(_, of)| *of == hub)
            .map(|(session, _)| session)
            .collect()
    }

    /// The hubs that came to have some of them, or none any more, since this was last asked.
    pub(super) fn take_changed_hubs(&mut self) -> Vec<(usize, bool)> {
        let changed = std::mem::take(&mut self.changed_hubs).into_iter();
        changed.map(|hub| (hub, self.has_hub(hub))).collect()
    }

    /// Whether anybody sees a cell.
    pub(super) fn is_watched(&self, cell: Cell) -> bool {
        self.watched.contains_key(&cell)
    }

    fn unwatch(&mut self, cell: Cell) {
        if let Some(count) = self.watched.get_mut(&cell) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.watched.remove(&cell);
            }
        }
    }
}

impl RegionActor {
    /// A session watches; it gets its snapshot with the next tick. Returns where its focus is.
    pub(super) fn watch(&mut self, viewer: Viewer) -> Option<Vec3> {
        let state = self.state.as_ref();
        let at = match viewer.focus.centre {
            Centre::Agent(agent) => state.and_then(|state| state.grid().position(agent)),
            Centre::Point(at) => Some(at),
        };
        match (viewer.focus.agent(), &viewer.follower) {
            (Some(agent), None) => {
                if state.is_none_or(|state| state.body(agent).is_some()) {
                    self.viewers.put(viewer);
                    self.note_back(agent);
                }
            }
            _ => self.viewers.put(viewer),
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewer(session: u128, hub: usize) -> Viewer {
        Viewer {
            session: SessionId(uuid::Uuid::from_u128(session)),
            hub,
            focus: Focus {
                centre: Centre::Point(Vec3::new(1.0, 1.0, 1.0)),
                reach: Some(1),
            },
            follower: None,
        }
    }

    #[test]
    fn a_hub_has_viewers_until_the_last_of_its_own_is_removed() {
        let mut viewers = Viewers::default();
        let (first, second, other) = (viewer(1, 0), viewer(2, 0), viewer(3, 1));
        // Who looks elsewhere is put again.
        for put in [&first, &second, &other, &first] {
            viewers.put(put.clone());
        }
        viewers.remove(first.session);
        viewers.remove(first.session);
        assert!(viewers.has_hub(0) && viewers.has_hub(1));
        viewers.remove(second.session);
        assert!(!viewers.has_hub(0) && viewers.has_hub(1));
    }
}
