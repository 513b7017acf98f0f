//! Neighbouring shards of a region tell one another of the agents near their borders: once a tick what changed, numbered, and each
//! second that there is nothing. Who misses a number asks for all of it. So a shard has *ghosts* of those beyond its border, and the
//! sockets of those who stand near it see its cells.

use super::border::Waiting;
use super::offer::Destination;
use super::viewers::Viewer;
use super::{RegionActor, RegionMessage, afar};
use crate::actors::peer::message::News;
use crate::base::id::{AgentId, NodeId, SessionId, ShardId};
use crate::base::time::Tick;
use crate::domain::agent::Handle;
use crate::domain::region::{Body, CellChange, Ghost, surroundings};
use crate::domain::space::{Cell, CellRect};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// How long ghosts stay of a shard that says nothing. Units: seconds.
const SILENT_S: f64 = 3.0;
/// Agents in one message: it must fit into a batch between nodes.
const SIGHTINGS_MAX: usize = 256;
/// How near a ghost must be to the land of a shard for its sockets to see any of it, and one more. Units: cells.
const SIGHT_CELLS: i32 = Viewer::AGENT_REACH_CELLS + 1;

/// What a shard tells a neighbour of its agents near that one's land.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sightings {
    /// Under which lease of the shard that tells.
    epoch: i64,
    /// Counted up by one with each that is told; one that is missing was lost.
    number: u64,
    /// Whether these are all that there are, up to here.
    is_whole: bool,
    /// Who is there and looks or goes otherwise than told before.
    near: Vec<Sighting>,
    /// Who is not there any more.
    gone: Vec<AgentId>,
}

/// What is told of one agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sighting {
    ghost: Ghost,
    /// Its sockets, and the nodes that they are connected to.
    sockets: Vec<(SessionId, NodeId)>,
}

/// What a shard tells its neighbours, and heard from them.
#[derive(Default)]
pub(super) struct Neighbours {
    told: BTreeMap<ShardId, Told>,
    heard: BTreeMap<ShardId, Heard>,
    /// Of ghosts.
    sockets: HashMap<AgentId, Vec<(SessionId, NodeId)>>,
    /// Of agents that are still here, as far as this shard knows, and of whom the one that took them told already.
    early: HashMap<AgentId, (ShardId, Sighting)>,
}

/// A neighbour to whom is told.
struct Told {
    /// Its land and what is around it.
    land: CellRect,
    number: u64,
    /// It must be told everything, as soon as it can be reached.
    is_whole_due: bool,
    /// It is told something with the next tick, and be it nothing.
    is_beat_due: bool,
}

/// Up to where a neighbour was heard.
struct Heard {
    epoch: i64,
    number: u64,
    at: Tick,
    /// Something is missing: it was asked for all.
    is_torn: bool,
}

impl Neighbours {
    fn forget(&mut self, agent: AgentId) {
        self.sockets.remove(&agent);
        self.early.remove(&agent);
    }
}

impl RegionActor {
    /// After a start: nothing is known of the neighbours, nor they of this shard.
    pub(super) fn greet_neighbours(&mut self) {
        self.neighbours = Neighbours::default();
        self.node.directory.forget_beside(self.shard.id);
        self.attend_neighbours();
    }

    /// Once a second: who are neighbours, who of them was not heard, and that each of them hears something.
    pub(super) fn attend_neighbours(&mut self) {
        let world = self.node.directory.world();
        let land = surroundings(&self.shard.area);
        let is_near = |other: &CellRect| land.overlaps(other);
        let neighbours: BTreeMap<ShardId, CellRect> = world
            .shards
            .iter()
            .filter(|other| {
                other.region == self.plan.name && other.id != self.shard.id && is_near(&other.area)
            })
            .map(|other| (other.id, surroundings(&other.area)))
            .collect();
        self.neighbours
            .told
            .retain(|shard, _| neighbours.contains_key(shard));
        for (shard, land) in neighbours {
            let told = self.neighbours.told.entry(shard).or_insert(Told {
                land,
                number: 0,
                is_whole_due: true,
                is_beat_due: true,
            });
            (told.land, told.is_beat_due) = (land, true);
        }
        self.expire_heard();
        let is_heard = |shard: &ShardId| {
            self.neighbours
                .heard
                .get(shard)
                .is_some_and(|heard| !heard.is_torn)
        };
        let unheard: Vec<ShardId> = self
            .neighbours
            .told
            .keys()
            .filter(|shard| !is_heard(shard))
            .copied()
            .collect();
        unheard.into_iter().for_each(|shard| self.ask_sightings(shard));
        // Sockets of which this node had not heard when it was told of them.
        let ghosts: Vec<AgentId> = self.neighbours.sockets.keys().copied().collect();
        ghosts.into_iter().for_each(|agent| self.show_ghost_around(agent));
    }

