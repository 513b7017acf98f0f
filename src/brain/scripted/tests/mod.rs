//! A scripted mind in pretended surroundings.

mod economy;
mod hearing;
mod meaning;
mod suggestions;

use super::*;
use crate::base::time::TickRate;
use crate::brain::{Heard, HeardKind, Me, Neighbour, Sky};
use crate::config::world_file::WorldFile;
use crate::domain::agent::Handle;
use crate::domain::region::{ObjectPlan, Path, Place, RegionPlan, World};
use std::sync::LazyLock;

/// The world that comes with Rookery, as regions are planned.
pub(crate) fn world() -> World {
    static WORLD: LazyLock<World> = LazyLock::new(read_world);
    WORLD.clone()
}

fn read_world() -> World {
    let file = WorldFile::built_in().unwrap();
    let regions = file.regions.iter().map(|region| {
        let spawn = region.spawn_point();
        let object = |o: &crate::config::world_file::Object| ObjectPlan {
            id: o.id.clone(),
            name: o.name.clone(),
            kind: o.kind.as_str().to_owned(),
            at: Vec3::new(o.x, o.y, 25.0),
        };
        RegionPlan {
            name: region.name.clone(),
            display_name: region.display_name.clone(),
            description: String::new(),
            size_m: 256.0,
            capacity: 500,
            shards: 1,
            spawn: Vec3::new(spawn.x, spawn.y, 25.0),
            weather: None,
            paths: region
                .paths
                .iter()
                .map(|p| Path {
                    points: p.points.iter().map(|p| (p[0], p[1])).collect(),
                    width_m: p.width_m,
                })
                .collect(),
            places: region
                .places
                .iter()
                .map(|p| Place {
                    name: p.name.clone(),
                    x: p.x,
                    y: p.y,
                    radius_m: p.radius,
                    kind: p.kind.clone(),
                })
                .collect(),
            objects: region.objects.iter().map(object).collect(),
            pool: None,
            is_public: true,
        }
    });
    let regions = regions.collect();
    World {
        rate: TickRate {
            epoch: Timestamp(0),
            tick_ms: 100,
        },
        seed: 1,
        regions,
        shards: Vec::new(),
    }
}

/// What is heard of somebody.
fn speech(from: &str, name: &str, text: &str) -> Heard {
    Heard {
        from: Some(Handle::new(from).unwrap()),
        from_name: name.to_owned(),
        kind: HeardKind::Speech(text.to_owned()),
        ago_ms: 1_000,
    }
}

fn neighbour(handle: &str, name: &str, me: Vec3, at: Vec3) -> Neighbour {
    Neighbour {
        handle: Handle::new(handle).unwrap(),
        name: name.to_owned(),
        at,
        status: "idle".to_owned(),
        distance_m: me.distance(at),
    }
}

/// A mind at the green of `main`, with a visitor near.
struct Alone {
    mind: Scripted,
    world: World,
    now: Timestamp,
    hour: i64,
    visitor: (&'static str, &'static str),
    balance_minor: i64,
}

impl Alone {
    /// The mind of somebody, at ten in the morning.
    fn new(slug: &str, seed: u64) -> Self {
        let persona = crate::brain::lore::people::named(slug).unwrap().clone();
        Self {
            mind: Scripted::new(persona, Dice::new(seed)),
            world: world(),
            now: Timestamp(1_000_000),
            hour: 10,
            visitor: ("visitor", "Vic Torr"),
            balance_minor: 100_000,
        }
    }

    fn think(&mut self, heard: Vec<Heard>) -> Vec<Intent> {
        let at = Vec3::new(128.0, 128.0, 25.0);
        self.now = self.now.plus_ms(3_000);
        let persona = &self.mind.persona;
        let (handle, name) = self.visitor;
        let around = Perception {
            now: self.now,
            me: Me {
                handle: Handle::new(&persona.handle()).unwrap(),
                name: persona.name.clone(),
                at,
            },
            agents: vec![neighbour(handle, name, at, Vec3::new(129.0, 129.0, 25.0))],
            world: &self.world,
            region: self.world.region("main").unwrap(),
            heard,
            balance_minor: Some(self.balance_minor),
            sky: Sky {
                weather: "light_rain".to_owned(),
                temperature_c: 14,
                day_part: "morning".to_owned(),
                hour: self.hour,
                minute: 5,
            },
        };
        self.mind.decide(&around).intents
    }

    /// What the visitor says, and what is said to it.
    fn told(&mut self, text: &str) -> Option<String> {
        let (handle, name) = self.visitor;
        let intents = self.think(vec![speech(handle, name, text)]);
        said(&intents)
    }

    /// As `told`, when there must be an answer.
    fn asked(&mut self, question: &str) -> String {
        self.told(question)
            .unwrap_or_else(|| panic!("no answer to {question}"))
    }
}

/// The first line among intents.
fn said(intents: &[Intent]) -> Option<String> {
    let line = intents
        .iter()
        .find(|intent| matches!(intent.action, "say" | "whisper"))?;
    line.params["message"].as_str().map(str::to_owned)
}
