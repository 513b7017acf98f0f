//! Listening: what comes to the ears, and whom it is meant for.

use super::Scripted;
use super::cue::{self, Cue};
use super::pattern::{self, Plain};
use super::recall;
use super::words::Words;
use crate::brain::{Heard, HeardKind, Perception, Persona};
use crate::domain::agent::Handle;

/// How long after a talk further small talk of its partner is left alone. Units: milliseconds.
const PARTED_MS: i64 = 12_000;

/// Something said, perhaps to this agent.
pub(super) struct Said<'a> {
    pub(super) from: &'a Handle,
    pub(super) name: &'a str,
    pub(super) words: Words,
    pub(super) is_private: bool,
    /// How long one listens to it still. Units: milliseconds.
    pub(super) listening_ms: i64,
}

impl Scripted {
    /// Takes in what came to the ears and answers the most important of it.
    pub(super) fn hear(&mut self, around: &Perception<'_>) {
        let mut best: Option<(usize, Said<'_>)> = None;
        for heard in &around.heard {
            let Some(said) = self.take_in(heard, around) else {
                continue;
            };
            if pattern::is_song(&said.words) && !said.is_private {
                self.applaud(&said, around);
                continue;
            }
            let weight = self.weight(&said, around);
            if weight > 0 && best.as_ref().is_none_or(|(most, _)| weight >= *most) {
                best = Some((weight, said));
            }
        }
        if let Some((_, said)) = best {
            self.listening_ms = said.listening_ms;
            self.answer(&said, around);
        }
    }

    /// Whether a text calls this agent.
    pub(super) fn is_called(&self, text: &str, around: &Perception<'_>) -> bool {
        Words::of(text).calls(&around.me.name, around.me.handle.as_str())
    }

    /// Payments and suggestions are dealt with at once; words are returned.
    fn take_in<'a>(&mut self, heard: &'a Heard, around: &Perception<'_>) -> Option<Said<'a>> {
        match &heard.kind {
            HeardKind::Prompt(text) => {
                self.consider(text, around);
                None
            }
            HeardKind::Payment { amount_minor, note } => {
                if let Some(from) = &heard.from {
                    self.thank(from, &heard.from_name, *amount_minor, note, around);
                }
                None
            }
            HeardKind::Speech(text) | HeardKind::Whisper(text) => {
                let from = heard.from.as_ref().filter(|from| **from != around.me.handle)?;
                self.memory.lines.note(text, around.now);
                let words = Words::of(text);
                if let Some((thread, true)) = recall::opened(&words) {
                    self.memory.note_thread(thread.index, around.now);
                }
                Some(Said {
                    from,
                    name: &heard.from_name,
                    words,
                    is_private: matches!(heard.kind, HeardKind::Whisper(_)),
                    listening_ms: Self::listening_to(text, heard.ago_ms),
                })
            }
        }
    }

    fn answer(&mut self, said: &Said<'_>, around: &Perception<'_>) {
        let now = around.now;
        let cue = cue::cue(&said.words, around.world, &around.region.name);
        let is_in_talk = self
            .talk
            .as_ref()
            .is_some_and(|talk| talk.member(said.from).is_some());
        let is_stranger = !Persona::is_handle(said.from.as_str());
        let person = self.memory.person(said.from, now);
        let parted_ms = person.parted_at.map_or(i64::MAX, |at| now.since_ms(at));
        let is_small_talk = matches!(
            cue,
            Cue::Remark | Cue::Plain(Plain::Farewell | Plain::Thanks | Plain::Greeting)
        );
        // Between neighbours thanks and coins end a deal; the coins themselves are thanked for.
        let is_deal_over = matches!(cue, Cue::Plain(Plain::Thanks | Plain::Paid)) && self.deal.is_none();
        let is_needless = is_deal_over || (parted_ms < PARTED_MS && is_small_talk);
        if !is_in_talk && is_needless && !is_stranger {
            return;
        }
        if !person.may_answer(now) {
            return;
        }
        if matches!(cue, Cue::Plain(Plain::Greeting)) {
            person.greeted_at = Some(now);
        }
        if self.deal_with(&cue, said, around) {
            return;
        }
        if said.is_private {
            let line = self.reply(&cue, said.from, said.name, around);
            return self.whisper(said.from, line);
        }
        if !is_in_talk {
            let is_joining = matches!(cue, Cue::Plain(Plain::Joining));
            if let Some(talk) = self.talk.as_mut().filter(|_| is_joining) {
                talk.note(said.from, said.name, now);
            } else if self.talk.is_some() || self.deal.is_some() || self.is_restless(now) {
                // Somebody else calls: a short answer on the side.
                let line = self.reply(&cue, said.from, said.name, around);
                return self.answer_aloud(line);
            } else {
                self.begin_talk(said.from, said.name, false, now);
                self.halt();
            }
        }
        self.take_turn(&cue, said, around);
    }
}
