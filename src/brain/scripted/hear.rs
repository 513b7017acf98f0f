//! Listening: whether one is meant, what is meant, and what to say to it.

use super::Scripted;
use super::cue::{Cue, Words};
use super::errand::Goal;
use super::grammar::Gaps;
use super::phrases::{self, Topic};
use super::plan::Plan;
use super::speak::money;
use crate::brain::{Heard, HeardKind, Perception, Persona};
use crate::domain::agent::Handle;
use crate::domain::space::Vec3;
use serde_json::json;

/// How long after a talk further small talk of its partner is left alone. Units: milliseconds.
const PARTED_MS: i64 = 20_000;
/// Largest sum that is taken for a loan. Units: minor.
const LOAN_MAX_MINOR: i64 = 500;
/// Nobody gives money away with less than this. Units: minor.
const RICH_MINOR: i64 = 20_000;

/// Something said to this agent, perhaps.
struct Said<'a> {
    from: &'a Handle,
    name: &'a str,
    text: &'a str,
    is_private: bool,
}

impl Scripted {
    /// Takes in what came to the ears and answers the most important of it.
    pub(super) fn hear(&mut self, around: &Perception<'_>) {
        let mut best: Option<(usize, Said<'_>)> = None;
        for heard in &around.heard {
            let Some(said) = self.take_in(heard, around) else {
                continue;
            };
            let weight = self.weight(&said, around);
            if weight > 0 && best.as_ref().is_none_or(|(most, _)| weight >= *most) {
                best = Some((weight, said));
            }
        }
        if let Some((_, said)) = best {
            self.answer(&said, around);
        }
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
                self.memory.note_line(text, around.now);
                let is_private = matches!(heard.kind, HeardKind::Whisper(_));
                Some(Said {
                    from,
                    name: &heard.from_name,
                    text,
                    is_private,
                })
            }
        }
    }

    /// How much words concern this agent; 0: not at all.
    fn weight(&mut self, said: &Said<'_>, around: &Perception<'_>) -> usize {
        let words = Words::of(said.text);
        let me = &around.me;
        if said.is_private {
            return 100;
        }
        if words.names(&me.name, me.handle.as_str()) {
            return 80;
        }
        let others = || around.agents.iter().filter(|other| other.handle != *said.from);
        if others().any(|other| words.names(&other.name, other.handle.as_str())) {
            return 0;
        }
        match &self.talk {
            Some(talk) if talk.partner == *said.from => return 60,
            Some(_) => return 0,
            None => {}
        }
        let Some(speaker) = around.agents.iter().find(|other| other.handle == *said.from) else {
            return 0;
        };
        let is_nearest = !others().any(|other| other.at.distance(speaker.at) < speaker.distance_m);
        let is_stranger = !Persona::is_handle(said.from.as_str());
        let percent = match (is_nearest, is_stranger, words.is_question()) {
            (true, true, _) => 100,
            (true, false, true) => 90,
            (true, false, false) => 45,
            (false, _, _) => 4,
        };
        if self.dice.chance(percent) { 30 } else { 0 }
    }

    fn answer(&mut self, said: &Said<'_>, around: &Perception<'_>) {
        let now = around.now;
        let words = Words::of(said.text);
        let cue = words.cue(around.region);
        let person = self.memory.person(said.from, now);
        let parted_ms = person.parted_at.map_or(i64::MAX, |at| now.since_ms(at));
        let is_small_talk = !words.is_question() || Persona::is_handle(said.from.as_str());
        let is_in_talk = self.talk.as_ref().is_some_and(|talk| talk.partner == *said.from);
        if (!is_in_talk && parted_ms < PARTED_MS && is_small_talk)
            || !self.memory.person(said.from, now).may_answer(now)
        {
            return;
        }
        if matches!(cue, Cue::Greeting) {
            self.memory.person(said.from, now).greeted_at = Some(now);
        }
        if said.is_private {
            let gaps = self.gaps(said.name, around);
            let line = self.reply(&cue, &gaps, around);
            return self.whisper(said.from, line, now);
        }
        if !is_in_talk {
            if self.talk.is_some() || self.is_restless(now) {
                // Somebody else calls: a short answer on the side.
                let line = self.reply(&cue, &self.gaps(said.name, around), around);
                return self.say(line, now);
            }
            self.begin_talk(said.from, said.name, false, now);
            self.halt();
        }
        self.answer_partner(&cue, words.is_question(), said, around);
    }

    fn answer_partner(&mut self, cue: &Cue, is_question: bool, said: &Said<'_>, around: &Perception<'_>) {
        let now = around.now;
        let Some(mut talk) = self.talk.take() else { return };
        talk.last_at = now;
        let gaps = self.gaps(said.name, around);
        if talk.is_over || matches!(cue, Cue::Farewell) {
            if !talk.is_over {
                let line = self.line(phrases::FAREWELL_BACK, &gaps);
                self.say(line, now);
            }
            self.talk = Some(talk);
            self.give(said.from, around);
            return self.end_talk(now);
        }
        if matches!(cue, Cue::Greeting)
            && talk.is_greeter
            && around.me.handle > *said.from
            && now.since_ms(talk.began_at) < 5_000
        {
            // Both greeted at once: the other one goes on.
            self.talk = Some(talk);
            return;
        }
        talk.lines_left = talk.lines_left.saturating_sub(1);
        if matches!(cue, Cue::Invitation) && self.dice.chance(80) {
            let line = self.line(phrases::JOIN, &gaps);
            self.say(line, now);
            self.talk = Some(talk);
            self.end_talk(now);
            let until = now.plus_ms(self.dice.whole(25, 50) * 1_000);
            self.plan = Plan::Follow {
                until,
                order: Some(said.from.clone()),
            };
            return;
        }
        let mut line = match cue {
            Cue::Greeting if talk.is_greeter => String::new(),
            Cue::Greeting => self.line(phrases::GREET_BACK, &gaps),
            _ => self.reply(cue, &gaps, around),
        };
        self.note_part(&line, now);
        if talk.lines_left == 0 {
            talk.is_over = true;
            let phrases = if self.dice.chance(20) {
                phrases::INVITE
            } else {
                phrases::FAREWELL
            };
            join(&mut line, &self.line(phrases, &gaps));
        } else if line.is_empty() || matches!(cue, Cue::Greeting) || !is_question || self.dice.chance(35) {
            let (topic, part) = self.next_part(cue, &talk.asked, &gaps);
            self.note_part(&part, now);
            talk.asked.push(topic);
            join(&mut line, &part);
        }
        self.talk = Some(talk);
        self.say(line, now);
    }

    /// Something to keep the talk going: mostly a question about what one likes, not asked before.
    fn next_part(&mut self, cue: &Cue, asked: &[&'static str], gaps: &Gaps) -> (&'static str, String) {
        let current = match cue {
            Cue::AskedAbout(topic) | Cue::ToldAbout(topic) => Some(topic.name),
            _ => None,
        };
        let mine = self
            .persona
            .topics
            .into_iter()
            .filter(|topic| !asked.contains(topic) && Some(*topic) != current);
        let mine: Vec<&'static str> = mine.collect();
        let any: Vec<&'static str> = phrases::TOPICS.iter().map(|topic| topic.name).collect();
        let name = match self.dice.pick(&mine) {
            Some(name) if self.dice.chance(75) => *name,
            _ => self.dice.pick(&any).copied().unwrap_or("news"),
        };
        let lines = phrases::topic(name).map_or(phrases::REMARK, |topic| {
            if self.dice.chance(70) {
                topic.ask
            } else {
                topic.tell
            }
        });
        (name, self.line(lines, gaps))
    }

    /// What to say to this.
    fn reply(&mut self, cue: &Cue, gaps: &Gaps, around: &Perception<'_>) -> String {
        let told = |topic: &Topic, dice: &mut crate::brain::Dice| {
            if dice.chance(65) { topic.tell } else { phrases::NOD }
        };
        let phrases = match cue {
            Cue::Greeting => phrases::GREET_BACK,
            Cue::Farewell => phrases::FAREWELL_BACK,
            Cue::Thanks => phrases::WELCOME,
            Cue::HowAreYou => phrases::HOW_ARE_YOU,
            Cue::Who => phrases::WHO,
            Cue::Work => phrases::WORK,
            Cue::Home => phrases::HOME,
            Cue::Time => phrases::TIME,
            Cue::Weather => phrases::WEATHER,
            Cue::Invitation | Cue::Remark => phrases::NOD,
            Cue::Liking => phrases::LIKING,
            Cue::Praise => phrases::PRAISED,
            Cue::AskedAbout(topic) => topic.answer,
            Cue::ToldAbout(topic) => told(topic, &mut self.dice),
            Cue::Question(None) => phrases::PUZZLED,
            Cue::Price(None) => phrases::PRICES,
            // Names of the two who talk are not what the question is about.
            Cue::Question(Some(word)) if around.me.name.to_lowercase().contains(word.as_str()) => {
                phrases::PUZZLED
            }
            Cue::Question(Some(word)) => {
                return self.line(phrases::UNKNOWN, &gaps.clone().with("word", word.as_str()));
            }
            Cue::Price(Some(item)) => {
                let gaps = gaps
                    .clone()
                    .with("item", item.name())
                    .with("price", money(item.price_minor()));
                return self.line(phrases::PRICE, &gaps);
            }
            Cue::Where(index) => return self.tell_way(*index, gaps, around),
        };
        self.line(phrases, gaps)
    }

    fn tell_way(&mut self, index: usize, gaps: &Gaps, around: &Perception<'_>) -> String {
        let Some(place) = around.region.places.get(index) else {
            return String::new();
        };
        let (from, to) = (around.me.at, Vec3::new(place.x, place.y, around.me.at.z));
        let gaps = gaps
            .clone()
            .with("goal", super::errand::with_article(&place.name));
        let distance_m = from.distance(to);
        if distance_m <= place.radius_m {
            return self.line(phrases::HERE, &gaps);
        }
        let way = format!(
            "{:.0} metres to the {}",
            (distance_m / 10.0).round() * 10.0,
            direction(from, to)
        );
        self.line(phrases::WAY, &gaps.with("way", way))
    }

    /// Money came: thanks, and a loan is remembered.
    fn thank(&mut self, from: &Handle, name: &str, amount_minor: i64, note: &str, around: &Perception<'_>) {
        let now = around.now;
        if note.contains("loan") && (1..=LOAN_MAX_MINOR).contains(&amount_minor) {
            let repay_at = now.plus_ms(self.dice.whole(60, 180) * 1_000);
            let person = self.memory.person(from, now);
            (person.owed_minor, person.repay_at) = (amount_minor, Some(repay_at));
        }
        if !self.memory.person(from, now).may_answer(now) {
            return;
        }
        let gaps = self.gaps(name, around).with("sum", money(amount_minor));
        let line = self.line(phrases::THANK_PAYMENT, &gaps);
        if around
            .agents
            .iter()
            .any(|other| other.handle == *from && other.distance_m < 15.0)
        {
            self.say(line, now);
        } else {
            self.whisper(from, line, now);
        }
    }

    /// Among friends: a small sum at parting, now and then.
    fn give(&mut self, to: &Handle, around: &Perception<'_>) {
        let is_friend =
            self.memory.knows(to).is_some_and(|person| person.talks >= 1) && Persona::is_handle(to.as_str());
        if !is_friend
            || around.balance_minor.is_none_or(|balance| balance < RICH_MINOR)
            || !self.dice.chance(12)
        {
            return;
        }
        let (amount, note) = (
            self.dice.whole(2, 10) * 25,
            self.dice
                .pick(&["for the tea", "a small loan", "for the bread", "a small loan"])
                .copied(),
        );
        self.want("pay", json!({"to": to, "amount": amount, "note": note}));
    }

    /// A spectator's suggestion: it may be followed when it is to go somewhere or to greet somebody. Never more than that.
    fn consider(&mut self, text: &str, around: &Perception<'_>) {
        let words = Words::of(text);
        let person = around
            .agents
            .iter()
            .find(|other| words.names(&other.name, other.handle.as_str()));
        let (goal, from, name) = if let Some(other) = person {
            (
                Some(Goal::Person(other.handle.clone(), other.name.clone())),
                phrases::SUGGESTED_PERSON,
                other.name.as_str(),
            )
        } else if let Some(place) = words
            .place(around.region)
            .and_then(|index| around.region.places.get(index))
        {
            (
                Some(Goal::Place(place.name.clone())),
                phrases::SUGGESTED_PLACE,
                "",
            )
        } else if let Some(region) = words
            .region(&around.world.regions)
            .filter(|region| region.name != around.region.name)
        {
            (
                Some(Goal::Region(region.name.clone())),
                phrases::SUGGESTED_PLACE,
                "",
            )
        } else {
            (None, phrases::SUGGESTED, "")
        };
        let mut gaps = self.gaps(name, around);
        if let Some(goal) = &goal {
            gaps.set("goal", goal.spoken());
        }
        let line = self.line(from, &gaps);
        self.say(line, around.now);
        if goal.is_some() {
            if let Some(Goal::Person(handle, _)) = &goal {
                let person = self.memory.person(handle, around.now);
                (person.greeted_at, person.parted_at) = (None, None);
            }
            self.end_talk(around.now);
            (self.wish, self.plan) = (goal, Plan::Nothing);
        }
    }
}

fn join(line: &mut String, part: &str) {
    if !line.is_empty() && !part.is_empty() {
        line.push(' ');
    }
    line.push_str(part);
}

/// The direction from one point to another, in words.
fn direction(from: Vec3, to: Vec3) -> &'static str {
    const EIGHTHS: [&str; 8] = [
        "east",
        "north-east",
        "north",
        "north-west",
        "west",
        "south-west",
        "south",
        "south-east",
    ];
    let eighths = (from.heading_to(to) / std::f64::consts::FRAC_PI_4).round();
    let index = (0..8_u32).find(|index| (f64::from(*index) - eighths).rem_euclid(8.0) < 0.5);
    index
        .and_then(|index| usize::try_from(index).ok())
        .and_then(|index| EIGHTHS.get(index))
        .copied()
        .unwrap_or("east")
}
