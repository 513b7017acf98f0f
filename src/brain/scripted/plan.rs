//! What somebody is about: walking, staying, following; one step a thought.

use super::goal::Goal;
use super::walk::Walk;
use super::{Scripted, route};
use crate::base::time::Timestamp;
use crate::brain::Perception;
use crate::domain::agent::Handle;
use serde_json::json;

/// How far from a thing or a person people stop. Units: metres; things are used within 3.
const BESIDE_M: f64 = 1.2;

/// What somebody is about.
#[derive(Debug)]
pub(super) enum Plan {
    /// Something new must be found.
    Nothing,
    /// Walking.
    Walk(Walk),
    /// Staying a while.
    Stay {
        /// Until when.
        until: Timestamp,
        /// What to do then, with which thing.
        then: Option<(String, Then)>,
    },
    /// Walking along with somebody.
    Follow {
        /// Until when.
        until: Timestamp,
        /// With whom, until it is ordered.
        order: Option<Handle>,
    },
}

/// What to do with a thing before going on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Then {
    /// Get up.
    Stand,
    /// Buy, or not.
    Buy,
}

impl Plan {
    /// Interrupts a walk; it is taken up again later. Whether there was something to stop.
    pub(super) fn interrupt(&mut self) -> bool {
        match self {
            Plan::Walk(walk) => walk.arrives_at.take().is_some(),
            Plan::Follow { .. } => {
                *self = Plan::Nothing;
                true
            }
            Plan::Nothing | Plan::Stay { .. } => false,
        }
    }

    /// When the next step is due. Units: milliseconds.
    pub(super) fn next_in_ms(&self, now: Timestamp) -> Option<i64> {
        match self {
            Plan::Walk(walk) => walk.arrives_at.map(|at| at.since_ms(now)),
            _ => None,
        }
    }

    /// Where it leads.
    pub(super) fn goal(&self) -> Option<&Goal> {
        match self {
            Plan::Walk(walk) => Some(&walk.goal),
            _ => None,
        }
    }
}

impl Scripted {
    /// Goes on with what it is about, or finds something new.
    pub(super) fn pursue(&mut self, around: &Perception<'_>) {
        match std::mem::replace(&mut self.plan, Plan::Nothing) {
            Plan::Nothing => self.set_out(around),
            Plan::Walk(walk) => self.walk(walk, around),
            Plan::Stay { until, then } if around.now < until => self.plan = Plan::Stay { until, then },
            Plan::Stay { then, .. } => self.finish_stay(then, around),
            Plan::Follow {
                until,
                order: Some(target),
            } => {
                self.want("follow", json!({"target_id": target}));
                self.plan = Plan::Follow { until, order: None };
            }
            Plan::Follow { until, order: None } if around.now < until && !self.is_restless(around.now) => {
                self.plan = Plan::Follow { until, order: None }
            }
            Plan::Follow { .. } => self.set_out(around),
        }
    }

    /// Gives up what it is about and walks.
    pub(super) fn set_out(&mut self, around: &Perception<'_>) {
        let Some((goal, at)) = self.choose(around) else {
            if !self.is_asleep {
                // A region without anything: a stroll around.
                let at = route::near(around.region, around.me.at, 30.0, &mut self.dice);
                self.walk_to(Goal::Place(around.region.display_name.clone()), at, around);
            }
            return;
        };
        if let Goal::Region(region, _) = &goal {
            self.want("teleport", json!({"region": region}));
            return;
        }
        let radius_m = match &goal {
            Goal::Place(name) | Goal::Bed(name) => around
                .region
                .places
                .iter()
                .find(|place| place.name == *name)
                .map_or(5.0, |place| place.radius_m * 0.7),
            Goal::Thing(..) | Goal::Person(..) | Goal::Region(..) => BESIDE_M,
        };
        let at = route::near(around.region, at, radius_m, &mut self.dice);
        self.walk_to(goal, at, around);
    }
}
