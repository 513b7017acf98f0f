//! Ghosts: agents of a region's other shards that are near this one's land, as those shards told. With them nobody notices a border:
//! they are perceived, spoken to and seen like those who are here; only the shard that has an agent moves it.

use super::border::Beyond;
use super::frame::CellChange;
use super::state::{Body, RegionState};
use super::step::Step;
use crate::base::id::{AgentId, ShardId};
use crate::base::map::IdMap;
use crate::base::time::{Tick, TickRate};
use crate::domain::agent::{Handle, Profile};
use crate::domain::space::grid::Placed;
use crate::domain::space::{Cell, CellRect, Grid, Trajectory, Vec3};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// How far beyond its border a shard knows who is there: the 100 m of the loudest voice, in whole cells. Source: architecture.md §7.
const REACH_CELLS: i32 = 7;

/// What a shard tells of one of its agents.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ghost {
    /// Who it is.
    pub profile: Arc<Profile>,
    /// Where it goes.
    pub trajectory: Trajectory,
    /// What it shows of what it does.
    pub status: String,
    /// How many hand-offs it went through: what is known after more of them is newer.
    pub hop: i64,
}

impl Ghost {
    /// What others see of a body.
    pub fn of(body: &Body) -> Self {
        Self {
            profile: Arc::clone(&body.profile),
            trajectory: body.trajectory,
            status: body.status.clone(),
            hop: body.hop,
        }
    }
}

/// The agents of other shards near this one's land.
#[derive(Clone, Debug, Default)]
pub(super) struct Ghosts {
    bodies: IdMap<AgentId, (ShardId, Body)>,
    handles: HashMap<Handle, AgentId>,
    grid: Grid,
    moving: BTreeSet<AgentId>,
}

impl Ghosts {
    fn put(&mut self, from: ShardId, ghost: Ghost, tick: Tick, rate: &TickRate) {
        let Ghost {
            profile,
            trajectory,
            status,
            hop,
        } = ghost;
        let agent = profile.id;
        let at = trajectory.at(tick, rate).0;
        if trajectory.is_moving() {
            self.moving.insert(agent);
        } else {
            self.moving.remove(&agent);
        }
        self.handles.insert(profile.handle.clone(), agent);
        let (shard, body) = self
            .bodies
            .entry(agent)
            .or_insert_with(|| (from, Body::standing(Arc::clone(&profile), at, tick, hop)));
        (*shard, body.hop) = (from, hop);
        (body.profile, body.trajectory, body.status) = (profile, trajectory, status);
        self.grid.place(agent, at);
    }

    /// Where one is known to go, for those who follow it.
    pub(super) fn beyond(&self, agent: AgentId) -> Option<(AgentId, Beyond)> {
        let (shard, body) = self.bodies.get(&agent)?;
        let (shard, trajectory) = (*shard, body.trajectory);
        Some((agent, Beyond { shard, trajectory }))
    }

    pub(super) fn remove(&mut self, agent: AgentId) -> bool {
        let Some((_, body)) = self.bodies.remove(&agent) else {
            return false;
        };
        self.handles.remove(&body.profile.handle);
        self.grid.remove(agent);
        self.moving.remove(&agent);
        true
    }

    /// Moves them to where they are at a tick.
    pub(super) fn step(&mut self, tick: Tick, rate: &TickRate, steps: &mut Vec<Step>) {
        let (bodies, grid) = (&self.bodies, &mut self.grid);
        self.moving.retain(|agent| {
            let Some((_, body)) = bodies.get(agent) else {
                return false;
            };
            let (at, has_arrived) = body.trajectory.at(tick, rate);
            if let Placed::Moved { to, .. } = grid.place(*agent, at) {
                steps.push(Step::EnteredCell(*agent, to));
            }
            !has_arrived
        });
    }
}

/// The land of an area and around it, from which its shard is told of ghosts.
pub fn surroundings(area: &CellRect) -> CellRect {
    area.grown(REACH_CELLS)
}

