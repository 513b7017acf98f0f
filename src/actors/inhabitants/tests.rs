//! The inhabitants in a whole world: real regions, agents, committers and a database in memory, by a clock that goes in steps
//! of a tick, each as soon as everybody has done what the one before gave them to do.

use super::measure::{Body, Figures, Line, Window};
use super::{Census, Inhabitants, InhabitantsMessage};
use crate::actors::mailbox::Seat;
use crate::actors::node::DEADLINE;
use crate::actors::region::look;
use crate::actors::test_node::{TestNode, run_in};
use crate::base::id::ShardId;
use crate::brain::Persona;
use crate::brain::lore::people::{named, people};
use crate::brain::scripted::schedule::{Part, part};
use crate::brain::scripted::tests::world;
use crate::config::Limits;
use crate::domain::space::Vec3;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const PEOPLE: u32 = 24;
const TICK_MS: u64 = 100;
const MINUTE_MS: i64 = 60_000;
/// Units: milliseconds; a world day is an hour.
const DAY_MS: i64 = 3_600_000;
/// Units: milliseconds.
const HOUR_MS: i64 = DAY_MS / 24;

/// A world with its inhabitants.
struct Village {
    node: TestNode,
    inhabitants: Seat<Inhabitants>,
    seqs: BTreeMap<ShardId, i64>,
}

