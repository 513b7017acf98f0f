//! What a scripted mind remembers: people, what was talked about, and what happened to itself.

use super::lines::Lines;
use crate::base::time::Timestamp;
use crate::domain::agent::Handle;
use std::collections::{BTreeMap, VecDeque};

/// Most people that are remembered; who was not met for longest is forgotten first.
const PEOPLE_MAX: usize = 64;
/// Most answers to one person within [`ANSWERS_MS`].
const ANSWERS_MAX: u32 = 24;
/// Units: milliseconds.
const ANSWERS_MS: i64 = 300_000;
/// Most things that happened and are worth telling.
const FACTS_MAX: usize = 8;
/// How long something that happened is news. Units: milliseconds; a third of a world day.
const NEWS_MS: i64 = 1_200_000;

/// Somebody met before.
#[derive(Clone, Debug)]
pub struct Acquaintance {
    /// When they were last met.
    pub met_at: Timestamp,
    /// Where they were last seen: region and place, as people say them.
    pub seen: Option<(String, String)>,
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
    /// When they were last paid for something that they perform or did.
    pub paid_at: Option<Timestamp>,
    answers: u32,
    answers_since: Timestamp,
}

/// Something that happened, as a sentence.
#[derive(Clone, Debug)]
struct Fact {
    at: Timestamp,
    text: String,
}

/// What a scripted mind remembers.
#[derive(Debug, Default)]
pub struct Memory {
    /// Lines said or heard lately.
    pub lines: Lines,
    people: BTreeMap<Handle, Acquaintance>,
    /// When threads were last opened by anybody near, by their numbers.
    threads: BTreeMap<usize, Timestamp>,
    facts: VecDeque<Fact>,
}

impl Memory {
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
            seen: None,
            greeted_at: None,
            parted_at: None,
            talks: 0,
            owed_minor: 0,
            repay_at: None,
            paid_at: None,
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

    /// Notes that a thread was opened.
    pub fn note_thread(&mut self, index: usize, now: Timestamp) {
        self.threads.insert(index, now);
    }

    /// When a thread was last opened, as far as known.
    pub fn opened_at(&self, index: usize) -> Option<Timestamp> {
        self.threads.get(&index).copied()
    }

    /// Notes something that happened, as a sentence.
    pub fn note_fact(&mut self, text: &str, now: Timestamp) {
        // It is told behind a colon.
        let is_name = !["A ", "An ", "There "]
            .iter()
            .any(|start| text.starts_with(start));
        let mut rest = text.chars();
        let text = match rest.next().filter(|_| !is_name) {
            Some(first) => first.to_lowercase().chain(rest).collect(),
            None => text.to_owned(),
        };
        if self.facts.len() >= FACTS_MAX {
            self.facts.pop_front();
        }
        self.facts.push_back(Fact { at: now, text });
    }

    /// Takes something to tell that happened lately; it is told once, and not to who took part in it. `to`: what people
    /// call whoever listens.
    pub fn take_fact(&mut self, to: &str, now: Timestamp) -> Option<String> {
        self.facts.retain(|fact| now.since_ms(fact.at) < NEWS_MS);
        let is_new_to = |fact: &Fact| to.is_empty() || !fact.text.contains(to);
        let newest = self.facts.iter().rposition(is_new_to)?;
        self.facts.remove(newest).map(|fact| fact.text)
    }
}

impl Acquaintance {
    /// Counts an answer; whether one more may be given. Nobody can make a mind talk without end.
    pub fn may_answer(&mut self, now: Timestamp) -> bool {
        if now.since_ms(self.answers_since) >= ANSWERS_MS {
            (self.answers, self.answers_since) = (0, now);
        }
        self.answers = self.answers.saturating_add(1);
        self.answers <= ANSWERS_MAX
    }

    /// Whether they may be paid once more for what they perform or did: not again within `rest_ms`.
    pub fn may_pay(&self, rest_ms: i64, now: Timestamp) -> bool {
        self.paid_at.is_none_or(|at| now.since_ms(at) > rest_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_people_and_facts_are_kept() {
        let mut memory = Memory::default();
        for number in 0..1_000 {
            let handle = Handle::new(&format!("agent-{number}")).unwrap();
            memory.person(&handle, Timestamp(number));
            memory.note_fact(&format!("fact {number}"), Timestamp(number));
        }
        assert_eq!((memory.people.len(), memory.facts.len()), (PEOPLE_MAX, FACTS_MAX));
        assert!(memory.knows(&Handle::new("agent-999").unwrap()).is_some());
        assert!(memory.knows(&Handle::new("agent-1").unwrap()).is_none());
    }

    #[test]
    fn a_fact_is_told_once_and_not_when_it_is_old() {
        let mut memory = Memory::default();
        memory.note_fact("Old.", Timestamp(0));
        memory.note_fact("Ada sold me a spring.", Timestamp(NEWS_MS));
        memory.note_fact("A new thing.", Timestamp(NEWS_MS));
        let mut take = |to| memory.take_fact(to, Timestamp(NEWS_MS));
        assert_eq!(take("Ada").as_deref(), Some("a new thing."));
        assert_eq!(take("Ada"), None, "she was there");
        assert_eq!(take("Bram").as_deref(), Some("Ada sold me a spring."));
        assert_eq!(take("Bram"), None);
    }

    #[test]
    fn one_person_gets_so_many_answers_in_five_minutes() {
        let mut memory = Memory::default();
        let handle = Handle::new("chatty").unwrap();
        let given = (0..50)
            .filter(|_| memory.person(&handle, Timestamp(5)).may_answer(Timestamp(5)))
            .count();
        assert_eq!(given, 24);
        let later = Timestamp(ANSWERS_MS + 5);
        assert!(memory.person(&handle, later).may_answer(later));
    }
}
