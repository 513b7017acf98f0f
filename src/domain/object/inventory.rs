//! `inventory`: what the agent holds.

use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Decision, Lookup, Scene};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Lists what the agent holds: `[{item_id, item, quantity}]`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inventory {}

impl Act for Inventory {
    fn decide(&self, _scene: &Scene<'_>) -> Result<Decision, Refusal> {
        Ok(Decision::lookup(Lookup::Inventory))
    }
}
