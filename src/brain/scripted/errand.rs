//! What somebody may go out for.

use super::Scripted;
use crate::brain::Perception;
use crate::domain::agent::Handle;
use crate::domain::object::ObjectKind;
use crate::domain::region::ObjectPlan;
use crate::domain::space::Vec3;

/// Why somebody walks.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    /// To be at a place.
    Place(String),
    /// To use a thing: its id, name and kind.
    Thing(String, String, ObjectKind),
    /// To meet somebody: handle and name.
    Person(Handle, String),
    /// To see another region, by its name.
    Region(String),
}

impl Goal {
    /// What people say when they go there.
    pub fn spoken(&self) -> String {
        match self {
            Goal::Place(name) | Goal::Thing(_, name, _) | Goal::Region(name) => with_article(name),
            Goal::Person(_, name) => crate::brain::Persona::call_name(name).to_owned(),
        }
    }
}

/// The name of a place within a sentence: `the Duck Pond`, `Fern Hollow`, `the Green`.
pub fn with_article(name: &str) -> String {
    if let Some(bare) = name.strip_prefix("The ") {
        return format!("the {bare}");
    }
    let is_proper = name.contains('\'') || name.split_whitespace().count() < 2;
    let ends_properly = ["Row", "Hollow", "Cross", "Meridian", "Forest"]
        .iter()
        .any(|end| name.ends_with(end));
    if is_proper || ends_properly {
        name.to_owned()
    } else {
        format!("the {name}")
    }
}

impl Scripted {
    /// Something new to do, and where.
    pub(super) fn choose(&mut self, around: &Perception<'_>) -> Option<(Goal, Vec3)> {
        if let Some(wish) = self.wish.take()
            && let Some(at) = self.locate(&wish, around)
        {
            return Some((wish, at));
        }
        let goal = match self.dice.below(100) {
            0..3 => self.other_region(around),
            3..30 => self.somebody(around),
            30..43 => self.thing(around, ObjectKind::Bench),
            43..58 => self.thing(around, ObjectKind::MarketStall),
            58..65 => self.thing(around, ObjectKind::Fountain),
            65..69 => self.thing(around, ObjectKind::NoticeBoard),
            69..77 if around.region.name == self.persona.region => {
                Some(Goal::Place(self.persona.home.to_owned()))
            }
            69..77 => self.home_region(around),
            _ => None,
        };
        let goal = goal
            .filter(|goal| self.locate(goal, around).is_some())
            .or_else(|| self.some_place(around))?;
        let at = self.locate(&goal, around)?;
        Some((goal, at))
    }

    /// Where a goal is.
    pub(super) fn locate(&self, goal: &Goal, around: &Perception<'_>) -> Option<Vec3> {
        let z = around.me.at.z;
        match goal {
            Goal::Place(name) => around
                .region
                .places
                .iter()
                .find(|place| place.name == *name)
                .map(|place| Vec3::new(place.x, place.y, z)),
            Goal::Thing(id, _, _) => around
                .region
                .objects
                .iter()
                .find(|object| object.id == *id)
                .map(|object| object.at),
            Goal::Person(handle, _) => around
                .agents
                .iter()
                .find(|other| other.handle == *handle)
                .map(|other| other.at),
            Goal::Region(name) => around
                .world
                .region(name)
                .filter(|region| region.name != around.region.name)
                .map(|region| region.spawn),
        }
    }

    fn some_place(&mut self, around: &Perception<'_>) -> Option<Goal> {
        let far = around.region.places.iter().filter(|place| {
            Vec3::new(place.x, place.y, around.me.at.z).distance(around.me.at) > place.radius_m
        });
        let names: Vec<&str> = far.map(|place| place.name.as_str()).collect();
        self.dice.pick(&names).map(|name| Goal::Place((*name).to_owned()))
    }

    fn thing(&mut self, around: &Perception<'_>, kind: ObjectKind) -> Option<Goal> {
        let is_kind = |object: &&ObjectPlan| ObjectKind::from_name(&object.kind) == Some(kind);
        let things: Vec<&ObjectPlan> = around.region.objects.iter().filter(is_kind).collect();
        self.dice
            .pick(&things)
            .map(|object| Goal::Thing(object.id.clone(), object.name.clone(), kind))
    }

    fn somebody(&mut self, around: &Perception<'_>) -> Option<Goal> {
        let others: Vec<_> = around
            .agents
            .iter()
            .filter(|other| self.may_greet(other, around.now))
            .take(8)
            .collect();
        self.dice
            .pick(&others)
            .map(|other| Goal::Person(other.handle.clone(), other.name.clone()))
    }

    fn other_region(&mut self, around: &Perception<'_>) -> Option<Goal> {
        let others: Vec<_> = around
            .world
            .regions
            .iter()
            .filter(|region| region.name != around.region.name && region.is_public)
            .collect();
        self.dice
            .pick(&others)
            .map(|region| Goal::Region(region.name.clone()))
    }

    fn home_region(&self, around: &Perception<'_>) -> Option<Goal> {
        around
            .world
            .region(self.persona.region)
            .map(|region| Goal::Region(region.name.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::with_article;

    #[test]
    fn places_get_the_article_that_people_use() {
        let spoken = [
            "The Green",
            "Duck Pond",
            "Fern Hollow",
            "Cook's Yard",
            "Clocktower",
        ]
        .map(with_article);
        assert_eq!(
            spoken,
            [
                "the Green",
                "the Duck Pond",
                "Fern Hollow",
                "Cook's Yard",
                "Clocktower"
            ]
        );
    }
}
