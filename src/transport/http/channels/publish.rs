//! `POST /api/publish`: publishing without a socket.

use super::{Who, malformed};
use crate::actors::channels::publish_as;
use crate::config::Bucket;
use crate::domain::refusal::{Code, Refusal};
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
    let published = publish_as(&web.gateway.node, who.subject(), channel, payload).await;
    published.map_err(|refusal| in_words(&web, refusal))?;
    ok(&json!({"ok": true, "result": {}}))
}

/// A rate as claw.events' clients read of it. Source: features.md CE-32.
pub(super) fn in_words(web: &Web, refusal: Refusal) -> Refusal {
    match web.gateway.node.limits.quota(Bucket::Publishes) {
        Some(quota) if refusal.code == Code::RateLimited => Refusal {
            detail: format!("rate limit exceeded ({} requests per second)", quota.limit).into(),
            ..refusal
        },
        _ => refusal,
    }
}
