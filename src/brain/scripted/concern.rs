//! Whom words concern: who is called, whose turn it is in a talk, and what a passer-by takes an interest in.

use super::Scripted;
use super::attend::Said;
use crate::brain::{Perception, Persona};
use crate::domain::agent::Handle;

/// Whom words call.
enum Called<'a> {
    Me,
    Other(&'a Handle, &'a str),
    Nobody,
}

impl Scripted {
    fn called<'a>(&self, said: &Said<'_>, around: &'a Perception<'_>) -> Called<'a> {
        let (words, me) = (&said.words, &around.me);
        let is_stranger = !Persona::is_handle(said.from.as_str());
        if words.calls(&me.name, me.handle.as_str())
            || (is_stranger && words.mentions(&me.name, me.handle.as_str()))
        {
            return Called::Me;
        }
        if !words.has_calls() {
            return Called::Nobody;
        }
        let mut others = around.agents.iter().filter(|other| other.handle != *said.from);
        others
            .find(|other| words.calls(&other.name, other.handle.as_str()))
            .map_or(Called::Nobody, |other| Called::Other(&other.handle, &other.name))
    }

    /// How much words concern this agent; 0: not at all.
    pub(super) fn weight(&mut self, said: &Said<'_>, around: &Perception<'_>) -> usize {
        if said.is_private {
            return 100;
        }
        let now = around.now;
        let called = self.called(said, around);
        let is_member = self
            .talk
            .as_ref()
            .is_some_and(|talk| talk.member(said.from).is_some());
        match called {
            // Guests first.
            Called::Me if !Persona::is_handle(said.from.as_str()) => 90,
            Called::Me => 80,
            Called::Other(handle, name) => {
                let is_near = Self::is_in_circle(handle, around);
                if let Some(talk) = self.talk.as_mut() {
                    if is_member {
                        talk.note(said.from, said.name, now);
                        if is_near {
                            talk.add(handle, name, now);
                        }
                    } else if talk.member(handle).is_some() && Self::is_in_circle(said.from, around) {
                        talk.note(said.from, said.name, now);
                    }
                }
                0
            }
            Called::Nobody if is_member => self.turn(said.from, around),
            Called::Nobody if self.talk.is_some() => 0,
            Called::Nobody => self.interest(said, around),
        }
    }

    /// In a talk, words that call nobody are for who comes next in the order of handles.
    fn turn(&mut self, from: &Handle, around: &Perception<'_>) -> usize {
        let Some(talk) = self.talk.as_mut() else { return 0 };
        let mut all: Vec<&Handle> = talk.members.iter().map(|member| &member.handle).collect();
        all.push(&around.me.handle);
        all.sort_unstable();
        let next = all.iter().find(|handle| **handle > from).or(all.first());
        let is_mine = next.is_some_and(|next| **next == around.me.handle);
        let name = talk
            .member(from)
            .map(|member| member.name.clone())
            .unwrap_or_default();
        talk.note(from, &name, around.now);
        if is_mine { 60 } else { 0 }
    }

    /// How much words interest somebody who is in no talk and was not called.
    fn interest(&mut self, said: &Said<'_>, around: &Perception<'_>) -> usize {
        let others = || around.agents.iter().filter(|other| other.handle != *said.from);
        let Some(speaker) = around.agents.iter().find(|other| other.handle == *said.from) else {
            return 0;
        };
        if speaker.status.starts_with("talking") {
            return 0;
        }
        let is_nearest = !others()
            .filter(|other| !other.is_asleep())
            .any(|other| other.at.distance(speaker.at) < speaker.distance_m);
        let is_stranger = !Persona::is_handle(said.from.as_str());
        let percent = match (is_nearest, is_stranger, said.words.is_question()) {
            (true, true, _) => 100,
            (true, false, true) => 90,
            (true, false, false) => 50,
            (false, _, _) => 4,
        };
        if self.dice.chance(percent) { 30 } else { 0 }
    }
}
