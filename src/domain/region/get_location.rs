//! `get_location`: where the agent is.

use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Decision, Scene};
use crate::domain::space::Vec3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Tells where the agent is: `{x, y, z, region}`. Units: metres.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetLocation {}

impl Act for GetLocation {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let (region, body) = (scene.region()?, scene.body()?);
        Ok(Decision::answer(location(
            region.position(body, scene.tick),
            &region.plan.name,
        )))
    }
}

/// The wire shape of a place. Units: metres.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Place<'a> {
    x: f64,
    y: f64,
    z: f64,
    region: &'a str,
}

impl<'a> Place<'a> {
    /// A place, to the centimetre.
    pub fn new(at: Vec3, region: &'a str) -> Self {
        let Vec3 { x, y, z } = at.rounded();
        Self { x, y, z, region }
    }
}

/// The wire shape of a place: `{x, y, z, region}`.
pub fn location(at: Vec3, region: &str) -> Value {
    json!(Place::new(at, region))
}
