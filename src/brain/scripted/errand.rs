//! What somebody goes out for: first what cannot wait, then what the hour is for.

use super::Scripted;
use super::goal::Goal;
use super::schedule::{self, Part};
use crate::brain::Perception;
use crate::domain::object::ObjectKind;
use crate::domain::space::Vec3;

/// After this long without a talk one looks for company. Units: milliseconds.
const LONELY_MS: i64 = 55_000;
/// As above, late in the evening and at night. Units: milliseconds.
const LONELY_LATE_MS: i64 = 12_000;
/// After this long one goes where people are, wherever that is. Units: milliseconds.
const VERY_LONELY_MS: i64 = 75_000;
/// Who came to a region stays for so long, unless there is a reason. Units: milliseconds.
const VISIT_MS: i64 = 100_000;

impl Scripted {
    /// Something new to do, and where.
    pub(super) fn choose(&mut self, around: &Perception<'_>) -> Option<(Goal, Vec3)> {
        let goal = self
            .wish
            .take()
            .or_else(|| self.bedtime(around))
            .or_else(|| self.delivery(around))
            .or_else(|| self.food(around))
            .or_else(|| self.company(around))
            .or_else(|| self.routine(around))
            .filter(|goal| self.locate(goal, around).is_some())
            .or_else(|| self.some_place(around))?;
        let at = self.locate(&goal, around)?;
        Some((goal, at))
    }

    /// The minute of the world day.
    pub(super) fn minute(around: &Perception<'_>) -> i64 {
        around.sky.hour * 60 + around.sky.minute
    }

    /// What the hour is for.
    pub(super) fn part(&self, around: &Perception<'_>) -> Part {
        schedule::part(&self.persona, Self::minute(around))
    }

    /// To bed, when it is time. In a world without the bed's place: to bed right here.
    fn bedtime(&mut self, around: &Perception<'_>) -> Option<Goal> {
        if !self.is_bedtime {
            return None;
        }
        let (region, place) = self.persona.home;
        match self.bound_for(region, place, around) {
            Some(Goal::Place(name)) => Some(Goal::Bed(name)),
            Some(goal) => Some(goal),
            None => {
                self.lie_down();
                None
            }
        }
    }

    /// Company, when it was missed for a while.
    fn company(&mut self, around: &Perception<'_>) -> Option<Goal> {
        let alone_ms = around.now.since_ms(self.company_at);
        let lonely_ms = if self.is_late { LONELY_LATE_MS } else { LONELY_MS };
        if alone_ms < lonely_ms {
            return None;
        }
        if let Some(goal) = self.somebody(around) {
            return Some(goal);
        }
        let (region, place) = schedule::gathering(Self::minute(around));
        let goal = self.bound_for(region, place, around)?;
        let is_far = matches!(goal, Goal::Region(..));
        (!is_far || (alone_ms > VERY_LONELY_MS && self.may_travel(around))).then_some(goal)
    }

    /// Nobody hurries from region to region.
    pub(super) fn may_travel(&self, around: &Perception<'_>) -> bool {
        around.now.since_ms(self.came_at) > VISIT_MS
    }

    /// What the hour is for, or something on the way to it.
    fn routine(&mut self, around: &Perception<'_>) -> Option<Goal> {
        let (region, place) = schedule::spot(&self.persona, Self::minute(around));
        let goal = self.bound_for(region, place, around);
        if let Some(Goal::Region(..)) = goal {
            if self.may_travel(around) {
                return goal;
            }
        } else if self.dice.chance(45) {
            return goal;
        }
        match self.dice.weighted(&[24, 14, 6, 7, 4, 12]) {
            0 => self.somebody(around),
            1 => self.thing(around, ObjectKind::Bench),
            2 => self.thing(around, ObjectKind::MarketStall),
            3 => self.thing(around, ObjectKind::Fountain),
            4 => self.thing(around, ObjectKind::NoticeBoard),
            _ => None,
        }
    }
}
