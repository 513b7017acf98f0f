//! Making lines: gaps, fresh words, and when to speak to nobody in particular.

use super::Scripted;
use super::errand::with_article;
use super::grammar::{Gaps, expand};
use super::phrases;
use crate::base::time::Timestamp;
use crate::brain::{Perception, Persona, Sky};
use crate::domain::agent::Handle;
use crate::domain::space::Vec3;
use serde_json::json;

/// How often a fresh line is looked for.
const TRIES: usize = 24;
/// Longest line. Units: characters.
const LINE_MAX_CHARS: usize = 400;
/// Whoever is nearer hears a remark well. Units: metres.
const EARSHOT_M: f64 = 18.0;

impl Scripted {
    /// What fills the gaps of a line to somebody of this name.
    pub(super) fn gaps(&self, name: &str, around: &Perception<'_>) -> Gaps {
        let mut gaps = Gaps::default();
        gaps.set(
            "name",
            Persona::call_name(name).chars().take(40).collect::<String>(),
        );
        gaps.set("me", Persona::call_name(&self.persona.name));
        gaps.set("trade", self.persona.trade);
        gaps.set("home", with_article(self.persona.home));
        gaps.set("region", with_article(&around.region.display_name));
        gaps.set("topic", self.persona.topics.first().copied().unwrap_or("news"));
        gaps.set("day", part_of_day(&around.sky));
        gaps.set("sky", sky(&around.sky));
        gaps.set("temp", around.sky.temperature_c.to_string());
        gaps.set("time", format!("{}:{:02}", around.sky.hour, around.sky.minute));
        gaps.set("place", nearest_place(around, 0));
        gaps.set(
            "goal",
            self.plan
                .goal()
                .map_or_else(|| nearest_place(around, 1), super::errand::Goal::spoken),
        );
        gaps
    }

    /// A line of one of these phrases: one that was not said for a while, if there is any.
    pub(super) fn line(&mut self, from: &[&str], gaps: &Gaps) -> String {
        let now = self.now;
        let mut best: Option<(Timestamp, String)> = None;
        for _ in 0..TRIES {
            let Some(phrase) = self.dice.pick(from) else { break };
            let line = expand(phrase, gaps, &mut self.dice);
            let Some(said_at) = self.memory.line_at(&line, now) else {
                return line;
            };
            if best.as_ref().is_none_or(|(at, _)| said_at < *at) {
                best = Some((said_at, line));
            }
        }
        best.map(|(_, line)| line).unwrap_or_default()
    }

    /// Says a line to those around.
    pub(super) fn say(&mut self, line: String, now: Timestamp) {
        let line: String = line.chars().take(LINE_MAX_CHARS).collect();
        if line.trim().is_empty() {
            return;
        }
        self.note_said(&line, now);
        self.want("say", json!({"message": line}));
    }

    /// Says a line to one agent alone.
    pub(super) fn whisper(&mut self, to: &Handle, line: String, now: Timestamp) {
        let line: String = line.chars().take(LINE_MAX_CHARS).collect();
        if line.trim().is_empty() {
            return;
        }
        self.note_said(&line, now);
        self.want("whisper", json!({"target_id": to, "message": line}));
    }

    /// Remembers what was said.
    fn note_said(&mut self, line: &str, now: Timestamp) {
        self.spoke_at = Some(now);
        self.memory.note_line(line, now);
    }

    /// Remembers a part of a line, so that it is not chosen again soon.
    pub(super) fn note_part(&mut self, part: &str, now: Timestamp) {
        self.memory.note_line(part, now);
    }

    /// On arrival: a gesture, or a remark when somebody may hear it.
    pub(super) fn express(&mut self, around: &Perception<'_>) {
        let is_heard = around
            .agents
            .first()
            .is_some_and(|other| other.distance_m < EARSHOT_M);
        if self.dice.chance(25)
            && let Some(mood) = self.dice.pick(phrases::MOODS).copied()
        {
            self.want("emote", json!({"action": mood}));
        }
        let percent = if is_heard { self.persona.talkative / 2 } else { 12 };
        if self.dice.chance(percent) {
            let phrases = if is_heard || self.dice.chance(50) {
                phrases::REMARK
            } else {
                phrases::MUSE
            };
            let line = self.line(phrases, &self.gaps("", around));
            self.say(line, around.now);
        }
    }
}

/// Money as people say it: `1.50`.
pub(super) fn money(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

fn part_of_day(sky: &Sky) -> &'static str {
    match sky.day_part.as_str() {
        "dawn" | "morning" => "morning",
        "noon" | "afternoon" => "afternoon",
        "dusk" | "evening" | "night" => "evening",
        _ => "day",
    }
}

fn sky(sky: &Sky) -> String {
    match sky.weather.as_str() {
        "clear" | "" => "clear sky".to_owned(),
        "sunny" => "sunshine".to_owned(),
        "partly_cloudy" => "thin cloud".to_owned(),
        "cloudy" => "heavy cloud".to_owned(),
        "overcast" => "grey sky".to_owned(),
        "windy" => "wind".to_owned(),
        other => other.replace('_', " "),
    }
}

/// The place that is nearest, or nearest but so many.
fn nearest_place(around: &Perception<'_>, skip: usize) -> String {
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
