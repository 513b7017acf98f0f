//! Telling neighbours of the agents near their land.

use super::{Sighting, Sightings};
use crate::actors::peer::message::News;
use crate::actors::region::{RegionActor, RegionMessage, afar};
use crate::base::id::{AgentId, NodeId, SessionId, ShardId};
use crate::domain::region::{Body, CellChange, Ghost};
use crate::domain::space::{Cell, CellRect};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Agents in one message: it must fit into a batch between nodes.
const SIGHTINGS_MAX: usize = 256;

/// A neighbour to whom is told.
pub(super) struct Told {
    /// Its land and what is around it.
    land: CellRect,
    number: u64,
    /// It must be told everything.
    is_whole_due: bool,
    /// It is told something with the next tick, and be it nothing.
    is_beat_due: bool,
}

impl Told {
    /// One that was told nothing yet.
    pub(super) fn new(land: CellRect) -> Self {
        Self {
            land,
            number: 0,
            is_whole_due: true,
            is_beat_due: true,
        }
    }

    /// It is told something with the next tick.
    pub(super) fn beat(&mut self) {
        self.is_beat_due = true;
    }

    /// It is told everything with the next tick.
    pub(super) fn tell_all(&mut self) {
        self.is_whole_due = true;
    }
}

impl RegionActor {
    /// A neighbour wants to know all.
    pub(in crate::actors::region) fn give_sightings(&mut self, by: ShardId) {
        if let Some(told) = self.neighbours.told.get_mut(&by) {
            told.tell_all();
        }
    }

    /// Each tick: tells each neighbour what changed near its land.
    pub(in crate::actors::region) fn tell_neighbours(&mut self, changes: &BTreeMap<Cell, CellChange>) {
        // Also without neighbours, or they pile up.
        let met = self.viewers.take_met();
        if self.neighbours.told.is_empty() {
            return;
        }
        let Some(state) = &self.state else { return };
        let mut all = std::mem::take(&mut self.neighbours.told);
        for (shard, told) in &mut all {
            let (near, gone) = if told.is_whole_due {
                (state.agents_on(&told.land), Vec::new())
            } else {
                let (mut near, gone) = state.changes_on(&told.land, changes);
                let at = |agent: &AgentId| state.grid().position(*agent);
                let is_there =
                    |agent: &&AgentId| at(agent).is_some_and(|at| told.land.contains(Cell::of(at)));
                near.extend(met.iter().filter(is_there));
                (near, gone)
            };
            if near.is_empty() && gone.is_empty() && !told.is_beat_due && !told.is_whole_due {
                continue;
            }
            let near: BTreeSet<AgentId> = near.into_iter().collect();
            let bodies = near.iter().filter_map(|agent| state.body(*agent));
            let near: Vec<Sighting> = bodies.map(|body| self.sighting(body)).collect();
            self.tell_neighbour(*shard, told, near, gone);
        }
        self.neighbours.told = all;
    }

    fn tell_neighbour(&self, shard: ShardId, told: &mut Told, mut near: Vec<Sighting>, gone: Vec<AgentId>) {
        let mut gone = Some(gone);
        told.is_beat_due = false;
        // One message at least, and no more than are sure to fit.
        loop {
            let rest = near.split_off(near.len().min(SIGHTINGS_MAX));
            told.number = told.number.saturating_add(1);
            let sightings = Arc::new(Sightings {
                epoch: self.lease.epoch(),
                number: told.number,
                is_whole: std::mem::take(&mut told.is_whole_due),
                is_last: rest.is_empty(),
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

    /// An agent's own sockets that watch here, and the nodes that they are connected to.
    pub(super) fn sockets_of(&self, agent: AgentId) -> Vec<(SessionId, NodeId)> {
        let hubs = self.node.directory.hubs();
        let viewers = self.viewers.of_agent(agent).into_iter();
        viewers
            .filter(|viewer| viewer.follower.is_none())
            .filter_map(|viewer| Some((viewer.session, hubs.get(viewer.hub)?.node.unwrap_or(self.node.id))))
            .collect()
    }
}