impl RegionState {
    /// Notes what another shard told of an agent of its own. One that is here itself is no ghost, and what is older than what is known
    /// changes nothing. Whether it was noted.
    pub fn put_ghost(&mut self, from: ShardId, ghost: Ghost, tick: Tick) -> bool {
        let agent = ghost.profile.id;
        let is_older = self
            .ghosts
            .bodies
            .get(&agent)
            .is_some_and(|(_, known)| known.hop > ghost.hop);
        if is_older || self.bodies.contains_key(&agent) {
            return false;
        }
        self.ghosts.put(from, ghost, tick, &self.rate);
        true
    }

    /// Forgets an agent that is not near any more, unless another shard told of it since. Whether it was forgotten.
    pub fn drop_ghost(&mut self, from: ShardId, agent: AgentId) -> bool {
        self.ghost_shard(agent) == Some(from) && self.ghosts.remove(agent)
    }

    /// The shard that has an agent of which there is a ghost here.
    pub fn ghost_shard(&self, agent: AgentId) -> Option<ShardId> {
        self.ghosts.bodies.get(&agent).map(|(shard, _)| *shard)
    }

    /// The ghosts of a shard's agents.
    pub fn ghosts_of(&self, shard: ShardId) -> Vec<AgentId> {
        let of_shard = self.ghosts.bodies.iter().filter(|(_, row)| row.0 == shard);
        of_shard.map(|(agent, _)| *agent).collect()
    }

    /// An agent's body, or what is known of it beyond the border.
    pub fn seen(&self, agent: AgentId) -> Option<&Body> {
        let ghost = || self.ghosts.bodies.get(&agent).map(|(_, body)| body);
        self.bodies.get(&agent).or_else(ghost)
    }

    /// The same by the public handle.
    pub fn seen_by_handle(&self, handle: &Handle) -> Option<&Body> {
        let ghost = || self.seen(*self.ghosts.handles.get(handle)?);
        self.body_by_handle(handle).or_else(ghost)
    }

    /// Where an agent was at the last step, here or beyond the border.
    pub fn point_of(&self, agent: AgentId) -> Option<Vec3> {
        let ghost = || self.ghosts.grid.position(agent);
        self.grid.position(agent).or_else(ghost)
    }

    /// Agents within `radius_m` of `centre` with their distances, nearest first (then by id), at most `limit`, those beyond a border
    /// too. Units: metres.
    pub fn near(&self, centre: Vec3, radius_m: f64, limit: usize) -> Vec<(AgentId, f64)> {
        let mut found = self.grid.near(centre, radius_m, limit);
        if !self.ghosts.grid.is_empty() {
            found.extend(self.ghosts.grid.near(centre, radius_m, limit));
            found.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
            found.truncate(limit);
        }
        found
    }

    /// The agents here that stand on some land.
    pub fn agents_on(&self, land: &CellRect) -> Vec<AgentId> {
        let cells = self.grid.occupied().filter(|(cell, _)| land.contains(*cell));
        cells
            .flat_map(|(cell, _)| self.grid.in_cell(cell))
            .copied()
            .collect()
    }

    /// Of changes of this shard, those on some land: who is there and looks or goes otherwise than before, and who is there no more.
    pub fn changes_on(
        &self,
        land: &CellRect,
        changes: &BTreeMap<Cell, CellChange>,
    ) -> (Vec<AgentId>, Vec<AgentId>) {
        let on_land = || {
            changes
                .iter()
                .filter(|(cell, _)| land.contains(**cell))
                .map(|(_, change)| change)
        };
        let is_there = |agent: &AgentId| {
            self.grid
                .position(*agent)
                .is_some_and(|at| land.contains(Cell::of(at)))
        };
        let changed = on_land().flat_map(CellChange::changed).filter(is_there).collect();
        let gone = on_land()
            .flat_map(CellChange::left)
            .filter(|agent| !is_there(agent))
            .collect();
        (changed, gone)
    }
}
