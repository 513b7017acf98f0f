//! A tick of a region: trajectories are integrated, followers follow. Pure.

use super::state::RegionState;
use super::{RUN_M_S, WALK_M_S};
use crate::base::id::AgentId;
use crate::base::time::Tick;
use crate::domain::scene::{Change, Follow};
use crate::domain::space::{Cell, Trajectory, Vec3};

/// What a tick found.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The agent is in another cell now, here or beyond the border.
    EnteredCell(AgentId, Cell),
    /// The agent stands where it wanted to go.
    Arrived(AgentId),
    /// The agent went over the border of this shard's area: it is at this point of its region, where another shard runs.
    CrossedBorder(AgentId, Vec3),
    /// The one followed is gone from the region.
    FollowEnded(AgentId),
}

/// How far from its distance a follower may be before it moves. Units: metres.
const FOLLOW_SLACK_M: f64 = 0.75;

impl RegionState {
    /// Moves everybody to where they are at `tick`. Who crossed the border stays in its last cell here, and is told of with
    /// each step until it is halted or gone.
    pub fn step(&mut self, tick: Tick) -> Vec<Step> {
        let mut steps = Vec::new();
        self.ghosts.step((tick, &self.rate), &self.area, &mut steps);
        self.step_followers(tick, &mut steps);
        let moving: Vec<AgentId> = self.moving.iter().copied().collect();
        for agent in moving {
            if let Some(at) = self.stray(agent, tick) {
                steps.push(Step::CrossedBorder(agent, at));
                continue;
            }
            let Some(body) = self.bodies.get_mut(&agent).filter(|body| !body.is_frozen) else {
                continue;
            };
            let (at, has_arrived) = body.trajectory.at(tick, &self.rate);
            if has_arrived {
                // Clients stop at `to` by themselves, so an arrival is no news for them.
                body.trajectory = Trajectory::standing(at, tick, body.trajectory.heading);
                self.moving.remove(&agent);
                steps.push(Step::Arrived(agent));
            }
            if let Some(cell) = self.note_placed(agent, at) {
                steps.push(Step::EnteredCell(agent, cell));
            }
        }
        steps
    }

    fn step_followers(&mut self, tick: Tick, steps: &mut Vec<Step>) {
        let followers: Vec<AgentId> = self.followers.iter().copied().collect();
        for agent in followers {
            let Some(body) = self.bodies.get(&agent) else {
                continue;
            };
            let Some(follow) = body.follow.clone() else {
                continue;
            };
            let Some(target) = self.trajectory_of(follow.target) else {
                if self.sought.get(&follow.target).is_some_and(|until| *until > tick) {
                    continue;
                }
                self.apply(agent, Change::Follow(None));
                steps.push(Step::FollowEnded(agent));
                continue;
            };
            let me = self.position(body, tick);
            let (there, _) = target.at(tick, &self.rate);
            let goal = target.to.unwrap_or(there);
            let pace = target.speed;
            if let Some(next) = chase(me, (there, goal, pace), &body.trajectory, &follow, tick) {
                self.apply(agent, Change::Trajectory(next));
            }
        }
    }
}

/// The new trajectory of a follower; none when the one it has is still good. The target is where it is, where it goes, and its
/// speed.
fn chase(
    me: Vec3,
    target: (Vec3, Vec3, f64),
    now: &Trajectory,
    follow: &Follow,
    tick: Tick,
) -> Option<Trajectory> {
    let (there, goal, pace) = target;
    let gap = me.distance(there) - follow.distance_m;
    let stop_at = |target: Vec3| {
        let distance = me.distance(target);
        let fraction = if distance <= follow.distance_m {
            0.0
        } else {
            (distance - follow.distance_m) / distance
        };
        me.towards(target, fraction)
    };
    if gap <= FOLLOW_SLACK_M {
        // Near enough: go on only while the target itself goes on, and never past it.
        let is_target_going = goal.distance(there) >= f64::EPSILON;
        if !is_target_going || gap < -FOLLOW_SLACK_M {
            return now
                .is_moving()
                .then(|| Trajectory::standing(me, tick, me.heading_to(there)));
        }
        return (now.speed > pace && gap <= 0.0).then(|| Trajectory::walking(me, stop_at(goal), tick, pace));
    }
    let to = stop_at(goal);
    let speed = if gap > 6.0 { RUN_M_S } else { WALK_M_S * 1.2 };
    let is_still_good = now.to.is_some_and(|old| old.distance(to) < FOLLOW_SLACK_M)
        && (now.speed - speed).abs() < f64::EPSILON;
    (!is_still_good && me.distance(to) > f64::EPSILON).then(|| Trajectory::walking(me, to, tick, speed))
}
