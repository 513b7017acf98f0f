//! Why somebody walks, and where to.

use super::Scripted;
use super::spoken::with_article;
use crate::brain::{Perception, Persona};
use crate::domain::agent::Handle;
use crate::domain::object::ObjectKind;
use crate::domain::region::ObjectPlan;
use crate::domain::space::Vec3;

/// Why somebody walks.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    /// To be at a place.
    Place(String),
    /// To go to bed, at a place.
    Bed(String),
    /// To use a thing: its id, name and kind.
    Thing(String, String, ObjectKind),
    /// To meet somebody: handle and name.
    Person(Handle, String),
    /// To see another region, by its name and what people call it.
    Region(String, String),
}

impl Goal {
    /// What people say when they go there.
    pub fn spoken(&self) -> String {
        match self {
            Goal::Place(name) | Goal::Thing(_, name, _) | Goal::Region(_, name) => with_article(name),
            Goal::Bed(_) => "bed".to_owned(),
            Goal::Person(_, name) => Persona::call_name(name).to_owned(),
        }
    }
}

impl Scripted {
    /// Where a goal is; none when it is not here.
    pub(super) fn locate(&self, goal: &Goal, around: &Perception<'_>) -> Option<Vec3> {
        let z = around.me.at.z;
        match goal {
            Goal::Place(name) | Goal::Bed(name) => around
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
            Goal::Region(name, _) => around
                .world
                .region(name)
                .filter(|region| region.name != around.region.name)
                .map(|region| region.spawn),
        }
    }

    /// A place: on the way to its region when it is not here; none when the world has no such place.
    pub(super) fn bound_for(&self, region: &str, place: &str, around: &Perception<'_>) -> Option<Goal> {
        let plan = around.world.region(region)?;
        if plan.name != around.region.name {
            return Some(Goal::Region(plan.name.clone(), plan.display_name.clone()));
        }
        let is_there = plan.places.iter().any(|other| other.name == place);
        is_there.then(|| Goal::Place(place.to_owned()))
    }

    /// A place of this region that is not right here.
    pub(super) fn some_place(&mut self, around: &Perception<'_>) -> Option<Goal> {
        let far = around.region.places.iter().filter(|place| {
            Vec3::new(place.x, place.y, around.me.at.z).distance(around.me.at) > place.radius_m
        });
        let names: Vec<&str> = far.map(|place| place.name.as_str()).collect();
        self.dice.pick(&names).map(|name| Goal::Place((*name).to_owned()))
    }

    /// A thing of a kind in this region.
    pub(super) fn thing(&mut self, around: &Perception<'_>, kind: ObjectKind) -> Option<Goal> {
        let is_kind = |object: &&ObjectPlan| ObjectKind::from_name(&object.kind) == Some(kind);
        let things: Vec<&ObjectPlan> = around.region.objects.iter().filter(is_kind).collect();
        self.dice
            .pick(&things)
            .map(|object| Goal::Thing(object.id.clone(), object.name.clone(), kind))
    }

    /// Somebody around who may be talked to.
    pub(super) fn somebody(&mut self, around: &Perception<'_>) -> Option<Goal> {
        let may_meet = |other: &&crate::brain::Neighbour| self.may_meet(other, around.now);
        let others: Vec<_> = around.agents.iter().filter(may_meet).take(8).collect();
        self.dice
            .pick(&others)
            .map(|other| Goal::Person(other.handle.clone(), other.name.clone()))
    }
}
