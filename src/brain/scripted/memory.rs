//! What a scripted brain remembers: people, and lines said or heard lately.

use crate::base::time::Timestamp;
use crate::domain::agent::Handle;
use std::collections::{BTreeMap, VecDeque};

/// How long a line is not said again. Units: milliseconds.
pub const LINE_REST_MS: i64 = 300_000;
/// Most lines that are remembered.
const LINES_MAX: usize = 256;
/// Most people that are remembered; who was not met for longest is forgotten first.
const PEOPLE_MAX: usize = 64;
/// Most answers to one person within [`LINE_REST_MS`].
const ANSWERS_MAX: u32 = 12;

/// Somebody met before.
#[derive(Clone, Debug)]
pub struct Acquaintance {
    /// When they were last met.
    pub met_at: Timestamp,
    /// When a greeting was last exchanged.
    pub greeted_at: Option<Timestamp>,
    /// When a talk last ended.
    pub parted_at: Option<Timestamp>,
    /// How often they talked.
    pub talks: u32,
    /// What they lent. Units: minor.
    pub owed_minor: i64,
    /// When to pay it back.
    pub repay_at: Option<Timestamp>,
    answers: u32,
    answers_since: Timestamp,
}

/// What a scripted brain remembers.
#[derive(Debug, Default)]
pub struct Memory {
    lines: VecDeque<(Timestamp, String)>,
    people: BTreeMap<Handle, Acquaintance>,
}

impl Memory {
    /// Notes a line that was said or heard.
    pub fn note_line(&mut self, line: &str, now: Timestamp) {
        self.lines.retain(|(at, _)| now.since_ms(*at) < LINE_REST_MS);
        if self.lines.len() >= LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back((now, line.chars().take(200).collect()));
    }

    /// When a line was last said or heard, alone or within a longer one, in the time of rest.
    pub fn line_at(&self, line: &str, now: Timestamp) -> Option<Timestamp> {
        let known = self.lines.iter().rev().find(|(_, known)| known.contains(line));
        known
            .map(|(at, _)| *at)
            .filter(|at| now.since_ms(*at) < LINE_REST_MS)
    }

    /// What is known of somebody, if anything.
    pub fn knows(&self, handle: &Handle) -> Option<&Acquaintance> {
        self.people.get(handle)
    }

    /// What is known of somebody; begins to be known now.
    pub fn person(&mut self, handle: &Handle, now: Timestamp) -> &mut Acquaintance {
        if self.people.len() >= PEOPLE_MAX
            && !self.people.contains_key(handle)
            && let Some(oldest) = self
                .people
                .iter()
                .min_by_key(|(_, person)| person.met_at)
                .map(|(handle, _)| handle.clone())
        {
            self.people.remove(&oldest);
        }
        let person = self.people.entry(handle.clone()).or_insert_with(|| Acquaintance {
            met_at: now,
            greeted_at: None,
            parted_at: None,
            talks: 0,
            owed_minor: 0,
            repay_at: None,
            answers: 0,
            answers_since: now,
        });
        person.met_at = now;
        person
    }

    /// Somebody to pay back by now.
    pub fn creditor(&self, now: Timestamp) -> Option<(Handle, i64)> {
        let due = self
            .people
            .iter()
            .find(|(_, person)| person.repay_at.is_some_and(|at| at <= now) && person.owed_minor > 0);
        due.map(|(handle, person)| (handle.clone(), person.owed_minor))
    }
}

impl Acquaintance {
    /// Counts an answer; whether one more may be given. Nobody can make a brain talk without end.
    pub fn may_answer(&mut self, now: Timestamp) -> bool {
        if now.since_ms(self.answers_since) >= LINE_REST_MS {
            (self.answers, self.answers_since) = (0, now);
        }
        self.answers = self.answers.saturating_add(1);
        self.answers <= ANSWERS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_rest_five_minutes() {
        let mut memory = Memory::default();
        memory.note_line("Good morning.", Timestamp(0));
        assert_eq!(
            memory.line_at("Good morning.", Timestamp(LINE_REST_MS - 1)),
            Some(Timestamp(0))
        );
        assert_eq!(memory.line_at("Good morning.", Timestamp(LINE_REST_MS)), None);
        assert_eq!(memory.line_at("Good evening.", Timestamp(1)), None);
    }

    #[test]
    fn only_so_many_people_and_lines_are_kept() {
        let mut memory = Memory::default();
        for number in 0..1_000 {
            let handle = Handle::new(&format!("agent-{number}")).unwrap();
            memory.person(&handle, Timestamp(number));
            memory.note_line(&format!("line {number}"), Timestamp(number));
        }
        assert_eq!((memory.people.len(), memory.lines.len()), (PEOPLE_MAX, LINES_MAX));
        assert!(memory.knows(&Handle::new("agent-999").unwrap()).is_some());
        assert!(memory.knows(&Handle::new("agent-1").unwrap()).is_none());
    }

    #[test]
    fn one_person_gets_so_many_answers_in_five_minutes() {
        let mut memory = Memory::default();
        let handle = Handle::new("chatty").unwrap();
        let given = (0..50)
            .filter(|_| memory.person(&handle, Timestamp(5)).may_answer(Timestamp(5)))
            .count();
        assert_eq!(given, 12);
        assert!(
            memory
                .person(&handle, Timestamp(LINE_REST_MS + 5))
                .may_answer(Timestamp(LINE_REST_MS + 5))
        );
    }
}