    fn expire_heard(&mut self) {
        let (tick, rate) = (self.node.tick(), self.node.rate);
        let told = &self.neighbours.told;
        let is_silent = |(shard, heard): (&ShardId, &Heard)| {
            let is_over = rate.seconds_between(heard.at, tick) > SILENT_S || !told.contains_key(shard);
            is_over.then_some(*shard)
        };
        let silent: Vec<ShardId> = self.neighbours.heard.iter().filter_map(is_silent).collect();
        for shard in silent {
            self.neighbours.heard.remove(&shard);
            let ghosts = self.state.as_ref().map(|state| state.ghosts_of(shard));
            ghosts
                .into_iter()
                .flatten()
                .for_each(|agent| self.lay_ghost(shard, agent));
        }
    }

    fn ask_sightings(&self, shard: ShardId) {
        let by = self.shard.id;
        afar::tell(
            &self.node,
            shard,
            || RegionMessage::AskSightings(by),
            || News::AskSightings(shard, by),
        );
    }

    /// A neighbour wants to know all.
    pub(super) fn give_sightings(&mut self, by: ShardId) {
        if let Some(told) = self.neighbours.told.get_mut(&by) {
            told.is_whole_due = true;
        }
    }

    /// Each tick: tells each neighbour what changed near its land.
    pub(super) fn tell_neighbours(&mut self, changes: &BTreeMap<Cell, CellChange>) {
        // Also without neighbours, or they pile up.
        let met = self.viewers.take_met();
        if self.neighbours.told.is_empty() {
            return;
        }
        let Some(state) = &self.state else { return };
        let mut told = std::mem::take(&mut self.neighbours.told);
        for (shard, told) in &mut told {
            let is_whole = told.is_whole_due;
            let (near, gone) = if is_whole {
                (state.agents_on(&told.land), Vec::new())
            } else {
                let (mut near, gone) = state.changes_on(&told.land, changes);
                let is_there = |agent: &&AgentId| {
                    let at = state.grid().position(**agent);
                    at.is_some_and(|at| told.land.contains(Cell::of(at)))
                };
                near.extend(met.iter().filter(is_there));
                (near, gone)
            };
            let near: BTreeSet<AgentId> = near.into_iter().collect();
            if near.is_empty() && gone.is_empty() && !told.is_beat_due && !is_whole {
                continue;
            }
            let near: Vec<Sighting> = near
                .iter()
                .filter_map(|agent| Some(self.sighting(state.body(*agent)?)))
                .collect();
            self.tell_neighbour(*shard, told, near, gone);
        }
        self.neighbours.told = told;
    }

    fn tell_neighbour(&self, shard: ShardId, told: &mut Told, near: Vec<Sighting>, gone: Vec<AgentId>) {
        let (mut near, mut gone) = (near, Some(gone));
        // One message at least, and no more than are sure to fit.
        loop {
            let rest = near.split_off(near.len().min(SIGHTINGS_MAX));
            told.number = told.number.saturating_add(1);
            let sightings = Arc::new(Sightings {
                epoch: self.lease.epoch(),
                number: told.number,
                is_whole: std::mem::take(&mut told.is_whole_due),
                near,
                gone: gone.take().unwrap_or_default(),
            });
            let from = self.shard.id;
            let is_told = afar::tell(
                &self.node,
                shard,
                || RegionMessage::Sightings(from, Arc::clone(&sightings)),
                || News::Sightings(shard, from, Arc::clone(&sightings)),
            );
            told.is_beat_due = false;
            // Who could not be told notices the gap when there is something again, and asks.
            if !is_told || rest.is_empty() {
                return;
            }
            near = rest;
        }
    }

    fn sighting(&self, body: &Body) -> Sighting {
        Sighting {
            ghost: Ghost::of(body),
            sockets: self.sockets_of(body.profile.id),
        }
    }

    /// An agent's own sockets that watch here.
    fn sockets_of(&self, agent: AgentId) -> Vec<(SessionId, NodeId)> {
        let hubs = self.node.directory.hubs();
        let own = self
            .viewers
            .of_agent(agent)
            .into_iter()
            .filter(|viewer| viewer.follower.is_none());
        own.filter_map(|viewer| Some((viewer.session, hubs.get(viewer.hub)?.node.unwrap_or(self.node.id))))
            .collect()
    }

