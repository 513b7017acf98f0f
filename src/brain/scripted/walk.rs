//! Walking, one leg after another.

use super::goal::Goal;
use super::plan::Plan;
use super::{Scripted, phrases, route};
use crate::base::time::Timestamp;
use crate::brain::Perception;
use crate::domain::region::{RUN_M_S, WALK_M_S};
use crate::domain::space::{Vec3, centimetres};
use serde_json::json;
use std::collections::VecDeque;

/// Whoever is as near as this has arrived. Units: metres.
const ARRIVED_M: f64 = 0.8;
/// How long after its time a leg is walked again. Units: milliseconds.
const LATE_MS: i64 = 2_500;

/// What somebody shows who walks at bedtime: others let them go.
pub(super) const OFF_TO_BED: &str = "off to bed";

/// A walk.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) points: VecDeque<Vec3>,
    /// When the first point will be reached, once ordered.
    pub(super) arrives_at: Option<Timestamp>,
    pub(super) goal: Goal,
    is_hurry: bool,
}

impl Scripted {
    pub(super) fn walk_to(&mut self, goal: Goal, at: Vec3, around: &Perception<'_>) {
        let points = route::route(around.region, around.me.at, at, &mut self.dice);
        let is_hurry = self.dice.chance(8);
        self.plan = Plan::Walk(Walk {
            points,
            arrives_at: None,
            goal,
            is_hurry,
        });
        if !self.is_bedtime && self.dice.chance(40) {
            let status = self.line_to("", phrases::STROLLING, around);
            self.show(&status.to_lowercase());
        }
        self.step(around);
    }

    /// Orders the next leg of a walk.
    fn step(&mut self, around: &Perception<'_>) {
        let Plan::Walk(walk) = &mut self.plan else { return };
        let Some(to) = walk.points.front() else { return };
        let (gait, speed) = if walk.is_hurry {
            ("run", RUN_M_S)
        } else {
            ("walk", WALK_M_S)
        };
        walk.arrives_at = Some(around.now.plus_ms(leg_ms(around.me.at.distance(*to), speed)));
        let params = json!({"x": centimetres(to.x), "y": centimetres(to.y), "gait": gait});
        self.want("move_to", params);
        if self.is_bedtime {
            self.show(OFF_TO_BED);
        }
    }

    pub(super) fn walk(&mut self, mut walk: Walk, around: &Perception<'_>) {
        let is_there = walk
            .points
            .front()
            .is_none_or(|to| to.distance(around.me.at) < ARRIVED_M);
        if is_there {
            walk.points.pop_front();
            walk.arrives_at = None;
        } else if walk
            .arrives_at
            .is_some_and(|at| around.now.since_ms(at) > LATE_MS)
        {
            walk.arrives_at = None;
        }
        if walk.points.is_empty() {
            return self.arrive(walk.goal, around);
        }
        let is_ordered = walk.arrives_at.is_some();
        self.plan = Plan::Walk(walk);
        if !is_ordered {
            self.step(around);
        }
    }
}

/// How long a leg takes, rounded up. Units: milliseconds.
fn leg_ms(distance_m: f64, speed_m_s: f64) -> i64 {
    let tenths = (distance_m / speed_m_s * 10.0).ceil();
    // Regions are at most 4,096 m wide, so a leg is far below the bound; beyond it somebody just walks again.
    (0..40_000_i32)
        .find(|tenth| f64::from(*tenth) >= tenths)
        .map_or(60_000, |tenth| i64::from(tenth) * 100)
}
