//! How lively a world is, from what a spectator can see of it: bodies each second, lines and payments when they happen.

use crate::brain::Persona;
use crate::domain::space::Vec3;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A line that was said this long ago may be said again. Units: milliseconds.
const REPEAT_MS: i64 = 300_000;
/// A turn answers the one before within this time. Units: milliseconds.
const ANSWER_MS: i64 = 10_000;
/// And from this near. Units: metres.
const EARSHOT_M: f64 = 20.0;
/// Whoever moved less stood. Units: metres.
const STOOD_M: f64 = 0.5;

/// Somebody at one moment.
#[derive(Clone, Debug)]
pub struct Body {
    pub who: String,
    pub region: String,
    pub at: Vec3,
    pub is_walking: bool,
    pub is_asleep: bool,
}

/// A line said aloud.
#[derive(Clone, Debug)]
pub struct Line {
    pub at_ms: i64,
    pub who: String,
    pub region: String,
    pub from: Vec3,
    pub text: String,
}

/// What was seen in a while.
#[derive(Default)]
pub struct Window {
    /// Once a second: when, and everybody.
    pub samples: Vec<(i64, Vec<Body>)>,
    /// In their order.
    pub lines: Vec<Line>,
    /// When somebody paid.
    pub payments: Vec<i64>,
}

/// The figures of a window.
#[derive(Debug)]
#[expect(dead_code, reason = "some are only printed")]
pub struct Figures {
    /// Samples in which somebody walked. Units: percent.
    pub walking: usize,
    /// Seconds in which somebody began a line. Units: percent.
    pub talking: usize,
    /// Lines that somebody said within five minutes before. Units: percent.
    pub repeats: usize,
    /// The longest time that somebody awake stood on a spot, and who. Units: milliseconds.
    pub stood: (i64, String),
    /// Awake in every sample.
    pub awake: usize,
    /// Asleep in at least one sample.
    pub asleep: usize,
    /// Awake in every sample, and in no exchange of three turns.
    pub lonely: Vec<String>,
    /// All lines and all payments.
    pub lines: usize,
    pub payments: usize,
    /// Whole minutes without a payment.
    pub unpaid_minutes: usize,
}

impl Window {
    pub fn figures(&self) -> Figures {
        let all = self.samples.len().max(1);
        let walking = |bodies: &[Body]| bodies.iter().any(|body| body.is_walking);
        let walked = self.samples.iter().filter(|(_, bodies)| walking(bodies)).count();
        let said: BTreeSet<i64> = self.lines.iter().map(|line| line.at_ms / 1_000).collect();
        let talked = self
            .samples
            .iter()
            .filter(|(at, _)| said.contains(&(at / 1_000)))
            .count();
        let awake = self.awake();
        let together = self.in_exchanges();
        let everybody: BTreeSet<&str> = self.bodies().map(|(_, body)| body.who.as_str()).collect();
        let began_ms = self.samples.first().map_or(0, |(at, _)| at - 1_000);
        let minute = |at: &i64| (at - began_ms) / 60_000;
        let paid: BTreeSet<i64> = self.payments.iter().map(minute).collect();
        let minutes = i64::try_from(self.samples.len()).unwrap_or(0) / 60;
        Figures {
            walking: walked * 100 / all,
            talking: talked * 100 / all,
            repeats: self.repeats() * 100 / self.lines.len().max(1),
            stood: self.stood(),
            awake: awake.len(),
            asleep: everybody.len() - awake.len(),
            lonely: awake.difference(&together).map(|who| (*who).to_owned()).collect(),
            lines: self.lines.len(),
            payments: self.payments.len(),
            unpaid_minutes: (0..minutes).filter(|minute| !paid.contains(minute)).count(),
        }
    }

    fn bodies(&self) -> impl Iterator<Item = (i64, &Body)> {
        self.samples
            .iter()
            .flat_map(|(at, bodies)| bodies.iter().map(|body| (*at, body)))
    }

    /// Who was awake in every sample.
    fn awake(&self) -> BTreeSet<&str> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, body) in self.bodies().filter(|(_, body)| !body.is_asleep) {
            *counts.entry(body.who.as_str()).or_default() += 1;
        }
        let all = self.samples.len();
        counts
            .into_iter()
            .filter(|(_, count)| *count == all)
            .map(|(who, _)| who)
            .collect()
    }

    fn repeats(&self) -> usize {
        let mut said: HashMap<&str, i64> = HashMap::new();
        let before = self
            .lines
            .iter()
            .map(|line| (line.at_ms, said.insert(&line.text, line.at_ms)));
        before
            .filter(|(at, before)| before.is_some_and(|before| at - before < REPEAT_MS))
            .count()
    }

    fn stood(&self) -> (i64, String) {
        let mut since: HashMap<&str, (i64, &str, Vec3)> = HashMap::new();
        let mut most = (0, String::new());
        for (at, body) in self.bodies() {
            let spot = since.entry(&body.who).or_insert((at, &body.region, body.at));
            let is_elsewhere = spot.1 != body.region || spot.2.distance(body.at) > STOOD_M;
            if is_elsewhere || body.is_asleep {
                *spot = (at, &body.region, body.at);
            }
            if at - spot.0 > most.0 {
                most = (at - spot.0, body.who.clone());
            }
        }
        most
    }

    /// Who took part in an exchange: three turns of two in earshot, one answering the other, nobody of the two speaking in
    /// between, and at least one of the turns calling the other by name.
    fn in_exchanges(&self) -> BTreeSet<&str> {
        let mut together = BTreeSet::new();
        let pairs: BTreeSet<(&str, &str)> = self.lines.windows(40).flat_map(pairs_of).collect();
        for (one, other) in pairs {
            let is_theirs = |line: &&Line| line.who == one || line.who == other;
            let theirs: Vec<&Line> = self.lines.iter().filter(is_theirs).collect();
            let is_exchange = |turns: &[&Line]| {
                let answers = turns.windows(2).all(|pair| is_answer(pair[0], pair[1]));
                answers
                    && turns.iter().any(|line| {
                        line.text
                            .contains(call(if line.who == one { other } else { one }))
                    })
            };
            if theirs.windows(3).any(is_exchange) {
                together.extend([one, other]);
            }
        }
        together
    }
}

fn pairs_of(lines: &[Line]) -> Vec<(&str, &str)> {
    let Some(first) = lines.first() else {
        return Vec::new();
    };
    let others = lines
        .iter()
        .filter(|line| line.who != first.who && is_answer(first, line));
    others
        .map(|line| {
            let (one, other) = (first.who.as_str(), line.who.as_str());
            (one.min(other), one.max(other))
        })
        .collect()
}

fn is_answer(first: &Line, second: &Line) -> bool {
    first.who != second.who
        && first.region == second.region
        && second.at_ms - first.at_ms <= ANSWER_MS
        && first.from.distance(second.from) <= EARSHOT_M
}

/// What people call whoever has this handle: `Bram` for `demo-bram`.
fn call(handle: &str) -> &'static str {
    let slug = handle.strip_prefix("demo-").unwrap_or(handle);
    crate::brain::lore::people::named(slug).map_or("nobody", |person| Persona::call_name(&person.name))
}
