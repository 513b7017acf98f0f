//! The inner borders of a region that several shards run: who waits at one, and who is followed beyond one.

use super::state::RegionState;
use crate::base::id::{AgentId, ShardId};
use crate::base::time::Tick;
use crate::domain::scene::Change;
use crate::domain::space::{Cell, CellRect, Trajectory, Vec3};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How long the followers of an agent wait that is looked for: other shards may be loading too. Units: seconds.
const SOUGHT_S: f64 = 10.0;

/// An agent in another shard of the region, as that shard told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beyond {
    /// The shard that has it.
    pub shard: ShardId,
    /// Where it goes.
    pub trajectory: Trajectory,
}

impl RegionState {
    /// Where in the region an agent is at a tick that is on its way and came over the border: another shard runs there. None
    /// for one that is inside, or waits at the border already.
    pub fn stray(&self, agent: AgentId, tick: Tick) -> Option<Vec3> {
        let region = CellRect::of_region(self.plan.size_m);
        if self.area == region {
            // No other shard, no border.
            return None;
        }
        let body = self.bodies.get(&agent).filter(|body| !body.is_frozen)?;
        let at = Some(self.position(body, tick)).filter(|_| self.moving.contains(&agent))?;
        let cell = Cell::of(at);
        (!self.area.contains(cell) && region.contains(cell)).then_some(at)
    }

    /// Stops an agent at the border until another shard has it: it stands where its way meets the border, and takes no
    /// commands. Gives the way that it was on.
    pub fn halt_at_border(&mut self, agent: AgentId, tick: Tick) -> Option<Trajectory> {
        let body = self.bodies.get_mut(&agent)?;
        let way = body.trajectory;
        body.is_frozen = true;
        let met = way
            .exit(&self.area, &self.rate)
            .map_or_else(|| way.at(tick, &self.rate).0, |exit| exit.at);
        let at = self.area.clamp(met);
        self.apply(
            agent,
            Change::Trajectory(Trajectory::standing(at, tick, way.heading)),
        );
        self.note_placed(agent, at);
        Some(way)
    }

    /// Where an agent of the region goes, in this shard or as another told.
    pub fn trajectory_of(&self, agent: AgentId) -> Option<&Trajectory> {
        let here = self.bodies.get(&agent).map(|body| &body.trajectory);
        here.or_else(|| self.ghosts.trajectory(agent))
            .or_else(|| self.beyond.get(&agent).map(|beyond| &beyond.trajectory))
    }

    /// What is known of an agent that one of the agents here follows beyond the border.
    pub fn beyond(&self, agent: AgentId) -> Option<&Beyond> {
        self.beyond.get(&agent)
    }

    /// Whether an agent here follows this one.
    pub fn is_followed(&self, target: AgentId) -> bool {
        self.targets().any(|other| other == target)
    }

    /// Notes where an agent goes that is followed from here. One that is here itself, or that nobody follows, is not noted.
    pub fn note_beyond(&mut self, agent: AgentId, beyond: Beyond) {
        if !self.bodies.contains_key(&agent) && self.is_followed(agent) {
            self.beyond.insert(agent, beyond);
        }
    }

    /// Forgets an agent beyond the border, which is gone from the region: the next step ends the following.
    pub fn forget_beyond(&mut self, agent: AgentId) {
        self.beyond.remove(&agent);
    }

    /// The agents that are followed beyond the border, with their shards; the others are forgotten.
    pub fn followed_beyond(&mut self) -> Vec<(AgentId, ShardId)> {
        let targets: BTreeSet<AgentId> = self.targets().collect();
        self.beyond.retain(|agent, _| targets.contains(agent));
        let row = |(agent, beyond): (&AgentId, &Beyond)| (*agent, beyond.shard);
        self.beyond.iter().map(row).collect()
    }

    /// After a start: those who are followed and are not here are looked for in the region's other shards for a while; their
    /// followers wait.
    pub fn seek_followed(&mut self, tick: Tick) {
        let until = Tick(tick.0.saturating_add(self.rate.ticks_for(SOUGHT_S)));
        let absent = self.targets().filter(|agent| !self.bodies.contains_key(agent));
        self.sought = absent.map(|agent| (agent, until)).collect();
    }

    /// Those who are still looked for at a tick.
    pub fn sought(&mut self, tick: Tick) -> Vec<AgentId> {
        let (bodies, beyond) = (&self.bodies, &self.beyond);
        self.sought.retain(|agent, until| {
            *until > tick && !bodies.contains_key(agent) && !beyond.contains_key(agent)
        });
        self.sought.keys().copied().collect()
    }