    /// A neighbour tells of its agents near this shard's land.
    pub(super) fn hear_sightings(&mut self, from: ShardId, sightings: &Sightings) {
        if self.state.is_none() {
            return;
        }
        let Sightings { epoch, number, .. } = *sightings;
        let at = self.node.tick();
        match self.neighbours.heard.get_mut(&from) {
            Some(heard) if epoch < heard.epoch => return,
            Some(heard) if !sightings.is_whole => {
                let is_next = epoch == heard.epoch && number == heard.number.saturating_add(1);
                if !is_next && !std::mem::replace(&mut heard.is_torn, true) {
                    self.ask_sightings(from);
                }
                if !is_next || self.neighbours.heard.get(&from).is_none_or(|heard| heard.is_torn) {
                    return;
                }
            }
            None if !sightings.is_whole => return self.ask_sightings(from),
            Some(_) | None => {}
        }
        let is_torn = false;
        self.neighbours.heard.insert(
            from,
            Heard {
                epoch,
                number,
                at,
                is_torn,
            },
        );
        if sightings.is_whole {
            let told: BTreeSet<AgentId> = sightings
                .near
                .iter()
                .map(|sighting| sighting.ghost.profile.id)
                .collect();
            let known = self.state.as_ref().map(|state| state.ghosts_of(from));
            let gone = known.into_iter().flatten().filter(|agent| !told.contains(agent));
            gone.for_each(|agent| self.lay_ghost(from, agent));
        }
        for sighting in &sightings.near {
            self.see_ghost(from, sighting.clone());
        }
        for agent in &sightings.gone {
            self.lay_ghost(from, *agent);
        }
    }

    /// An agent of another shard is near.
    fn see_ghost(&mut self, from: ShardId, sighting: Sighting) {
        let (agent, tick) = (sighting.ghost.profile.id, self.node.tick());
        let Some(state) = &mut self.state else { return };
        if let Some(body) = state.body(agent) {
            // It was taken, and this shard is about to hear of it.
            if body.hop < sighting.ghost.hop {
                self.neighbours.early.insert(agent, (from, sighting));
            }
            return;
        }
        let Sighting { ghost, sockets } = sighting;
        if !state.put_ghost(from, ghost, tick) {
            return;
        }
        let here = self.node.id;
        let nodes = sockets
            .iter()
            .map(|(_, node)| *node)
            .filter(|node| *node != here)
            .collect();
        self.node.directory.note_beside(self.shard.id, agent, nodes);
        self.neighbours.sockets.insert(agent, sockets);
        self.viewers.refocus(agent);
        self.show_ghost_around(agent);
    }

    /// An agent of another shard is not near any more.
    fn lay_ghost(&mut self, from: ShardId, agent: AgentId) {
        if self
            .neighbours
            .early
            .get(&agent)
            .is_some_and(|early| early.0 == from)
        {
            self.neighbours.early.remove(&agent);
        }
        if self
            .state
            .as_mut()
            .is_some_and(|state| state.drop_ghost(from, agent))
        {
            self.neighbours.forget(agent);
            self.node.directory.note_beside(self.shard.id, agent, Vec::new());
            self.viewers.release(agent);
        }
    }

    /// The sockets of a ghost see the cells of this shard that are around it, as long as there are any.
    pub(super) fn show_ghost_around(&mut self, agent: AgentId) {
        let Some(state) = &self.state else { return };
        let (Some(_), Some(ghost)) = (state.ghost_shard(agent), state.seen(agent)) else {
            return;
        };
        let Some(sockets) = self.neighbours.sockets.get(&agent) else {
            return;
        };
        let land = self.shard.area.grown(SIGHT_CELLS);
        if !state
            .point_of(agent)
            .is_some_and(|at| land.contains(Cell::of(at)))
        {
            return self.viewers.release(agent);
        }
        let handle = &ghost.profile.handle;
        let viewers = sockets.iter().filter_map(|(session, node)| {
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
    pub(super) fn leave_ghost(&mut self, body: &Body, to: &Destination, waiting: Option<Waiting>) {
        let (agent, tick) = (body.profile.id, self.node.tick());
        let early = self.neighbours.early.remove(&agent);
        let walked = || {
            let waiting =
                waiting.filter(|waiting| surroundings(&self.shard.area).contains(Cell::of(waiting.at)))?;
            let mut ghost = Ghost::of(body);
            ghost.trajectory = waiting.way.resumed(waiting.at, tick);
            ghost.hop = body.hop.saturating_add(1);
            let sockets = self.sockets_of(agent);
            Some((to.shard, Sighting { ghost, sockets }))
        };
        match early.or_else(walked) {
            Some((from, sighting)) => self.see_ghost(from, sighting),
            None => self.viewers.release(agent),
        }
    }

    /// An agent is here: what was known of it as a ghost is no use any more.
    pub(super) fn end_ghost(&mut self, agent: AgentId) {
        self.neighbours.forget(agent);
        self.node.directory.note_beside(self.shard.id, agent, Vec::new());
    }
}
