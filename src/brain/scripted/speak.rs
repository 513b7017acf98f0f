//! Making lines: gaps, fresh words, and how they are said.

use super::Scripted;
use super::goal::Goal;
use super::grammar::{Gaps, expand};
use super::spoken::{self, with_article};
use crate::brain::lore::{people, topic};
use crate::brain::{Intent, Perception, Persona};
use crate::domain::agent::Handle;
use crate::domain::space::Vec3;
use serde_json::json;

/// How many lines are made to choose the freshest of. As soon as one is fresh it is taken.
const TRIES: usize = 12;
/// So much of a fresh line may have been said or heard lately. Units: percent of its words.
const FRESH: u32 = 34;
/// Longest line. Units: characters.
const LINE_MAX_CHARS: usize = 400;
/// Longest name that is spoken. Units: characters.
const NAME_MAX_CHARS: usize = 40;
/// Longest status. Units: characters.
const STATUS_MAX_CHARS: usize = 60;
/// Taking in a line takes so long before it is answered, and each of its characters so long. Units: milliseconds.
const LISTEN_MS: i64 = 900;
const LISTEN_CHAR_MS: i64 = 20;
/// What passes between coins and thanks. Units: milliseconds.
pub(super) const THANKS_MS: i64 = 1_400;
/// Longest pause before an answer. Units: milliseconds.
const PAUSE_MAX_MS: i64 = 2_300;

impl Scripted {
    /// What fills the gaps of a line to somebody of this name.
    pub(super) fn gaps(&mut self, name: &str, around: &Perception<'_>) -> Gaps {
        let call = |name: &str| {
            Persona::call_name(name)
                .chars()
                .take(NAME_MAX_CHARS)
                .collect::<String>()
        };
        let (sky, persona) = (&around.sky, &self.persona);
        let favourite = persona.topics.first().and_then(|name| topic::named(name));
        let is_spoken = |goal: &&Goal| !matches!(goal, Goal::Bed(_) | Goal::Person(..));
        let goal = self.plan.goal().filter(is_spoken);
        let mut gaps = Gaps::default();
        gaps.set("name", call(name));
        gaps.set("me", call(&persona.name));
        gaps.set("trade", persona.trade);
        gaps.set("home", with_article(persona.home.1));
        gaps.set("region", with_article(&around.region.display_name));
        gaps.set("topic", favourite.map_or("the news", |topic| topic.title));
        gaps.set("day", spoken::part_of_day(sky));
        gaps.set("wish", spoken::wish(sky));
        gaps.set("sky", spoken::sky(sky));
        gaps.set("temp", sky.temperature_c.to_string());
        gaps.set("time", format!("{}:{:02}", sky.hour, sky.minute));
        gaps.set("place", nearest_place(around, 0));
        gaps.set(
            "goal",
            goal.map_or_else(|| nearest_place(around, 1), Goal::spoken),
        );
        let friend = self.friend_but(name);
        gaps.set(
            "friend",
            friend.map_or("somebody", |friend| Persona::call_name(&friend.name)),
        );
        gaps
    }

