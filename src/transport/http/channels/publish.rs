//! `POST /api/publish`: publishing without a socket.

use super::{Who, malformed};
use crate::actors::channels::publish_as;
use crate::transport::http::reads::{Answer, ok};
use crate::transport::http::{Json, Problem};
use crate::transport::web::Web;
use actix_web::web::Data;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// What is published where.
#[derive(Debug, Deserialize)]
pub struct Publish {
    channel: Option<Value>,
    payload: Option<Box<RawValue>>,
}

/// `POST /api/publish`; without a payload null is published.
pub async fn publish(
    web: Data<Web>,
    who: Result<Who, Problem>,
    body: Result<Json<Publish>, Problem>,
) -> Answer {
    let (who, Json(body)) = (who?, body?);
    let channel = body.channel.as_ref().and_then(Value::as_str);
    let channel = channel
        .filter(|channel| !channel.is_empty())
        .ok_or_else(|| malformed("channel required"))?;
    let payload = body.payload.as_deref().map_or("null", RawValue::get);
    publish_as(&web.gateway.node, who.subject(), channel, payload).await?;
    ok(&json!({"ok": true, "result": {}}))
}
