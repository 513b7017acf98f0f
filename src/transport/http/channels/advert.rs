//! Adverts: `POST` and `DELETE /api/advertise`, and who reads them.

use super::{Fields, Who, channel_of, check_own, is_name, malformed, may_change};
use crate::base::limit::{ADVERT_MAX_CHARS, CHANNEL_ADVERTS_MAX, CHANNEL_NAME_MAX_BYTES};
use crate::domain::channel::{SCHEMA_MAX_BYTES, Schema};
use crate::domain::refusal::{Code, Refusal};
use crate::store::channel::{Advert, Changed};
use crate::transport::http::reads::{Answer, Query, ok};
use crate::transport::http::{Json, Problem};
use crate::transport::web::Web;
use actix_web::web::{Data, Path};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Most adverts that a search gives.
const FOUND_MAX: i64 = 100;
/// As many unless told otherwise.
const FOUND: i64 = 20;

/// What is searched for.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Wanted {
    /// A part of the channel's name, its description or its owner.
    pub q: Option<String>,
    /// How many: 1 to 100, 20 when left out.
    pub limit: Option<i64>,
}

/// `POST /api/advertise`
pub async fn advertise(web: Data<Web>, who: Result<Who, Problem>, body: Result<Fields, Problem>) -> Answer {
    let (who, Json(fields)) = (who?, body?);
    let channel = channel_of(&fields)?.to_owned();
    check_own(&who, &channel, "can only advertise your own channels")?;
    may_change(&web, &who)?;
    let advert = Advert {
        channel,
        owner: who.subject().to_string(),
        description: description_of(&fields)?,
        schema: schema_of(&fields)?,
        updated_at: web.gateway.node.now(),
    };
    let said = advert.clone();
    let database = &web.gateway.node.database;
    match database.write(move |store| store.advertise(&said)).await? {
        Changed::Done | Changed::Already => web
            .gateway
            .node
            .note_rules_changed(std::slice::from_ref(&advert.channel)),
        Changed::Full => {
            let full = format!("an owner advertises at most {CHANNEL_ADVERTS_MAX} channels");
            return Err(Refusal::new(Code::TooLarge, full).into());
        }
    }
    ok(&json!({"ok": true, "data": shown(&advert)}))
}

/// `DELETE /api/advertise`, with the channel in its body.
pub async fn remove(web: Data<Web>, who: Result<Who, Problem>, body: Result<Fields, Problem>) -> Answer {
    let (who, Json(fields)) = (who?, body?);
    let channel = channel_of(&fields)?.to_owned();
    check_own(&who, &channel, "can only delete your own advertisements")?;
    may_change(&web, &who)?;
    let (name, now) = (channel.clone(), web.gateway.node.now());
    let database = &web.gateway.node.database;
    let removed = database
        .write(move |store| store.remove_advert(&name, now))
        .await?;
    if removed == Changed::Done {
        web.gateway.node.note_rules_changed(&[channel]);
    }
    ok(&json!({"ok": true, "removed": removed == Changed::Done}))
}

/// `GET /api/advertise/search`
pub async fn search(web: Data<Web>, Query(wanted): Query<Wanted>) -> Answer {
    let text = wanted.q.filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| malformed("query parameter 'q' required"))?;
    // No text of PostgreSQL holds U+0000.
    if text.len() > CHANNEL_NAME_MAX_BYTES || text.contains('\0') {
        return Err(malformed("query parameter 'q' has at most 255 bytes of text").into());
    }
    let limit = wanted.limit.unwrap_or(FOUND).clamp(1, FOUND_MAX);
    let looked_for = text.clone();
    let database = &web.gateway.node.database;
    let found = database
        .read(move |reader| reader.search_adverts(&looked_for, limit))
        .await?;
    let results: Vec<Value> = found.found.iter().map(shown_with_owner).collect();
    ok(&json!({"ok": true, "query": text, "count": results.len(), "total": found.total, "results": results}))
}

/// `GET /api/advertise/list`
pub async fn list(web: Data<Web>) -> Answer {
    let database = &web.gateway.node.database;
    let adverts = database.read(|reader| reader.adverts(None)).await?;
    let channels: Vec<Value> = adverts.iter().map(shown_with_owner).collect();
    ok(&json!({"ok": true, "count": channels.len(), "channels": channels}))
}

/// `GET /api/advertise/{agent}`
pub async fn of_owner(web: Data<Web>, path: Path<String>) -> Answer {
    let owner = path.into_inner();
    let adverts = adverts_of(&web, &owner).await?;
    let adverts: Vec<Map<String, Value>> = adverts.iter().map(shown).collect();
    ok(&json!({"ok": true, "agent": owner, "advertisements": adverts}))
}

/// `GET /api/advertise/{agent}/{topic}`
pub async fn one(web: Data<Web>, path: Path<(String, String)>) -> Answer {
    let (owner, topic) = path.into_inner();
    let channel = match owner.strip_prefix("app:") {
        Some(app) => format!("app.{app}.{topic}"),
        None => format!("agent.{owner}.{topic}"),
    };
    let database = &web.gateway.node.database;
    let advert = database.read(move |reader| reader.advert(&channel)).await?;
    let advert = advert.ok_or_else(|| Refusal::new(Code::NotFound, "not found"))?;
    let mut body = shown(&advert);
    body.insert("ok".to_owned(), Value::Bool(true));
    ok(&body)
}

/// The adverts of an owner; nobody's are none.
pub(super) async fn adverts_of(web: &Web, owner: &str) -> Result<Vec<Advert>, Refusal> {
    if !is_name(owner) {
        return Ok(Vec::new());
    }
    let owner = owner.to_owned();
    let database = &web.gateway.node.database;
    database.read(move |reader| reader.adverts(Some(&owner))).await
}

/// An advert as it is shown.
pub(super) fn shown(advert: &Advert) -> Map<String, Value> {
    let schema = advert.schema.as_deref();
    let schema = schema.and_then(|schema| serde_json::from_str::<Value>(schema).ok());
    Map::from_iter([
        ("channel".to_owned(), json!(advert.channel)),
        ("description".to_owned(), json!(advert.description)),
        ("schema".to_owned(), json!(schema)),
        ("updatedAt".to_owned(), json!(advert.updated_at)),
    ])
}

fn shown_with_owner(advert: &Advert) -> Value {
    let mut shown = shown(advert);
    shown.insert("agent".to_owned(), json!(advert.owner));
    Value::Object(shown)
}

fn description_of(fields: &Map<String, Value>) -> Result<Option<String>, Refusal> {
    match fields.get("description") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() > ADVERT_MAX_CHARS => Err(Refusal::new(
            Code::TooLarge,
            format!("description exceeds {ADVERT_MAX_CHARS} characters"),
        )),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(malformed("description must be a string")),
    }
}

/// The schema as JSON text. One that is only a text says where it is to be found, and checks nothing.
fn schema_of(fields: &Map<String, Value>) -> Result<Option<String>, Refusal> {
    let Some(schema) = fields.get("schema").filter(|schema| !schema.is_null()) else {
        return Ok(None);
    };
    let text = schema.to_string();
    if text.len() > SCHEMA_MAX_BYTES {
        let large = format!("schema exceeds {SCHEMA_MAX_BYTES} bytes");
        return Err(Refusal::new(Code::TooLarge, large));
    }
    Schema::parse(&text)
        .map_err(|error| Refusal::new(Code::Malformed, format!("invalid schema: {error}")))?;
    Ok(Some(text))
}
