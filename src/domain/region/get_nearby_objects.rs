//! `get_nearby_objects`: what is around.

use super::get_location::location;
use super::get_nearby_agents::{check_radius, radius_default_m};
use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Decision, Scene};
use crate::domain::space::centimetres;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Most objects that one answer lists.
const NEARBY_MAX: usize = 64;

/// Lists the objects within `radius` metres with what can be done with them, nearest first, at most 64.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetNearbyObjects {
    /// Units: metres, above 0, at most 96.
    #[serde(default = "radius_default_m")]
    pub radius: f64,
}

impl Act for GetNearbyObjects {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let (region, body) = (scene.region()?, scene.body()?);
        let radius_m = check_radius(self.radius)?;
        let centre = region.position(body, scene.tick);
        let mut near: Vec<_> = region
            .objects
            .values()
            .map(|object| (object.at.distance(centre), object))
            .collect();
        near.retain(|(distance, _)| *distance <= radius_m);
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        let objects: Vec<Value> = near
            .into_iter()
            .take(NEARBY_MAX)
            .map(|(distance, object)| {
                json!({"id": object.id, "name": object.name, "type": object.kind.name(), "actions": object.kind.actions(),
                    "location": location(object.at, &region.plan.name), "distance": centimetres(distance)})
            })
            .collect();
        Ok(Decision::answer(Value::Array(objects)))
    }
}
