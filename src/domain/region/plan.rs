//! The plan of the world: regions as they were made, before anybody is in them.

use crate::base::id::ShardId;
use crate::base::time::TickRate;
use crate::domain::space::{CellRect, Vec3};
use serde::{Deserialize, Serialize};

/// A region as it was made. Stored as JSON in table `region`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegionPlan {
    /// Unique, `[a-z0-9_-]`, 1 to 64 characters.
    pub name: String,
    /// For people.
    pub display_name: String,
    /// One sentence.
    #[serde(default)]
    pub description: String,
    /// Side of the square. Units: metres, 16 to 4,096.
    pub size_m: f64,
    /// Most agents at one time in each shard.
    pub capacity: u32,
    /// How many shards it was made with, each a strip of its cells.
    #[serde(default = "one")]
    pub shards: u32,
    /// Where agents enter.
    pub spawn: Vec3,
    /// A fixed weather, or none for the weather that changes.
    #[serde(default)]
    pub weather: Option<String>,
    /// Paths to draw and to stroll along.
    #[serde(default)]
    pub paths: Vec<Path>,
    /// Named places.
    #[serde(default)]
    pub places: Vec<Place>,
    /// Things to use.
    #[serde(default)]
    pub objects: Vec<ObjectPlan>,
    /// The pool it is counted in.
    #[serde(default)]
    pub pool: Option<String>,
    /// Whether anybody may watch.
    #[serde(default = "yes")]
    pub is_public: bool,
}

impl RegionPlan {
    /// The plan without what is drawn on it: paths, places and objects.
    pub(super) fn outline(&self) -> Self {
        Self {
            name: self.name.clone(),
            display_name: self.display_name.clone(),
            description: String::new(),
            size_m: self.size_m,
            capacity: self.capacity,
            shards: self.shards,
            spawn: self.spawn,
            weather: self.weather.clone(),
            paths: Vec::new(),
            places: Vec::new(),
            objects: Vec::new(),
            pool: self.pool.clone(),
            is_public: self.is_public,
        }
    }
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

/// A path: a line through points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// The points as `[x, y]`. Units: metres.
    pub points: Vec<(f64, f64)>,
    /// Units: metres.
    #[serde(default = "path_width_m")]
    pub width_m: f64,
}

fn path_width_m() -> f64 {
    3.0
}

/// A named place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// For people; unique in its region.
    pub name: String,
    /// East. Units: metres.
    pub x: f64,
    /// North. Units: metres.
    pub y: f64,
    /// Units: metres.
    pub radius_m: f64,
    /// What it is, for example `cafe`.
    #[serde(default)]
    pub kind: String,
}

/// A thing as it was put there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectPlan {
    /// Unique in the world.
    pub id: String,
    /// For people.
    pub name: String,
    /// `bench`, `fountain`, `notice_board` or `market_stall`.
    pub kind: String,
    /// Where it stands.
    pub at: Vec3,
}

/// A shard as the store knows it: which part of which region.
#[derive(Clone, Debug, PartialEq)]
pub struct ShardPlan {
    /// Its number.
    pub id: ShardId,
    /// The region it is a part of.
    pub region: String,
    /// The cells it runs.
    pub area: CellRect,
}

/// The regions there are, as this node knows them.
#[derive(Clone, Debug)]
pub struct World {
    /// How ticks and times go together.
    pub rate: TickRate,
    /// What chance starts from: weather and the like.
    pub seed: u64,
    /// Regions in the order in which they were made.
    pub regions: Vec<RegionPlan>,
    /// Their shards.
    pub shards: Vec<ShardPlan>,
}

impl World {
    /// The region with this name.
    pub fn region(&self, name: &str) -> Option<&RegionPlan> {
        self.regions.iter().find(|region| region.name == name)
    }

    /// Whether there is a region with this name that anybody may watch.
    pub fn is_public(&self, name: &str) -> bool {
        self.region(name).is_some_and(|region| region.is_public)
    }

    /// The shard that holds a point of a region.
    pub fn shard_at(&self, region: &str, at: Vec3) -> Option<&ShardPlan> {
        let cell = crate::domain::space::Cell::of(at);
        self.shards
            .iter()
            .find(|shard| shard.region == region && shard.area.contains(cell))
    }
}
