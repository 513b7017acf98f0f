//! `statement`: the agent's latest transfers.

use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Decision, Lookup, Scene};
use crate::domain::text::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Lists the agent's transfers, newest first: `{balance, transfers: [...], cursor?}`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// 1 to 200.
    #[serde(default = "limit_default")]
    pub limit: i64,
    /// Where the last answer ended. Opaque.
    #[serde(default)]
    pub cursor: Option<Text<1, 2048>>,
}

fn limit_default() -> i64 {
    50
}

impl Act for Statement {
    fn decide(&self, _scene: &Scene<'_>) -> Result<Decision, Refusal> {
        if !(1..=200).contains(&self.limit) {
            return Err(Refusal::invalid("limit must be 1 to 200"));
        }
        let cursor = self.cursor.as_ref().map(|cursor| cursor.to_string());
        Ok(Decision::lookup(Lookup::Statement {
            limit: self.limit,
            cursor,
        }))
    }
}