    fn targets(&self) -> impl Iterator<Item = AgentId> {
        let bodies = self.followers.iter().filter_map(|agent| self.bodies.get(agent));
        bodies.filter_map(|body| body.follow.as_ref().map(|follow| follow.target))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Step;
    use super::*;
    use crate::domain::test_scene::{RATE, Stage, id_of};
    use proptest::prelude::*;
    use serde_json::json;

    /// The plaza in two shards with the border at 128 m; the stage has the western one.
    fn west(agents: &[(&str, f64, f64)]) -> Stage {
        let mut stage = Stage::with(agents);
        stage.region.area = CellRect::of_region(256.0).split(2)[0];
        stage
    }

    fn step(stage: &mut Stage) -> Vec<Step> {
        stage.now = stage.now.plus_ms(RATE.tick_ms);
        let tick = stage.tick();
        stage.region.step(tick)
    }

    #[test]
    fn who_walks_over_the_border_is_told_of_until_it_is_halted() {
        let mut stage = west(&[("ann", 127.0, 10.0)]);
        stage
            .act("ann", "move_to", json!({"x": 137.0, "y": 10.0, "gait": "run"}))
            .unwrap();
        assert_eq!(step(&mut stage), []);
        // A point on the border belongs to the higher cell.
        let at = |x: f64| Vec3::new(x, 10.0, 25.0);
        assert_eq!(step(&mut stage), [Step::CrossedBorder(id_of("ann"), at(128.0))]);
        assert_eq!(step(&mut stage), [Step::CrossedBorder(id_of("ann"), at(128.5))]);
        assert_eq!(stage.region.grid().in_cell(Cell(7, 0)), [id_of("ann")]);
        let tick = stage.tick();
        let way = stage.region.halt_at_border(id_of("ann"), tick).unwrap();
        assert_eq!(way.to, Some(at(137.0)));
        assert_eq!(stage.position("ann"), at(127.99));
        assert!(stage.body("ann").is_frozen);
        assert_eq!(step(&mut stage), []);
        // Thawed it stands where it is.
        stage.region.body_mut(id_of("ann")).unwrap().is_frozen = false;
        assert_eq!(step(&mut stage), []);
        assert_eq!(stage.position("ann"), at(127.99));
    }

    #[test]
    fn who_ends_or_stands_beyond_the_border_crossed_it_too() {
        let mut stage = west(&[("ann", 127.9, 10.0), ("bob", 200.0, 10.0)]);
        stage
            .act("ann", "move_to", json!({"x": 128.0, "y": 10.0}))
            .unwrap();
        let bob = Step::CrossedBorder(id_of("bob"), Vec3::new(200.0, 10.0, 25.0));
        let ann = Step::CrossedBorder(id_of("ann"), Vec3::new(128.0, 10.0, 25.0));
        // The stage put them there before it had a border, so only those who move are looked at.
        assert_eq!(step(&mut stage), [ann]);
        let (tick, body) = (stage.tick(), stage.region.leave(id_of("bob")).unwrap());
        stage.region.enter(body, tick);
        assert!(step(&mut stage).contains(&bob));
        stage.act("ann", "stop", json!({})).unwrap();
        assert_eq!(
            step(&mut stage).len(),
            2,
            "to stop beyond the border is no way out"
        );
        let tick = stage.tick();
        stage.region.halt_at_border(id_of("bob"), tick);
        assert_eq!(stage.position("bob"), Vec3::new(127.99, 10.0, 25.0));
    }

    #[test]
    fn a_walk_that_leaves_a_cell_but_not_the_area_is_no_crossing() {
        let mut stage = west(&[("ann", 15.0, 10.0)]);
        stage
            .act("ann", "move_to", json!({"x": 17.0, "y": 10.0, "gait": "run"}))
            .unwrap();
        step(&mut stage);
        assert_eq!(step(&mut stage), [Step::EnteredCell(id_of("ann"), Cell(1, 0))]);
    }

    #[test]
    fn one_who_is_followed_over_the_border_is_followed_on() {
        let mut stage = west(&[("ann", 120.0, 10.0), ("bob", 122.0, 10.0)]);
        stage.act("ann", "follow", json!({"target_id": "bob"})).unwrap();
        stage.region.leave(id_of("bob"));
        let tick = stage.tick();
        let trajectory = Trajectory::walking(
            Vec3::new(129.0, 10.0, 25.0),
            Vec3::new(150.0, 10.0, 25.0),
            tick,
            1.5,
        );
        let shard = ShardId(2);
        stage
            .region
            .note_beyond(id_of("bob"), Beyond { shard, trajectory });
        assert_eq!(stage.region.followed_beyond(), [(id_of("bob"), shard)]);
        let crossed = (0..200).find_map(|_| match step(&mut stage).as_slice() {
            [] | [Step::EnteredCell(..)] => None,
            [Step::CrossedBorder(agent, _)] => Some(*agent),
            other => panic!("{other:?}"),
        });
        assert_eq!(
            crossed,
            Some(id_of("ann")),
            "the follower comes to the border too"
        );
        stage.region.forget_beyond(id_of("bob"));
        assert!(step(&mut stage).contains(&Step::FollowEnded(id_of("ann"))));
    }

    #[test]
    fn only_who_is_followed_from_here_is_known_beyond_the_border() {
        let mut stage = west(&[("ann", 20.0, 10.0), ("bob", 22.0, 10.0)]);
        let trajectory = Trajectory::standing(Vec3::new(200.0, 10.0, 25.0), stage.tick(), 0.0);
        let beyond = Beyond {
            shard: ShardId(2),
            trajectory,
        };
        stage.region.note_beyond(id_of("zoe"), beyond);
        assert_eq!(stage.region.beyond(id_of("zoe")), None);
        stage.act("ann", "follow", json!({"target_id": "bob"})).unwrap();
        stage.region.note_beyond(id_of("bob"), beyond);
        assert_eq!(stage.region.beyond(id_of("bob")), None, "bob is here");
        stage.region.leave(id_of("bob"));
        stage.region.note_beyond(id_of("bob"), beyond);
        stage.act("ann", "stop", json!({})).unwrap();
        assert_eq!(stage.region.followed_beyond(), []);
        assert_eq!(stage.region.beyond(id_of("bob")), None);
    }

    proptest! {
        /// Two shards side by side, the hand-off taking any number of ticks: the agent is in one of them at any time, never
        /// goes faster than it runs, and arrives.
        #[test]
        fn a_walk_over_borders_goes_on_without_a_jump(
            start in (1.0..255.0f64, 1.0..255.0f64), goal in (1.0..255.0f64, 1.0..255.0f64), delay in 0i64..15,
        ) {
            let parts = CellRect::of_region(256.0).split(2);
            let first = parts.iter().position(|area| area.contains(Cell::of(Vec3::new(start.0, start.1, 0.0)))).unwrap();
            let mut stage = Stage::with(&[("ann", start.0, start.1)]);
            stage.region.area = parts[first];
            let ann = id_of("ann");
            stage.act("ann", "move_to", json!({"x": goal.0, "y": goal.1, "gait": "run"})).unwrap();
            let (mut here, mut crossings) = (first, 0);
            let mut before = stage.position("ann");
            for _ in 0..1_200 {
                let crossed = step(&mut stage).into_iter().find_map(|step| match step {
                    Step::CrossedBorder(_, at) => Some(at),
                    _ => None,
                });
                if let Some(at) = crossed {
                    let tick = stage.tick();
                    let way = stage.region.halt_at_border(ann, tick).unwrap();
                    let halted = stage.position("ann");
                    prop_assert!(halted.distance(before) <= 0.52 && halted.distance(at) <= 0.52);
                    for _ in 0..delay {
                        prop_assert_eq!(step(&mut stage), []);
                    }
                    let (tick, mut body) = (stage.tick(), stage.region.leave(ann).unwrap());
                    here = 1 - here;
                    crossings += 1;
                    stage.region.area = parts[here];
                    (body.is_frozen, body.trajectory) = (false, way.resumed(at, tick));
                    stage.region.enter(body, tick);
                }
                let now = stage.position("ann");
                prop_assert!(now.distance(before) <= 0.52, "{} m in a tick", now.distance(before));
                prop_assert!(parts[here].contains(Cell::of(now)));
                before = now;
            }
            // JSON may round the goal.
            prop_assert!(before.distance(Vec3::new(goal.0, goal.1, 25.0)) < 1e-9);
            let is_crossing = parts.iter().any(|part| {
                part.contains(Cell::of(Vec3::new(start.0, start.1, 0.0))) && !part.contains(Cell::of(before))
            });
            prop_assert_eq!(crossings, i32::from(is_crossing));
        }
    }
}
