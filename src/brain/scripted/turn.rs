//! Turns of a talk: an answer to what was heard, and then perhaps something new.

use super::attend::Said;
use super::cue::Cue;
use super::pattern::Plain;
use super::plan::Plan;
use super::speak::{call_once, join};
use super::talk::Open;
use super::{Scripted, phrases};
use crate::brain::lore::topic;
use crate::brain::{Perception, Persona};
use crate::domain::agent::Handle;

/// When two greet each other at once, so long ago at most did this one begin. Units: milliseconds.
const AT_ONCE_MS: i64 = 5_000;
/// How often a remark is followed by something new at once.
const UNREMARKED_PERCENT: usize = 60;

impl Scripted {
    /// Takes a turn: answers a member of the talk.
    pub(super) fn take_turn(&mut self, cue: &Cue, said: &Said<'_>, around: &Perception<'_>) {
        let now = around.now;
        let Some(talk) = &mut self.talk else { return };
        talk.note(said.from, said.name, now);
        self.company_at = now;
        if talk.is_over || matches!(cue, Cue::Plain(Plain::Farewell)) {
            return self.part_from(said, around);
        }
        let is_greeting = matches!(cue, Cue::Plain(Plain::Greeting));
        let is_first = talk.is_greeter && now.since_ms(talk.began_at) < AT_ONCE_MS;
        if is_greeting && is_first && around.me.handle > *said.from {
            // Both greeted at once: the other one goes on.
            return;
        }
        talk.lines_left = talk.lines_left.saturating_sub(1);
        let (open, is_ending) = (
            std::mem::replace(&mut talk.open, Open::Nothing),
            talk.lines_left == 0,
        );
        let is_greeter = talk.is_greeter;
        talk.is_mood_known |= matches!(cue, Cue::Plain(Plain::HowAreYou));
        if matches!(cue, Cue::Plain(Plain::Invitation)) && !self.is_restless(now) && self.dice.chance(80) {
            return self.go_along(said, around);
        }
        let is_neighbour = Persona::is_handle(said.from.as_str());
        let is_remark =
            matches!(cue, Cue::Remark | Cue::ToldAbout(_) | Cue::Plain(Plain::Paid)) && open == Open::Nothing;
        let mut line = match cue {
            Cue::Plain(Plain::Greeting) if is_greeter => String::new(),
            // Not every remark is remarked upon, and coins speak for themselves.
            Cue::Plain(Plain::Paid) if is_neighbour => String::new(),
            _ if is_remark && !is_ending && self.dice.chance(UNREMARKED_PERCENT) => String::new(),
            _ => self
                .react(open, cue, said, around)
                .unwrap_or_else(|| self.reply(cue, said.from, said.name, around)),
        };
        let is_done = match cue {
            _ if is_remark => true,
            Cue::Plain(plain) => matches!(
                plain,
                Plain::Greeting | Plain::Joining | Plain::Yes | Plain::No | Plain::Thanks
            ),
            _ => false,
        };
        if is_ending {
            join(&mut line, &self.farewell(said.name, around));
        } else if line.is_empty() || is_done || self.dice.chance(if open == Open::Nothing { 12 } else { 50 })
        {
            self.add_opening(&mut line, around);
        } else if matches!(cue, Cue::Opened(thread, true) if thread.is_question) && self.dice.chance(30) {
            // The question goes back: whoever asked it answers it too.
            let name = Persona::call_name(said.name);
            join(&mut line, &format!("And you, {name}?"));
            if let Cue::Opened(thread, _) = cue {
                self.set_open(Open::Thread(thread.index));
            }
        }
        self.speak_up(line);
    }

    /// Says a line of the talk; in company it calls somebody, so that all know whose turn is next.
    fn speak_up(&mut self, mut line: String) {
        let Some(talk) = &mut self.talk else { return };
        (talk.last_at, talk.is_last_mine) = (self.now, true);
        if talk.members.len() > 1
            && let Some(next) = talk.next()
        {
            let call = Persona::call_name(&next.name);
            let is_calling = talk
                .members
                .iter()
                .any(|member| line.contains(Persona::call_name(&member.name)));
            if !is_calling && let Some(mark) = line.pop() {
                line = format!("{line}, {call}{mark}");
            }
        }
        for member in &talk.members {
            call_once(&mut line, Persona::call_name(&member.name));
        }
        self.answer_aloud(line);
    }

