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
    /// One that walks to this shard's land stays at the border until this shard has it: the one that has it halts it there, too.
    fn place(&mut self, agent: AgentId, at: Vec3, area: &CellRect) -> Placed {
        if area.contains(Cell::of(at)) && self.grid.position(agent).is_some() {
            return Placed::Stayed;
        }
        self.grid.place(agent, at)
    }

    fn put(&mut self, from: ShardId, ghost: Ghost, (tick, rate): (Tick, &TickRate), area: &CellRect) {
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
        self.place(agent, at, area);
    }

    /// Where one is known to go, for those who follow it.
    pub(super) fn beyond(&self, agent: AgentId) -> Option<(AgentId, Beyond)> {
        let (shard, body) = self.bodies.get(&agent)?;
        let (shard, trajectory) = (*shard, body.trajectory);
        Some((agent, Beyond { shard, trajectory }))
    }

    /// Where one goes.
    pub(super) fn trajectory(&self, agent: AgentId) -> Option<&Trajectory> {
        self.bodies.get(&agent).map(|(_, body)| &body.trajectory)
    }

    /// Takes over what is known of one elsewhere.
    pub(super) fn copy(&mut self, of: &Self, agent: AgentId) {
        if let Some((shard, body)) = of.bodies.get(&agent) {
            self.handles.insert(body.profile.handle.clone(), agent);
            self.bodies.insert(agent, (*shard, body.clone()));
        }
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
    pub(super) fn step(&mut self, (tick, rate): (Tick, &TickRate), area: &CellRect, steps: &mut Vec<Step>) {
        let mut moving = std::mem::take(&mut self.moving);
        moving.retain(|agent| {
            let Some((_, body)) = self.bodies.get(agent) else {
                return false;
            };
            let (at, has_arrived) = body.trajectory.at(tick, rate);
            if let Placed::Moved { to, .. } = self.place(*agent, at, area) {
                steps.push(Step::EnteredCell(*agent, to));
            }
            !has_arrived
        });
        self.moving = moving;
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
        self.ghosts.put(from, ghost, (tick, &self.rate), &self.area);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::test_scene::{Stage, id_of};
    use proptest::prelude::*;
    use serde_json::json;

    /// The shard that has the other side.
    const OTHER: ShardId = ShardId(2);

    /// A plaza whose border is at 128 m, and what the shard of the agents beyond it would tell.
    fn divided(agents: &[(&str, f64, f64)]) -> Stage {
        let whole = Stage::with(agents);
        let mut west = Stage::with(&[]);
        west.region.area = CellRect::of_region(256.0).split(2)[0];
        let tick = west.tick();
        for body in whole.region.bodies() {
            if west
                .region
                .area
                .contains(Cell::of(whole.region.position(body, tick)))
            {
                west.region.enter(body.clone(), tick);
            } else {
                assert!(west.region.put_ghost(OTHER, Ghost::of(body), tick));
            }
        }
        west
    }

    /// A body that walks east to 150 m.
    fn walker(name: &str, x: f64, hop: i64) -> Body {
        let mut body = Stage::with(&[(name, x, 10.0)]).body(name).clone();
        let to = Vec3::new(150.0, 10.0, 25.0);
        body.trajectory = Trajectory::walking(Vec3::new(x, 10.0, 25.0), to, Tick(10_000), 5.0);
        body.hop = hop;
        body
    }

    proptest! {
        /// Whoever asks on either side of the border is told the same as if there were none.
        #[test]
        fn a_border_changes_nothing_of_what_is_near(
            places in prop::collection::vec((90.0..166.0_f64, 1.0..40.0_f64), 2..30), radius in 1.0..96.0_f64,
        ) {
            let names: Vec<String> = (0..places.len()).map(|i| format!("agent{i}")).collect();
            let agents: Vec<(&str, f64, f64)> = names.iter().zip(&places).map(|(name, (x, y))| (name.as_str(), *x, *y)).collect();
            let (whole, west) = (Stage::with(&agents), divided(&agents));
            for (name, ..) in agents.iter().filter(|(_, x, _)| *x < 128.0) {
                let told = |stage: &Stage| {
                    let near = stage.decide(name, "get_nearby_agents", json!({"radius": radius})).unwrap();
                    let heard = stage.decide(name, "say", json!({"message": "hey"})).unwrap();
                    let hearers: Vec<Handle> = heard.event.unwrap().hearers.iter().map(|hearer| hearer.handle.clone()).collect();
                    (serde_json::to_string(&near.result).unwrap(), hearers)
                };
                prop_assert_eq!(told(&whole), told(&west));
            }
        }
    }

    #[test]
    fn a_ghost_goes_its_way_up_to_the_border_and_is_none_once_it_is_here() {
        let mut east = Stage::with(&[]);
        east.region.area = CellRect::of_region(256.0).split(2)[1];
        let cell = |stage: &Stage| stage.region.point_of(id_of("ann")).map(Cell::of);
        let body = walker("ann", 110.0, 0);
        assert!(east.region.put_ghost(OTHER, Ghost::of(&body), Tick(10_000)));
        let entered: Vec<Step> = (1..60)
            .flat_map(|tick| east.region.step(Tick(10_000 + tick)))
            .collect();
        assert_eq!(entered, [Step::EnteredCell(id_of("ann"), Cell(7, 0))]);
        assert_eq!(cell(&east), Some(Cell(7, 0)), "she waits at the border");
        assert_eq!(east.region.agent_count(), 0);
        east.region.enter(walker("ann", 129.0, 1), Tick(10_000));
        assert_eq!(
            (cell(&east), east.region.ghosts_of(OTHER)),
            (Some(Cell(8, 0)), vec![])
        );
        // What the other shard says late is about nobody.
        assert!(!east.region.put_ghost(OTHER, Ghost::of(&body), Tick(10_061)));
        assert!(!east.region.drop_ghost(OTHER, id_of("ann")));
        assert!(east.region.seen(id_of("ann")).is_some());
    }

    #[test]
    fn of_two_shards_the_one_that_took_it_last_is_believed() {
        let mut west = divided(&[]);
        let (third, tick) = (ShardId(3), Tick(10_000));
        let (old, new) = (walker("ann", 130.0, 4), walker("ann", 140.0, 5));
        assert!(west.region.put_ghost(third, Ghost::of(&new), tick));
        assert!(!west.region.put_ghost(OTHER, Ghost::of(&old), tick));
        assert!(!west.region.drop_ghost(OTHER, id_of("ann")));
        assert_eq!(west.region.ghost_shard(id_of("ann")), Some(third));
        assert!(west.region.drop_ghost(third, id_of("ann")));
        assert_eq!(west.region.seen(id_of("ann")).map(|body| body.hop), None);
        assert!(west.region.near(Vec3::new(130.0, 10.0, 25.0), 96.0, 9).is_empty());
    }

    #[test]
    fn what_changed_near_the_other_side_is_told_and_nothing_else() {
        let mut west = Stage::with(&[("ann", 120.0, 10.0), ("bob", 10.0, 10.0)]);
        let parts = CellRect::of_region(256.0).split(2);
        west.region.area = parts[0];
        let land = surroundings(&parts[1]);
        let told = |stage: &mut Stage| {
            let changes = stage.region.take_changes();
            stage.region.changes_on(&land, &changes)
        };
        assert_eq!(told(&mut west), (vec![id_of("ann")], vec![]));
        assert_eq!(west.region.agents_on(&land), [id_of("ann")]);
        for name in ["ann", "bob"] {
            west.act(name, "set_status", json!({"status": "up"})).unwrap();
        }
        assert_eq!(told(&mut west), (vec![id_of("ann")], vec![]));
        assert_eq!(told(&mut west), (vec![], vec![]));
        // From one cell of the land to another, and out of it.
        let mut stand = |x: f64| {
            let body = west.region.leave(id_of("ann")).unwrap();
            let at = Vec3::new(x, 10.0, 25.0);
            west.region.enter(
                Body {
                    trajectory: Trajectory::standing(at, Tick(1), 0.0),
                    ..body
                },
                Tick(1),
            );
            told(&mut west)
        };
        assert_eq!(stand(100.0), (vec![id_of("ann")], vec![]));
        assert_eq!(stand(5.0), (vec![], vec![id_of("ann")]));
    }
}
