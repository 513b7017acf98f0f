//! Something new to say in a talk: mostly the opening of a thread that nobody near opened lately.

use super::Scripted;
use super::phrases;
use super::talk::Open;
use crate::brain::lore::{Thread, people, topic};
use crate::brain::{Perception, Persona};

/// After this long a thread is as good as new. Units: milliseconds.
const THREAD_REST_MS: i64 = 600_000;

impl Scripted {
    /// Something new for somebody of this name, and what is open with it.
    pub(super) fn opening(&mut self, name: &str, around: &Perception<'_>) -> (Open, String) {
        let gaps = self.gaps(name, around);
        let is_poor = self.is_poor(around);
        let is_mood_known = self.talk.as_ref().is_some_and(|talk| talk.is_mood_known);
        let (mood, work) = (if is_mood_known { 0 } else { 8 }, if is_poor { 40 } else { 0 });
        match self.dice.weighted(&[70, mood, 6, 8, 6, work]) {
            1 => {
                return (
                    Open::Mood,
                    self.line(
                        &["[How are you|How are things|How is it going][ today| so far|], {name}?"],
                        &gaps,
                    ),
                );
            }
            2 => {
                let ask = [
                    "Have you seen {friend} [today|around|lately], {name}?",
                    "Where is {friend} [today|at this hour], do you know, {name}?",
                ];
                return (Open::Whereabouts, self.line(&ask, &gaps));
            }
            3 => {
                if let Some(fact) = self.memory.take_fact(Persona::call_name(name), around.now) {
                    return (Open::Told, self.line(phrases::TELL, &gaps.with("fact", fact)));
                }
            }
            4 => {
                if let Some(errand) = self.errand_for(name, around) {
                    return errand;
                }
            }
            5 => return (Open::Work, self.line(phrases::WORK_WANTED, &gaps)),
            _ => {}
        }
        let thread = self.fresh_thread(name);
        self.memory.note_thread(thread.index, around.now);
        (Open::Thread(thread.index), self.line(&[thread.opening], &gaps))
    }

    /// A thread that was not opened lately; of a topic that one of the two likes, more often than not.
    fn fresh_thread(&mut self, name: &str) -> &'static Thread {
        let theirs = people::named(&Persona::call_name(name).to_lowercase());
        let topics: &[&'static str] = match self.dice.weighted(&[40, 20, 40]) {
            0 => &self.persona.topics,
            1 => theirs.map_or(&[], |person| person.topics.as_slice()),
            _ => &[],
        };
        let now = self.now;
        let is_fresh = |thread: &&Thread| {
            let opened_at = self.memory.opened_at(thread.index);
            opened_at.is_none_or(|at| now.since_ms(at) > THREAD_REST_MS)
        };
        let liked: Vec<&'static Thread> = topics
            .iter()
            .filter_map(|name| topic::named(name))
            .flat_map(|topic| topic.threads())
            .filter(is_fresh)
            .collect();
        let any = || topic::threads().iter().filter(is_fresh).collect::<Vec<_>>();
        let fresh = if liked.is_empty() { any() } else { liked };
        if let Some(thread) = self.dice.pick(&fresh).copied() {
            return thread;
        }
        let oldest = topic::threads()
            .iter()
            .min_by_key(|thread| self.memory.opened_at(thread.index));
        // There is always a thread: the texts are part of the program.
        oldest.unwrap_or(&NOTHING)
    }
}

static NOTHING: Thread = Thread {
    index: 0,
    is_question: true,
    opening: "How are you, {name}?",
    replies: Vec::new(),
    reactions: Vec::new(),
};
