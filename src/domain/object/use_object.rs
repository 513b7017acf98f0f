//! `use_object`: sit, drink, read, post, buy.

use super::{ItemKind, ObjectChange, ObjectKind, SceneObject};
use crate::domain::event::EventKind;
use crate::domain::ledger::{Amount, Payee, TransferCode};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::scene::{Act, Change, Decision, Scene, event_of};
use crate::domain::text::Text;
use crate::domain::write::Write;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How near one must be. Units: metres. Source: society.md §5.2.
pub const USE_RANGE_M: f64 = 3.0;
/// Between two wishes at one fountain. Units: milliseconds. Source: features.md CB-37.
const WISH_COOLDOWN_MS: i64 = 300_000;
/// Between two notes on one board. Units: milliseconds. Source: features.md CB-37.
const POST_COOLDOWN_MS: i64 = 3_600_000;
/// Most items bought at once: a stack. Source: features.md CB-38.
pub const STACK_MAX: i32 = 99;

/// Does something with an object at most 3 m away; `get_nearby_objects` tells what can be done.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UseObject {
    /// Which object.
    pub object_id: Text<1, 64>,
    /// What to do, for example `sit`, `drink`, `make_wish`, `read`, `post`, `browse`, `buy`.
    pub action: Text<1, 64>,
    /// For `post`: the note, up to 280 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Text<1, 280>>,
    /// For `buy`: what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<Text<1, 64>>,
    /// For `buy`: how many, 1 to 99.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i32>,
}

impl Act for UseObject {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let (region, body) = (scene.region()?, scene.body()?);
        let object = region
            .objects
            .get(&*self.object_id)
            .ok_or_else(|| Refusal::new(Code::ObjectNotFound, "no such object in this region"))?;
        if region.position(body, scene.tick).distance(object.at) > USE_RANGE_M {
            return Err(Refusal::new(
                Code::TooFar,
                "the object is more than 3 metres away",
            ));
        }
        let Some(action) = object
            .kind
            .actions()
            .iter()
            .copied()
            .find(|action| *action == &*self.action)
        else {
            return Err(Refusal::invalid(format!(
                "a {} affords {:?}",
                object.kind.name(),
                object.kind.actions()
            )));
        };
        let decision = self.effect(scene, object, action)?;
        let content = json!({"object_id": object.id, "object_type": object.kind.name(), "action": action, "result": decision.result});
        let event = event_of(scene.me, EventKind::ObjectUse, content)
            .at(object.at)
            .public();
        Ok(decision.event(event))
    }
}

impl UseObject {
    fn effect(
        &self,
        scene: &Scene<'_>,
        object: &SceneObject,
        action: &'static str,
    ) -> Result<Decision, Refusal> {
        let count = |result: Value| {
            let change = ObjectChange::Count(action.into());
            Decision::answer(result).write(Write::UseObject {
                object_id: object.id.clone(),
                change,
            })
        };
        let status = |text: &str| Change::Status(text.to_owned());
        Ok(match (object.kind, action) {
            (ObjectKind::Bench, "sit") => count(json!({"status": "sitting"})).change(status("sitting")),
            (ObjectKind::Bench, _) => count(json!({"status": "idle"})).change(status("idle")),
            (ObjectKind::Fountain, "drink") => count(json!({"message": "The water is cool and clear."})),
            (ObjectKind::Fountain, _) => {
                let cooldown = cooldown(scene, object, action, WISH_COOLDOWN_MS)?;
                let wishes = [
                    "The water glitters.",
                    "A coin sinks slowly.",
                    "Somewhere, a bell rings.",
                ];
                let pick = usize::try_from(scene.dice % 3).unwrap_or(0);
                count(json!({"message": wishes.get(pick).unwrap_or(&"The water glitters.")})).change(cooldown)
            }
            (ObjectKind::NoticeBoard, "post") => {
                let cooldown = cooldown(scene, object, action, POST_COOLDOWN_MS)?;
                let text = self
                    .text
                    .as_ref()
                    .ok_or_else(|| Refusal::invalid("post needs a text"))?
                    .to_string();
                let change = ObjectChange::Post {
                    author: scene.me.handle.to_string(),
                    text,
                    at_ms: scene.now.0,
                };
                Decision::answer(json!({"posted": true}))
                    .write(Write::UseObject {
                        object_id: object.id.clone(),
                        change,
                    })
                    .change(cooldown)
            }
            (ObjectKind::NoticeBoard, _) => {
                count(json!({"notes": object.state.get("notes").cloned().unwrap_or(json!([]))}))
            }
            (ObjectKind::MarketStall, "buy") => self.buy(object)?,
            (ObjectKind::MarketStall, _) => {
                let goods =
                    ItemKind::ALL.map(|item| json!({"item": item.name(), "price": item.price_minor()}));
                count(json!({"goods": goods}))
            }
        })
    }

    fn buy(&self, object: &SceneObject) -> Result<Decision, Refusal> {
        let name = self
            .item
            .as_ref()
            .ok_or_else(|| Refusal::invalid("buy needs an item"))?;
        let item =
            ItemKind::from_name(name).ok_or_else(|| Refusal::invalid("the stall does not sell that"))?;
        let quantity = self.quantity.unwrap_or(1);
        if !(1..=STACK_MAX).contains(&quantity) {
            return Err(Refusal::invalid("quantity must be 1 to 99"));
        }
        let price = item.price_minor().saturating_mul(i64::from(quantity));
        let amount = Amount::new(price).map_err(Refusal::invalid)?;
        let note = Some(format!("{quantity} x {}", item.name()));
        Ok(
            Decision::answer(json!({"item": item.name(), "quantity": quantity, "price": price}))
                .write(Write::Transfer {
                    to: Payee::Market,
                    amount,
                    code: TransferCode::Purchase,
                    note,
                })
                .write(Write::GrantItem { item, quantity })
                .write(Write::UseObject {
                    object_id: object.id.clone(),
                    change: ObjectChange::Count("buy".into()),
                }),
        )
    }
}

/// Checks that the agent may do this with this object again; the change forbids it for a while.
fn cooldown(
    scene: &Scene<'_>,
    object: &SceneObject,
    action: &str,
    length_ms: i64,
) -> Result<Change, Refusal> {
    let key = format!("{}:{action}", object.id);
    match scene.body()?.cooldown_left_ms(&key, scene.now) {
        Some(left) => Err(Refusal::new(Code::OnCooldown, "too soon after the last time").retry_after(left)),
        None => Ok(Change::Cooldown(key, scene.now.plus_ms(length_ms))),
    }
}
