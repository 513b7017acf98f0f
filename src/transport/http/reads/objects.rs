//! Things to use and kinds of items.

use super::{Answer, Query, no_region, ok};
use crate::domain::object::use_object::STACK_MAX;
use crate::domain::object::{ItemKind, ObjectKind};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::region::{RegionPlan, World};
use crate::domain::space::Vec3;
use crate::transport::http::act::command_id;
use crate::transport::http::{Bearer, Json};
use crate::transport::web::Web;
use actix_web::HttpRequest;
use actix_web::web::{Data, Path};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Query of the list of objects.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectsQuery {
    /// Only the objects of this region.
    pub region: Option<String>,
}

/// Things to use.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ObjectList {
    /// The objects.
    pub objects: Vec<ObjectEntry>,
}

/// A thing to use.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ObjectEntry {
    /// Unique in the world.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// What can be done with it.
    pub actions: &'static [&'static str],
    /// `{x, y, z, region}`. Units: metres.
    pub location: Value,
}

/// A thing to use, with its state.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ObjectView {
    /// The object.
    #[serde(flatten)]
    pub entry: ObjectEntry,
    /// By type, for example the notes on a board.
    pub state: Value,
    /// Counts the changes of state.
    pub version: i64,
}

/// How to use an object.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UseBody {
    /// What to do; `use`, or nothing, does what the object is made for: the first of its actions.
    pub action: Option<String>,
    /// For `post`: the note.
    pub text: Option<String>,
    /// For `buy`: what.
    pub item: Option<String>,
    /// For `buy`: how many.
    pub quantity: Option<i32>,
    /// The command's id; the header `Idempotency-Key` does the same.
    pub command_id: Option<String>,
}

/// What stalls sell.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ItemList {
    /// All kinds.
    pub items: Vec<ItemEntry>,
}

/// A kind of item.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ItemEntry {
    /// Its name.
    pub item: &'static str,
    /// What a stall asks for one. Units: minor.
    pub price: i64,
    /// Most that one purchase buys.
    pub stack_max: i32,
}

/// `GET /api/v1/objects`
pub async fn list(web: Data<Web>, query: Query<ObjectsQuery>) -> Answer {
    let world = web.gateway.node.directory.world();
    let objects = match &query.0.region {
        Some(name) => entries(world.region(name).ok_or_else(no_region)?),
        None => world.regions.iter().flat_map(entries).collect(),
    };
    ok(&ObjectList { objects })
}

/// `GET /api/v1/objects/{id}`
pub async fn one(web: Data<Web>, path: Path<String>) -> Answer {
    let node = &web.gateway.node;
    let entry = find(&node.directory.world(), &path).ok_or_else(no_object)?;
    let id = entry.id.clone();
    let stored = node
        .database
        .read(move |reader| reader.object(&id))
        .await?
        .ok_or_else(no_object)?;
    ok(&ObjectView {
        entry,
        state: stored.state,
        version: stored.version,
    })
}

/// `POST /api/v1/agents/{agent_id}/use/{object_id}`
pub async fn use_one(
    web: Data<Web>,
    path: Path<(String, String)>,
    bearer: Bearer,
    request: HttpRequest,
    Json(body): Json<UseBody>,
) -> Answer {
    let (agent, object) = path.into_inner();
    bearer.own(&web, &agent).await?;
    let entry = find(&web.gateway.node.directory.world(), &object).ok_or_else(no_object)?;
    let action = match body.action {
        Some(action) if action != "use" => action,
        _ => entry.actions.first().copied().unwrap_or("use").to_owned(),
    };
    let mut params = json!({"object_id": object, "action": action});
    let optional = [
        ("text", json!(body.text)),
        ("item", json!(body.item)),
        ("quantity", json!(body.quantity)),
    ];
    if let Some(fields) = params.as_object_mut() {
        fields.extend(
            optional
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key.to_owned(), value)),
        );
    }
    let command_id = command_id(&request, body.command_id)?;
    ok(&web
        .gateway
        .act(&bearer.caller, "use_object", &params.to_string(), command_id)
        .await?)
}

/// `GET /api/v1/items`
pub async fn items() -> Answer {
    let item = |kind: ItemKind| ItemEntry {
        item: kind.name(),
        price: kind.price_minor(),
        stack_max: STACK_MAX,
    };
    ok(&ItemList {
        items: ItemKind::ALL.into_iter().map(item).collect(),
    })
}

/// The objects of a region as they were put there.
pub fn entries(plan: &RegionPlan) -> Vec<ObjectEntry> {
    let entry = |object: &crate::domain::region::ObjectPlan| ObjectEntry {
        id: object.id.clone(),
        name: object.name.clone(),
        kind: object.kind.clone(),
        actions: ObjectKind::from_name(&object.kind).map_or(&[], ObjectKind::actions),
        location: location(object.at, &plan.name),
    };
    plan.objects.iter().map(entry).collect()
}

fn location(at: Vec3, region: &str) -> Value {
    json!({"x": at.x, "y": at.y, "z": at.z, "region": region})
}

fn find(world: &World, id: &str) -> Option<ObjectEntry> {
    let plan = world
        .regions
        .iter()
        .find(|plan| plan.objects.iter().any(|object| object.id == id))?;
    entries(plan).into_iter().find(|entry| entry.id == id)
}

fn no_object() -> Refusal {
    Refusal::new(Code::ObjectNotFound, "no such object")
}
