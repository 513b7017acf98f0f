//! The file that describes the land: regions with their places, paths and objects.

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::ConfigError;
use super::load::{read_file, syntax_error};
use crate::base::limit;

mod validate;
mod word;

pub use word::{ObjectKind, Weather};

/// The world that is used when no file is named.
pub const BUILT_IN: &str = include_str!("default_world.toml");

/// All regions of a world.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldFile {
    /// The regions; the first one is where agents arrive that ask for none.
    #[serde(rename = "region", default)]
    pub regions: Vec<Region>,
}

/// One square of land.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Unique name: 1-64 of `[a-z0-9_-]`.
    pub name: String,
    /// The name for people; the file may leave it out, then it is `name`.
    #[serde(default)]
    pub display_name: String,
    /// What it is like.
    #[serde(default)]
    pub description: String,
    /// Length of a side, 16 to 4096. Units: metres.
    #[serde(default = "default_size_m")]
    pub size_m: u32,
    /// Agents that each shard holds.
    #[serde(default = "default_capacity")]
    pub capacity: u32,
    /// How many shards run it, 1 to 64: each has a strip at least 16 m wide and a queue of its own. Counts when it is made.
    #[serde(default = "default_shards")]
    pub shards: u32,
    /// Where agents arrive; the middle when left out.
    #[serde(default)]
    pub spawn: Option<Point>,
    /// The weather, if it is always the same; without it the weather changes.
    #[serde(default)]
    pub weather: Option<Weather>,
    /// Ways to walk along.
    #[serde(default)]
    pub paths: Vec<Walkway>,
    /// Named places.
    #[serde(default)]
    pub places: Vec<Place>,
    /// Things to use.
    #[serde(default)]
    pub objects: Vec<Object>,
    /// The pool that an instance of this region is counted in.
    #[serde(default)]
    pub pool: Option<String>,
    /// Whether anyone may watch.
    #[serde(default = "default_public")]
    pub public: bool,
}

impl Region {
    /// Where agents arrive. Units: metres.
    #[must_use]
    pub fn spawn_point(&self) -> Point {
        let middle = f64::from(self.size_m) / 2.0;
        self.spawn.unwrap_or(Point {
            x: middle,
            y: middle,
            z: GROUND_M,
        })
    }
}

/// Height of the ground. Units: metres.
pub const GROUND_M: f64 = 25.0;

/// A point of a region, from its south-west corner. Units: metres, z up.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// To the east.
    pub x: f64,
    /// To the north.
    pub y: f64,
    /// Upwards.
    #[serde(default = "default_ground")]
    pub z: f64,
}

/// A named place.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The name for people, unique in its region.
    pub name: String,
    /// Middle, to the east. Units: metres.
    pub x: f64,
    /// Middle, to the north. Units: metres.
    pub y: f64,
    /// How far it reaches. Units: metres.
    pub radius: f64,
    /// What sort of place it is, such as `square`, `garden`, `shop`: 1-32 of `[a-z0-9_-]`.
    pub kind: String,
}

/// A way to walk along.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Walkway {
    /// The name for people.
    #[serde(default)]
    pub name: String,
    /// How broad it is. Units: metres.
    #[serde(default = "default_width_m")]
    pub width_m: f64,
    /// Its corners as `[x, y]`, at least two. Units: metres.
    pub points: Vec<[f64; 2]>,
}

/// A thing to use.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// Unique in the world: 1-64 of `[a-z0-9_-]`.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// What it is, which says what it can be used for.
    pub kind: ObjectKind,
    /// To the east. Units: metres.
    pub x: f64,
    /// To the north. Units: metres.
    pub y: f64,
    /// Upwards. Units: metres.
    #[serde(default = "default_ground")]
    pub z: f64,
}

impl WorldFile {
    /// Reads a world file.
    ///
    /// Errors: it cannot be read, is no TOML, or does not describe a world.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(&path.display().to_string(), &read_file(path)?)
    }

    /// The world that comes with the program.
    ///
    /// Errors: none in a tested build.
    pub fn built_in() -> Result<Self, ConfigError> {
        Self::parse("the built-in world", BUILT_IN)
    }

    /// Reads a world from a text; `place` names it in refusals.
    ///
    /// Errors: it is no TOML, or does not describe a world.
    pub fn parse(place: &str, text: &str) -> Result<Self, ConfigError> {
        let mut world: Self = toml::from_str(text).map_err(|error| syntax_error(place, text, &error))?;
        for region in &mut world.regions {
            if region.display_name.is_empty() {
                region.display_name.clone_from(&region.name);
            }
        }
        validate::world(&world).map_err(|reason| ConfigError::World {
            place: place.to_owned(),
            reason,
        })?;
        Ok(world)
    }
}

impl Region {
    /// Refuses a region that could not stand in a world file, such as one that an admin asks for.
    ///
    /// Errors: what is wrong, in words.
    pub fn validate(&self) -> Result<(), String> {
        validate::region(self)
    }
}

fn default_size_m() -> u32 {
    256
}

fn default_capacity() -> u32 {
    500
}

fn default_shards() -> u32 {
    1
}

fn default_public() -> bool {
    true
}

fn default_ground() -> f64 {
    GROUND_M
}

fn default_width_m() -> f64 {
    3.0
}

/// Whether a text is a name that fits into keys, addresses and metrics: 1 to `max` of `[a-z0-9_-]`.
fn is_slug(text: &str, max: usize) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    (1..=max).contains(&text.len()) && text.bytes().all(fits)
}

/// Whether a text is a name for people.
fn is_title(text: &str) -> bool {
    let chars = text.chars().count();
    (1..=limit::NAME_MAX_CHARS).contains(&chars) && text.trim() == text && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
