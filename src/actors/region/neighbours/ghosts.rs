//! Ghosts come and go, and their sockets with them.

use super::{Known, SILENT_MS, Sighting};
use crate::actors::region::RegionActor;
use crate::actors::region::border::Waiting;
use crate::actors::region::offer::Destination;
use crate::actors::region::viewers::Viewer;
use crate::base::id::{AgentId, NodeId, SessionId, ShardId};
use crate::domain::agent::Handle;
use crate::domain::region::{Body, Ghost, surroundings};
use crate::domain::space::Cell;

/// How near a ghost must be to the land of a shard for its sockets to see any of it, and one more. Units: cells.
const SIGHT_CELLS: i32 = Viewer::AGENT_REACH_CELLS + 1;

impl RegionActor {
    /// An agent of another shard is near.
    pub(super) fn see_ghost(&mut self, from: ShardId, sighting: Sighting) {
        let agent = sighting.ghost.profile.id;
        if let Some(body) = self.state.as_ref().and_then(|state| state.body(agent)) {
            // It was taken, and this shard is about to hear of it.
            if body.hop < sighting.ghost.hop {
                self.neighbours.early.insert(agent, (from, sighting));
            }
            return;
        }
        self.put_ghost(from, sighting, None);
    }

    fn put_ghost(&mut self, from: ShardId, sighting: Sighting, supposed_at_ms: Option<i64>) {
        let Sighting { ghost, sockets } = sighting;
        let (agent, hop, tick) = (ghost.profile.id, ghost.hop, self.node.tick());
        let Some(state) = &mut self.state else { return };
        let known = state.seen(agent).map(|body| body.hop);
        if !state.put_ghost(from, ghost, tick) {
            return;
        }
        if known.is_some_and(|known| known != hop) {
            // It may have been out of the region in between, where its sockets forgot what they saw.
            self.viewers.refresh_of_agent(agent);
        }
        self.note_beside(agent, &sockets);
        let known = Known {
            sockets,
            supposed_at_ms,
        };
        self.neighbours.ghosts.insert(agent, known);
        self.viewers.refocus(agent);
        self.show_ghost_around(agent);
    }

    /// What is said to an agent beyond the border must get to the nodes of its sockets.
    fn note_beside(&self, agent: AgentId, sockets: &[(SessionId, NodeId)]) {
        if self.node.peers.is_on() {
            let nodes = sockets.iter().map(|(_, node)| *node);
            let others = nodes.filter(|node| *node != self.node.id).collect();
            self.node.directory.note_beside(self.shard.id, agent, others);
        }
    }

    /// An agent of another shard is not near any more.
    pub(super) fn lay_ghost(&mut self, from: ShardId, agent: AgentId) {
        let early = self.neighbours.early.get(&agent);
        if early.is_some_and(|early| early.0 == from) {
            self.neighbours.early.remove(&agent);
        }
        let state = self.state.as_mut();
        if state.is_some_and(|state| state.drop_ghost(from, agent)) {
            self.neighbours.ghosts.remove(&agent);
            self.note_beside(agent, &[]);
            self.viewers.release(agent);
        }
    }

    /// Those of a shard's agents that are so are not near any more.
    pub(super) fn lay_all(&mut self, from: ShardId, is_gone: impl Fn(&AgentId) -> bool) {
        let ghosts = self.state.as_ref().map(|state| state.ghosts_of(from));
        let gone = ghosts.into_iter().flatten().filter(is_gone);
        gone.for_each(|agent| self.lay_ghost(from, agent));
    }

