//! Where places are, and where people are.

use super::grammar::Gaps;
use super::schedule::{self, Part};
use super::spoken::{direction, with_article};
use super::{Scripted, phrases};
use crate::brain::{Perception, Persona};
use crate::domain::agent::Handle;
use crate::domain::space::Vec3;

impl Scripted {
    pub(super) fn tell_way(
        &mut self,
        region: usize,
        place: usize,
        mut gaps: Gaps,
        around: &Perception<'_>,
    ) -> String {
        let Some(region) = around.world.regions.get(region) else {
            return String::new();
        };
        let Some(place) = region.places.get(place) else {
            return String::new();
        };
        gaps.set("goal", with_article(&place.name));
        if region.name != around.region.name {
            gaps.set("where", with_article(&region.display_name));
            return self.line(phrases::ELSEWHERE, &gaps);
        }
        let (from, to) = (around.me.at, Vec3::new(place.x, place.y, around.me.at.z));
        if from.distance(to) <= place.radius_m {
            return self.line(phrases::HERE, &gaps);
        }
        gaps.set("way", way(from, to));
        self.line(phrases::WAY, &gaps)
    }

    /// Where somebody is: as one sees, saw, or knows of their habits.
    pub(super) fn tell_whereabouts(
        &mut self,
        person: &Persona,
        mut gaps: Gaps,
        around: &Perception<'_>,
    ) -> String {
        if person.slug == self.persona.slug {
            return self.line(phrases::WHO_AM_I, &gaps);
        }
        gaps.set("friend", Persona::call_name(&person.name));
        let handle = person.handle();
        if let Some(other) = around.agents.iter().find(|other| other.handle.as_str() == handle) {
            gaps.set("way", way(around.me.at, other.at));
            return self.line(phrases::IN_SIGHT, &gaps);
        }
        let minute = Self::minute(around);
        let (region, place) = schedule::spot(person, minute);
        let region = around.world.region(region);
        let there = region.map_or_else(String::new, |region| with_article(&region.display_name));
        gaps.set("where", format!("{}, in {there}", with_article(place)));
        if schedule::part(person, minute) == Part::Sleep {
            return self.line(phrases::SLEEPING, &gaps);
        }
        let known = Handle::new(&handle)
            .ok()
            .and_then(|handle| self.memory.knows(&handle));
        let Some((region, place)) = known.and_then(|known| known.seen.as_ref()) else {
            return self.line(phrases::UNSEEN, &gaps);
        };
        let gaps = gaps.with("where", format!("{place}, in {region}"));
        self.line(phrases::SEEN, &gaps)
    }

    /// Notes where people are that are near.
    pub(super) fn look_around(&mut self, around: &Perception<'_>) {
        let Some(other) = self.dice.pick(&around.agents) else {
            return;
        };
        let seen = (
            with_article(&around.region.display_name),
            super::speak::nearest_place(around, 0),
        );
        if other.distance_m < 30.0 && !other.is_asleep() {
            self.memory.person(&other.handle, around.now).seen = Some(seen);
        }
    }
}

/// A distance and a direction.
fn way(from: Vec3, to: Vec3) -> String {
    let distance_m = (from.distance(to) / 10.0).round() * 10.0;
    format!(
        "{:.0} metres to the {}",
        distance_m.max(10.0),
        direction(from, to)
    )
}
