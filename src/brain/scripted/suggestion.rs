//! Suggestions of spectators: followed when they are to go somewhere or to greet somebody, answered when they ask. Never more.

use super::Scripted;
use super::cue::{self, Cue};
use super::goal::Goal;
use super::phrases;
use super::plan::Plan;
use super::words::Words;
use crate::brain::Perception;

impl Scripted {
    /// A spectator's suggestion.
    pub(super) fn consider(&mut self, text: &str, around: &Perception<'_>) {
        let words = Words::of(text);
        let goal = self.suggested(&words, around);
        if goal.is_none() && words.is_question() {
            return self.answer_suggestion(&words, around);
        }
        let (phrases, name) = match &goal {
            Some(Goal::Person(_, name)) => (phrases::SUGGESTED_PERSON, name.as_str()),
            Some(_) => (phrases::SUGGESTED_PLACE, ""),
            None => (phrases::SUGGESTED, ""),
        };
        let mut gaps = self.gaps(name, around);
        if let Some(goal) = &goal {
            gaps.set("goal", goal.spoken());
        }
        let line = self.line(phrases, &gaps);
        self.say(line);
        if goal.is_some() {
            if let Some(Goal::Person(handle, _)) = &goal {
                let person = self.memory.person(handle, around.now);
                (person.greeted_at, person.parted_at) = (None, None);
            }
            self.end_talk(around.now);
            (self.wish, self.plan) = (goal, Plan::Nothing);
        }
    }

    /// Where a suggestion leads, if anywhere. Who asks where something is does not want to be led there.
    fn suggested(&self, words: &Words, around: &Perception<'_>) -> Option<Goal> {
        if words.is_question() && words.any("where where's who who's what what's how why when") {
            return None;
        }
        let mut others = around.agents.iter();
        if let Some(other) = others.find(|other| words.mentions(&other.name, other.handle.as_str())) {
            return Some(Goal::Person(other.handle.clone(), other.name.clone()));
        }
        let (regions, here) = (&around.world.regions, around.region.name.as_str());
        if let Some((region, place)) = words.place(regions, here) {
            let region = regions.get(region)?;
            return self.bound_for(&region.name, &region.places.get(place)?.name, around);
        }
        let region = words.region(regions).filter(|region| region.name != here)?;
        Some(Goal::Region(region.name.clone(), region.display_name.clone()))
    }

    /// A question out of nowhere is answered aloud.
    fn answer_suggestion(&mut self, words: &Words, around: &Perception<'_>) {
        let cue = cue::cue(words, around.world, &around.region.name);
        // What moves money or binds is not asked out of nowhere.
        let line = match cue {
            Cue::Errand(_) | Cue::Order(_) | Cue::Remark => self.line_to("", phrases::SUGGESTED, around),
            cue => self.reply(&cue, &around.me.handle.clone(), "", around),
        };
        self.say(line);
    }
}