    /// What whoever opened something says to the answer; none when it was not an answer.
    fn react(&mut self, open: Open, cue: &Cue, said: &Said<'_>, around: &Perception<'_>) -> Option<String> {
        let is_back = matches!(cue, Cue::Plain(Plain::Back));
        // A neighbour's question in answer is a part of it; a stranger's wants an answer itself.
        let is_neighbour = Persona::is_handle(said.from.as_str());
        if open == Open::Nothing
            || cue.is_definite()
            || (said.words.is_question() && !is_neighbour && !is_back)
        {
            return None;
        }
        let gaps = self.gaps(said.name, around);
        let phrases = match open {
            Open::Thread(index) => {
                let thread = topic::threads().get(index)?;
                let phrases = if is_back {
                    &thread.replies
                } else {
                    &thread.reactions
                };
                return Some(self.line(phrases, &gaps));
            }
            Open::Mood if is_back => phrases::HOW_ARE_YOU,
            Open::Mood => phrases::GLAD,
            Open::Whereabouts => phrases::GOOD_TO_KNOW,
            Open::Told => phrases::TOLD_MORE,
            Open::Errand(wage_minor, to) => return self.pay_errand(wage_minor, to, said, around),
            Open::Nothing | Open::Work => return None,
        };
        Some(self.line(phrases, &gaps))
    }

    /// Words of farewell; now and then an invitation instead.
    fn farewell(&mut self, name: &str, around: &Perception<'_>) -> String {
        if let Some(talk) = &mut self.talk {
            talk.is_over = true;
        }
        let phrases = if self.dice.chance(15) && !self.is_due(around) {
            phrases::INVITE
        } else {
            phrases::FAREWELL
        };
        self.line_to(name, phrases, around)
    }

    /// Somebody said farewell, or this one did before.
    fn part_from(&mut self, said: &Said<'_>, around: &Perception<'_>) {
        let Some(talk) = &mut self.talk else { return };
        let was_over = talk.is_over;
        if talk.members.len() > 1 && !was_over {
            // The others go on talking.
            talk.members.retain(|member| member.handle != *said.from);
            self.note_parted(said.from);
        } else {
            self.end_talk(around.now);
        }
        if !was_over {
            let line = self.line_to(said.name, phrases::FAREWELL_BACK, around);
            self.answer_aloud(line);
        }
        self.give(said.from, around);
    }

    fn note_parted(&mut self, handle: &Handle) {
        let now = self.now;
        let person = self.memory.person(handle, now);
        person.parted_at = Some(now);
        person.talks = person.talks.saturating_add(1);
    }

    /// Accepts an invitation.
    fn go_along(&mut self, said: &Said<'_>, around: &Perception<'_>) {
        let line = self.line_to(said.name, phrases::JOIN, around);
        self.answer_aloud(line);
        self.end_talk(around.now);
        self.plan = Plan::Follow {
            until: around.now.plus_ms(self.dice.whole(20, 40) * 1_000),
            order: Some(said.from.clone()),
        };
    }

    /// After a lull: something new.
    pub(super) fn go_on(&mut self, around: &Perception<'_>) {
        let Some(talk) = &mut self.talk else { return };
        talk.lines_left = talk.lines_left.saturating_sub(1);
        if talk.lines_left == 0 {
            return self.break_off(around);
        }
        let mut line = String::new();
        self.listening_ms = 0;
        self.add_opening(&mut line, around);
        self.speak_up(line);
    }

    /// Adds something new to a line of the talk.
    fn add_opening(&mut self, line: &mut String, around: &Perception<'_>) {
        let Some(name) = self
            .talk
            .as_ref()
            .and_then(|talk| talk.next())
            .map(|next| next.name.clone())
        else {
            return;
        };
        let (open, part) = self.opening(&name, around);
        join(line, &part);
        self.set_open(open);
    }
}
