//! `balance`: what the agent has.

use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Decision, Lookup, Scene};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tells the agent's balance: `{balance, currency}`. Units: minor.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Balance {}

impl Act for Balance {
    fn decide(&self, _scene: &Scene<'_>) -> Result<Decision, Refusal> {
        Ok(Decision::lookup(Lookup::Balance))
    }
}
