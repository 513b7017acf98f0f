//! `give_item`: hand something over.

use super::use_object::STACK_MAX;
use crate::domain::agent::Handle;
use crate::domain::event::EventKind;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::scene::{Act, Decision, Scene, event_of};
use crate::domain::text::Text;
use crate::domain::write::Write;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How near the other must be. Units: metres.
const GIVE_RANGE_M: f64 = 10.0;

/// Gives items to an agent at most 10 m away. Refused with `not_owner` when the giver does not hold as many.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveItem {
    /// To whom.
    pub target_id: Handle,
    /// Which: the kind or the id that `inventory` lists.
    pub item_id: Text<1, 64>,
    /// How many, 1 to 99.
    #[serde(default = "one")]
    pub quantity: i32,
}

fn one() -> i32 {
    1
}

impl Act for GiveItem {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let (region, body) = (scene.region()?, scene.body()?);
        if !(1..=STACK_MAX).contains(&self.quantity) {
            return Err(Refusal::invalid("quantity must be 1 to 99"));
        }
        if self.target_id == scene.me.handle {
            return Err(Refusal::new(Code::SelfTarget, "an agent cannot give to itself"));
        }
        let target = region
            .seen_by_handle(&self.target_id)
            .ok_or_else(|| Refusal::new(Code::TargetNotFound, "no such agent in this region"))?;
        let at = region.position(body, scene.tick);
        if at.distance(region.position(target, scene.tick)) > GIVE_RANGE_M {
            return Err(Refusal::new(
                Code::TooFar,
                "the other is more than 10 metres away",
            ));
        }
        let content = json!({"item": &*self.item_id, "quantity": self.quantity});
        let to = target.profile.handle.clone();
        let event = event_of(scene.me, EventKind::ItemGive, content)
            .at(at)
            .about(to.clone())
            .to_inbox(to)
            .public();
        let write = Write::GiveItem {
            item: self.item_id.to_string(),
            to: target.profile.id,
            quantity: self.quantity,
        };
        Ok(Decision::done().event(event).write(write))
    }
}
