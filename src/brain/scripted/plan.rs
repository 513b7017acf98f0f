//! What somebody is about: walking, staying, following; one step a thought.

use super::Scripted;
use super::errand::Goal;
use super::{phrases, route};
use crate::base::time::Timestamp;
use crate::brain::Perception;
use crate::domain::agent::Handle;
use crate::domain::object::{ItemKind, ObjectKind};
use crate::domain::region::{RUN_M_S, WALK_M_S};
use crate::domain::space::{Vec3, centimetres};
use serde_json::json;
use std::collections::VecDeque;

/// Whoever is as near as this has arrived. Units: metres.
const ARRIVED_M: f64 = 0.8;
/// How long after its time a leg is walked again. Units: milliseconds.
const LATE_MS: i64 = 2_500;
/// How far from a thing people stop. Units: metres; things are used within 3.
const BESIDE_M: f64 = 1.2;
/// Most money that is spent without thinking: nobody buys with less than this left. Units: minor.
const RESERVE_MINOR: i64 = 2_000;

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

/// A walk.
#[derive(Debug)]
pub(super) struct Walk {
    points: VecDeque<Vec3>,
    /// When the first point will be reached, once ordered.
    arrives_at: Option<Timestamp>,
    goal: Goal,
    is_hurry: bool,
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
            Plan::Follow { until, order: None } if around.now < until => {
                self.plan = Plan::Follow { until, order: None }
            }
            Plan::Follow { .. } => self.set_out(around),
        }
    }

    /// Gives up what it is about and walks.
    pub(super) fn set_out(&mut self, around: &Perception<'_>) {
        let Some((goal, at)) = self.choose(around) else {
            // A region without anything: a stroll around.
            let at = route::near(around.region, around.me.at, 30.0, &mut self.dice);
            return self.walk_to(Goal::Place(around.region.display_name.clone()), at, around);
        };
        if let Goal::Region(region) = &goal {
            self.want("teleport", json!({"region": region}));
            return;
        }
        let radius_m = match &goal {
            Goal::Place(name) => around
                .region
                .places
                .iter()
                .find(|place| place.name == *name)
                .map_or(5.0, |place| place.radius_m * 0.7),
            Goal::Thing(..) | Goal::Person(..) | Goal::Region(_) => BESIDE_M,
        };
        let at = route::near(around.region, at, radius_m, &mut self.dice);
        self.walk_to(goal, at, around);
    }

    fn walk_to(&mut self, goal: Goal, at: Vec3, around: &Perception<'_>) {
        let points = route::route(around.region, around.me.at, at, &mut self.dice);
        let is_hurry = self.dice.chance(8);
        self.plan = Plan::Walk(Walk {
            points,
            arrives_at: None,
            goal,
            is_hurry,
        });
        if self.dice.chance(25) {
            let status = self.line(phrases::STROLLING, &self.gaps("", around));
            self.want("set_status", json!({"status": status.to_lowercase()}));
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
    }

    fn walk(&mut self, mut walk: Walk, around: &Perception<'_>) {
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

    fn stay(&mut self, seconds: i64, then: Option<(String, Then)>, around: &Perception<'_>) {
        self.plan = Plan::Stay {
            until: around.now.plus_ms(seconds * 1_000),
            then,
        };
    }

    fn arrive(&mut self, goal: Goal, around: &Perception<'_>) {
        match goal {
            Goal::Place(_) => {
                let seconds = self.dice.whole(3, 11);
                self.stay(seconds, None, around);
                self.express(around);
            }
            Goal::Thing(id, _, kind) => self.use_thing(id, kind, around),
            Goal::Person(..) | Goal::Region(_) => self.stay(2, None, around),
        }
    }

    fn use_thing(&mut self, id: String, kind: ObjectKind, around: &Perception<'_>) {
        let mut seconds = self.dice.whole(5, 10);
        let (action, then) = match kind {
            ObjectKind::Bench => {
                seconds = self.dice.whole(15, 40);
                ("sit", Some((id.clone(), Then::Stand)))
            }
            ObjectKind::MarketStall => ("browse", Some((id.clone(), Then::Buy))),
            ObjectKind::Fountain if self.dice.chance(30) => ("make_wish", None),
            ObjectKind::Fountain => ("drink", None),
            ObjectKind::NoticeBoard if self.dice.chance(10) => {
                let text = self.line(phrases::NOTES, &self.gaps("", around));
                self.want(
                    "use_object",
                    json!({"object_id": id, "action": "post", "text": text}),
                );
                return self.stay(seconds, None, around);
            }
            ObjectKind::NoticeBoard => ("read", None),
        };
        self.want("use_object", json!({"object_id": id, "action": action}));
        self.stay(seconds, then, around);
    }

    fn finish_stay(&mut self, then: Option<(String, Then)>, around: &Perception<'_>) {
        match then {
            None => self.set_out(around),
            Some((id, Then::Stand)) => {
                self.want("use_object", json!({"object_id": id, "action": "stand"}));
                self.set_out(around);
            }
            Some((id, Then::Buy)) => {
                self.shop(&id, around);
                self.stay(3, None, around);
            }
        }
    }

    /// Buys something small, or says why not.
    fn shop(&mut self, stall: &str, around: &Perception<'_>) {
        let Some(item) = self
            .dice
            .pick(&[
                ItemKind::Apple,
                ItemKind::Bread,
                ItemKind::Flower,
                ItemKind::Apple,
            ])
            .copied()
        else {
            return;
        };
        let price_minor = item.price_minor();
        let can_pay = around
            .balance_minor
            .is_some_and(|balance| balance >= price_minor.saturating_add(RESERVE_MINOR));
        let buys = can_pay && self.dice.chance(60);
        if buys {
            self.want(
                "use_object",
                json!({"object_id": stall, "action": "buy", "item": item.name(), "quantity": 1}),
            );
        }
        let mut gaps = self.gaps("", around);
        gaps.set("item", item.name());
        gaps.set("price", super::speak::money(price_minor));
        let line = self.line(if buys { phrases::STALL } else { phrases::BROWSE }, &gaps);
        self.say(line, around.now);
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