    /// Once a second: sockets of which this node had not heard when it was told of them, ghosts that nobody tells of, and sockets
    /// that did not come after their agents.
    pub(super) fn attend_ghosts(&mut self) {
        let now = self.node.clock.monotonic_ms();
        let is_over = |at: i64| now.saturating_sub(at) > SILENT_MS;
        for agent in self.neighbours.ghosts.keys().copied().collect::<Vec<_>>() {
            let known = self.neighbours.ghosts.get(&agent);
            let is_supposed = known.and_then(|known| known.supposed_at_ms).is_some_and(is_over);
            let from = self.state.as_ref().and_then(|state| state.ghost_shard(agent));
            match from.filter(|_| is_supposed) {
                Some(from) => self.lay_ghost(from, agent),
                None => self.show_ghost_around(agent),
            }
        }
        let came = self.neighbours.came.iter();
        let due: Vec<AgentId> = came
            .filter(|(_, at)| is_over(**at))
            .map(|(agent, _)| *agent)
            .collect();
        for agent in due {
            self.neighbours.came.remove(&agent);
            let body = self.state.as_ref().and_then(|state| state.body(agent));
            let Some(handle) = body.map(|body| body.profile.handle.clone()) else {
                continue;
            };
            let there = self.node.directory.sockets(&handle);
            let is_there = |session: SessionId| there.iter().any(|socket| socket.session == session);
            let own = self
                .viewers
                .of_agent(agent)
                .into_iter()
                .filter(|viewer| viewer.follower.is_none());
            self.viewers
                .set_of_agent(agent, own.filter(|viewer| is_there(viewer.session)).collect());
        }
    }

    /// Sockets of agents that are neither here nor near: they went while nobody told of it.
    pub(super) fn release_strangers(&mut self) {
        let Some(state) = &self.state else { return };
        let owners = self.viewers.owners().into_iter();
        let strangers: Vec<AgentId> = owners.filter(|agent| state.point_of(*agent).is_none()).collect();
        strangers
            .into_iter()
            .for_each(|agent| self.viewers.release(agent));
    }

    /// The sockets of a ghost see the cells of this shard that are around it, as long as there are any.
    pub(in crate::actors::region) fn show_ghost_around(&mut self, agent: AgentId) {
        let (Some(state), Some(known)) = (&self.state, self.neighbours.ghosts.get(&agent)) else {
            return;
        };
        let Some(ghost) = state.seen(agent) else { return };
        let land = self.shard.area.grown(SIGHT_CELLS);
        if !state
            .point_of(agent)
            .is_some_and(|at| land.contains(Cell::of(at)))
        {
            return self.viewers.release(agent);
        }
        let handle = &ghost.profile.handle;
        let viewers = known.sockets.iter().filter_map(|(session, node)| {
            let hub = self.hub_of(handle, *session, *node)?;
            Some(Viewer::of_agent(agent, *session, hub))
        });
        let viewers: Vec<Viewer> = viewers.collect();
        self.viewers.set_of_agent(agent, viewers);
    }

    /// By which hub a socket is reached.
    fn hub_of(&self, handle: &Handle, session: SessionId, node: NodeId) -> Option<usize> {
        if node != self.node.id {
            return self.node.directory.hub_of(node);
        }
        let own = self.node.directory.sockets(handle);
        let found = own.iter().find(|socket| socket.session == session);
        found.map(|socket| socket.hub)
    }

    /// An agent that another shard of the region took is a ghost from now on, if it is near: nobody ceases to see it, nor it them.
    pub(in crate::actors::region) fn leave_ghost(
        &mut self,
        body: &Body,
        to: &Destination,
        waiting: Option<Waiting>,
    ) {
        let (agent, tick) = (body.profile.id, self.node.tick());
        if let Some((from, sighting)) = self.neighbours.early.remove(&agent) {
            return self.put_ghost(from, sighting, None);
        }
        let land = surroundings(&self.shard.area);
        match waiting.filter(|waiting| land.contains(Cell::of(waiting.at))) {
            Some(waiting) => {
                let ghost = Ghost {
                    trajectory: waiting.way.resumed(waiting.at, tick),
                    hop: body.hop.saturating_add(1),
                    ..Ghost::of(body)
                };
                let sockets = self.sockets_of(agent);
                let now = self.node.clock.monotonic_ms();
                self.put_ghost(to.shard, Sighting { ghost, sockets }, Some(now));
            }
            None => self.viewers.release(agent),
        }
    }

    /// An agent is here: what was known of it as a ghost is no use any more.
    pub(in crate::actors::region) fn end_ghost(&mut self, agent: AgentId) {
        self.neighbours.early.remove(&agent);
        let known = self.neighbours.ghosts.remove(&agent);
        if known.is_some_and(|known| !known.sockets.is_empty()) {
            let now = self.node.clock.monotonic_ms();
            self.neighbours.came.insert(agent, now);
        }
        self.note_beside(agent, &[]);
    }
}