    /// An inhabitant who is neither this one nor of that name.
    pub(super) fn friend_but(&mut self, name: &str) -> Option<&'static Persona> {
        let is_other = |person: &&Persona| {
            person.slug != self.persona.slug && !person.slug.eq_ignore_ascii_case(Persona::call_name(name))
        };
        let others: Vec<&'static Persona> = people::people().iter().filter(is_other).collect();
        self.dice.pick(&others).copied()
    }

    /// A line of one of these phrases, as unlike as can be to what was said or heard lately.
    pub(super) fn line(&mut self, from: &[&str], gaps: &Gaps) -> String {
        let mut best: Option<(u32, String)> = None;
        for _ in 0..TRIES {
            let Some(phrase) = self.dice.pick(from) else { break };
            let line = expand(phrase, gaps, &mut self.dice);
            let likeness = self.memory.lines.likeness(&line, self.now);
            if likeness <= FRESH {
                return line;
            }
            if best.as_ref().is_none_or(|(least, _)| likeness < *least) {
                best = Some((likeness, line));
            }
        }
        best.map(|(_, line)| line).unwrap_or_default()
    }

    /// A line of one of these phrases to somebody of this name, with nothing but the usual gaps.
    pub(super) fn line_to(&mut self, name: &str, from: &[&str], around: &Perception<'_>) -> String {
        let gaps = self.gaps(name, around);
        self.line(from, &gaps)
    }

    /// Says a line to those around.
    pub(super) fn say(&mut self, line: String) {
        self.utter("say", line, None);
    }

    /// Says a line to those around, as an answer to one of so many characters that was heard so long ago.
    pub(super) fn answer_aloud(&mut self, line: String) {
        let wait_ms = if self.has_spoken() {
            PAUSE_MAX_MS
        } else {
            self.listening_ms
        };
        self.utter("say", line, None);
        if let Some(intent) = self.intents.last_mut().filter(|intent| intent.action == "say") {
            intent.pause_ms = wait_ms;
            self.spoke_at = Some(self.now.plus_ms(wait_ms));
        }
    }

    /// Says a line to one agent alone.
    pub(super) fn whisper(&mut self, to: &Handle, line: String) {
        self.utter("whisper", line, Some(to));
    }

    fn utter(&mut self, action: &'static str, line: String, to: Option<&Handle>) {
        let line: String = line.trim().chars().take(LINE_MAX_CHARS).collect();
        if line.is_empty() {
            return;
        }
        let line = if line.ends_with(char::is_alphanumeric) {
            line + "."
        } else {
            line
        };
        self.spoke_at = Some(self.now);
        self.memory.lines.note(&line, self.now);
        self.intents.push(match to {
            Some(to) => Intent::new(action, json!({"target_id": to, "message": line})),
            None => Intent::new(action, json!({"message": line})),
        });
    }

    /// How long it still listens to a line of so many characters that came so long ago. Units: milliseconds.
    pub(super) fn listening_to(text: &str, ago_ms: i64) -> i64 {
        let chars = i64::try_from(text.chars().count()).unwrap_or(0);
        let length_ms = LISTEN_MS.saturating_add(chars.saturating_mul(LISTEN_CHAR_MS));
        length_ms.saturating_sub(ago_ms).clamp(0, PAUSE_MAX_MS)
    }

    /// Shows a status, unless it is shown already.
    pub(super) fn show(&mut self, status: &str) {
        let status: String = status.chars().take(STATUS_MAX_CHARS).collect();
        if status != self.shown && !status.is_empty() {
            self.want("set_status", json!({"status": status}));
            self.shown = status;
        }
    }
}

/// Puts a part behind a line.
pub(super) fn join(line: &mut String, part: &str) {
    if !line.is_empty() && !part.is_empty() {
        line.push(' ');
    }
    line.push_str(part);
}

/// Leaves somebody's name out where it is called for a second time: `Well said, Bram. How are you, Bram?`
pub(super) fn call_once(line: &mut String, call: &str) {
    let Some((head, tail)) = line.split_once(call).filter(|_| !call.is_empty()) else {
        return;
    };
    let mut rest = tail.to_owned();
    for mark in [".", "?", "!", ":", ","] {
        rest = rest.replace(&format!(", {call}{mark}"), mark);
    }
    for mark in [". ", "? ", "! "] {
        if let Some((before, after)) = rest.split_once(&format!("{mark}{call}, ")) {
            let mut letters = after.chars();
            let first = letters.next().map(|first| first.to_uppercase().to_string());
            rest = format!("{before}{mark}{}{}", first.unwrap_or_default(), letters.as_str());
        }
    }
    *line = format!("{head}{call}{rest}");
}

/// The place that is nearest, or nearest but so many.
pub(super) fn nearest_place(around: &Perception<'_>, skip: usize) -> String {
    let at = around.me.at;
    let mut places: Vec<_> = around
        .region
        .places
        .iter()
        .map(|place| (Vec3::new(place.x, place.y, at.z).distance(at), &place.name))
        .collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    places
        .get(skip)
        .or(places.first())
        .map_or_else(|| "here".to_owned(), |(_, name)| with_article(name))
}

#[cfg(test)]
mod tests {
    use super::call_once;

    #[test]
    fn nobody_is_called_twice_in_one_line() {
        for (line, wanted) in [
            (
                "Well said, Bram. How are you, Bram?",
                "Well said, Bram. How are you?",
            ),
            (
                "Bram, a word. Bram, could you carry this?",
                "Bram, a word. Could you carry this?",
            ),
            (
                "Hm, Bram. And if you could, Bram, would you?",
                "Hm, Bram. And if you could, would you?",
            ),
            ("Well said, Ada. I saw Bram.", "Well said, Ada. I saw Bram."),
            ("", ""),
        ] {
            let mut line = line.to_owned();
            call_once(&mut line, "Bram");
            call_once(&mut line, "");
            assert_eq!(line, wanted);
        }
    }
}
