//! `observe_events`: what the agent heard and saw lately.

use crate::base::time::Timestamp;
use crate::domain::event::EventKind;
use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Decision, Lookup, Scene};
use crate::domain::text::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Lists events that this agent heard or was told of, oldest first, and the cursor to go on from.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObserveEvents {
    /// Only these kinds; all when left out.
    #[serde(default)]
    pub event_types: Vec<Text<1, 64>>,
    /// Where the last answer ended. Opaque.
    #[serde(default)]
    pub cursor: Option<Text<1, 2048>>,
    /// Only later ones. Units: milliseconds since 1970.
    #[serde(default)]
    pub since_timestamp: Option<i64>,
    /// 1 to 200.
    #[serde(default = "limit_default")]
    pub limit: i64,
}

fn limit_default() -> i64 {
    50
}

impl Act for ObserveEvents {
    fn decide(&self, _scene: &Scene<'_>) -> Result<Decision, Refusal> {
        if !(1..=200).contains(&self.limit) {
            return Err(Refusal::invalid("limit must be 1 to 200"));
        }
        if let Some(unknown) = self
            .event_types
            .iter()
            .find(|kind| EventKind::from_name(kind).is_none())
        {
            return Err(Refusal::invalid(format!("unknown event type {:?}", &**unknown)));
        }
        Ok(Decision::lookup(Lookup::Heard {
            kinds: self.event_types.iter().map(|kind| kind.to_string()).collect(),
            cursor: self.cursor.as_ref().map(|cursor| cursor.to_string()),
            since: self.since_timestamp.map(Timestamp),
            limit: self.limit,
        }))
    }
}