impl Village {
    /// Everybody arrives at an hour of the world day.
    async fn begin(node: TestNode, hour: i64) -> Self {
        let until_ms = (hour * HOUR_MS - node.clock.now_ms()).rem_euclid(DAY_MS);
        node.clock.advance(u64::try_from(until_ms).unwrap());
        let inhabitants = Inhabitants::start(&node.gateway, &node.arbiter(), PEOPLE);
        let seqs = node
            .node()
            .directory
            .shards()
            .into_iter()
            .map(|(shard, _)| (shard, 0))
            .collect();
        let village = Self {
            node,
            inhabitants,
            seqs,
        };
        while village.census().await.living < usize::try_from(PEOPLE).unwrap() {
            village.node.clock.advance(TICK_MS);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        village
    }

    /// One tick; returns when everybody sleeps until another.
    async fn step(&self) {
        self.node.clock.advance(TICK_MS);
        let sleepers = usize::try_from(PEOPLE).unwrap() + self.seqs.len();
        tokio::time::timeout(DEADLINE, self.node.clock.all_asleep(sleepers))
            .await
            .expect("somebody never rests");
    }

    async fn pass(&self, ms: i64) {
        for _ in 0..ms / i64::try_from(TICK_MS).unwrap() {
            self.step().await;
        }
    }

    /// Watches for a while.
    async fn watch(&mut self, ms: i64) -> Window {
        let mut window = Window::default();
        self.happenings().await;
        for second in 0..ms / 1_000 {
            self.pass(1_000).await;
            window.samples.push((self.now_ms(), self.sample().await));
            if second % 60 == 59 {
                let (lines, payments) = self.happenings().await;
                window.lines.extend(lines);
                window.payments.extend(payments);
            }
        }
        window
    }

    async fn census(&self) -> Census {
        self.inhabitants
            .ask(DEADLINE, InhabitantsMessage::Census)
            .await
            .unwrap()
    }

    fn now_ms(&self) -> i64 {
        self.node.clock.now_ms()
    }

    async fn sample(&self) -> Vec<Body> {
        let mut bodies = Vec::new();
        for (_, seats) in self.node.node().directory.shards() {
            let here = look(&seats.region, |state, tick| {
                let body = |body: &crate::domain::region::Body| Body {
                    who: body.profile.handle.to_string(),
                    region: state.plan.name.clone(),
                    at: state.position(body, tick),
                    is_walking: body.trajectory.is_moving(),
                    is_asleep: body.status == "asleep",
                };
                state.bodies().map(body).collect::<Vec<Body>>()
            });
            bodies.extend(here.await.unwrap());
        }
        bodies
    }

    /// What was said and paid since the last time.
    async fn happenings(&mut self) -> (Vec<Line>, Vec<i64>) {
        let (mut lines, mut payments) = (Vec::new(), Vec::new());
        for (shard, after) in &mut self.seqs {
            let (shard, from) = (*shard, *after);
            let events = self
                .node
                .read(move |reader| reader.events_of_shard(shard, from, 10_000))
                .await;
            for event in events {
                *after = event["seq"].as_i64().unwrap();
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let number = |key: &str| event["location"][key].as_f64().unwrap_or_default();
                let tick = crate::base::time::Tick(event["tick"].as_i64().unwrap());
                let at_ms = self.node.node().rate.start_of(tick).0;
                match event["type"].as_str().unwrap() {
                    "speech" => lines.push(Line {
                        at_ms,
                        who: text(&event["source"]),
                        region: text(&event["region"]),
                        from: Vec3::new(number("x"), number("y"), number("z")),
                        text: text(&event["content"]["message"]),
                    }),
                    "payment" => payments.push(at_ms),
                    "object_use" if event["content"]["action"] == "buy" => payments.push(at_ms),
                    _ => {}
                }
            }
        }
        lines.sort_by_key(|line| line.at_ms);
        payments.sort_unstable();
        (lines, payments)
    }
}

/// Ten minutes are as lively as they should be.
fn check(figures: &Figures) {
    println!("{figures:?}");
    assert!(figures.walking >= 80, "{figures:?}");
    assert!(figures.talking >= 50, "{figures:?}");
    assert!(figures.stood.0 <= 90_000, "{figures:?}");
    assert!(figures.repeats < 10, "{figures:?}");
    assert!(figures.lonely.is_empty(), "{figures:?}");
    assert!(figures.payments >= 10, "{figures:?}");
    assert!(figures.awake >= 3, "{figures:?}");
}

#[test]
fn ten_minutes_by_day_are_full_of_life() {
    run_in(&world().regions, Limits::default(), 1, |node| async move {
        let mut village = Village::begin(node, 9).await;
        village.pass(2 * MINUTE_MS).await;
        check(&village.watch(10 * MINUTE_MS).await.figures());
        assert_eq!(village.census().await.limited, 0);
    });
}

#[test]
fn at_night_most_go_home_to_bed_and_the_rest_are_full_of_life() {
    run_in(&world().regions, Limits::default(), 2, |node| async move {
        let mut village = Village::begin(node, 21).await;
        village.pass(4 * MINUTE_MS).await;
        check(&village.watch(10 * MINUTE_MS).await.figures());
        assert_eq!(village.census().await.limited, 0);
        let hour = village.now_ms().rem_euclid(DAY_MS) / HOUR_MS;
        // Whoever went to bed an hour ago at the latest is there.
        let is_abed = |person: &&Persona| {
            [hour, hour - 1]
                .iter()
                .all(|hour| part(person, hour.rem_euclid(24) * 60) == Part::Sleep)
        };
        let abed: Vec<String> = people().iter().filter(is_abed).map(Persona::handle).collect();
        let bodies = village.sample().await;
        assert!(abed.len() >= 12, "{abed:?}");
        let body_of = |who: &String| bodies.iter().find(|body| body.who == *who);
        let is_in_bed = |body: &Body| body.is_asleep && is_at_home(body);
        let astray: Vec<(&String, Option<&Body>)> = abed
            .iter()
            .map(|who| (who, body_of(who)))
            .filter(|(_, body)| !body.is_some_and(is_in_bed))
            .collect();
        assert!(astray.is_empty(), "at {hour}: {astray:?}");
    });
}

fn is_at_home(body: &Body) -> bool {
    let person = named(body.who.trim_start_matches("demo-")).unwrap();
    let world = world();
    let region = world.region(person.home.0).unwrap();
    let place = region
        .places
        .iter()
        .find(|place| place.name == person.home.1)
        .unwrap();
    let distance_m = Vec3::new(place.x, place.y, body.at.z).distance(body.at);
    body.region == region.name && distance_m <= place.radius_m
}

#[test]
fn a_visitor_is_told_what_was_asked_for() {
    run_in(&world().regions, Limits::default(), 3, |node| async move {
        let mut village = Village::begin(node, 12).await;
        let visitor = village.node.join("visitor", 128.0, 128.0).await;
        village.pass(MINUTE_MS / 2).await;
        for (question, wanted) in [
            ("how much is a loaf of bread?", "3.00"),
            ("where is the Duck Pond?", "Duck Pond"),
        ] {
            let bodies = village.sample().await;
            let bram = bodies.iter().find(|body| body.who == "demo-bram").unwrap();
            let beside = json!({"region": bram.region, "x": bram.at.x + 1.0, "y": bram.at.y});
            village.node.act(&visitor, "teleport", beside).await.unwrap();
            village.happenings().await;
            let line = json!({"message": format!("Bram, {question}")});
            village.node.act(&visitor, "say", line).await.unwrap();
            village.pass(10_000).await;
            let (lines, _) = village.happenings().await;
            let told: Vec<&Line> = lines.iter().filter(|line| line.who == "demo-bram").collect();
            assert!(
                told.iter().any(|line| line.text.contains(wanted)),
                "{question} {told:?}"
            );
        }
    });
}
