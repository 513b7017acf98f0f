//! `get_nearby_agents`: who is around.

use super::likeness::Likeness;
use crate::domain::output::Output;
use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Decision, Scene};
use crate::domain::space::centimetres;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most agents that one answer lists.
const NEARBY_MAX: usize = 64;

/// Lists the agents within `radius` metres, nearest first, at most 64.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetNearbyAgents {
    /// Units: metres, above 0, at most 96.
    #[serde(default = "radius_default_m")]
    pub radius: f64,
}

/// How far an agent looks when it does not say. Units: metres. Source: society.md §5.4.
pub fn radius_default_m() -> f64 {
    20.0
}

/// Checks a radius of perception. Errors: `invalid_parameter` unless above 0 and at most 96 m.
pub fn check_radius(radius_m: f64) -> Result<f64, Refusal> {
    if radius_m > 0.0 && radius_m <= 96.0 {
        Ok(radius_m)
    } else {
        Err(Refusal::invalid("radius must be above 0 and at most 96 metres"))
    }
}

/// One of those who are near. Written straight into the answer, of pieces that are ready: everybody asks, often, about many.
#[derive(Serialize)]
struct Near<'a> {
    #[serde(flatten)]
    likeness: &'a Likeness,
    distance: f64,
}

impl Act for GetNearbyAgents {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let (region, body) = (scene.region()?, scene.body()?);
        let radius_m = check_radius(self.radius)?;
        let centre = region.position(body, scene.tick);
        let near = region.near(centre, radius_m, NEARBY_MAX + 1);
        let seen: Vec<_> = near
            .into_iter()
            .filter(|(agent, _)| *agent != scene.me.id)
            .take(NEARBY_MAX)
            .filter_map(|(agent, distance)| {
                let likeness = region.likeness(region.seen(agent)?, scene.tick).ok()?;
                Some((likeness, centimetres(distance)))
            })
            .collect();
        let agents: Vec<Near<'_>> = seen
            .iter()
            .map(|(likeness, distance)| Near {
                likeness,
                distance: *distance,
            })
            .collect();
        Ok(Decision::answer(Output::text(&agents)?))
    }
}
