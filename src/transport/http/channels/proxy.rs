//! `POST /proxy/subscribe`, `/proxy/publish`: a Centrifugo asks whether one of its users may. It shows the key of the server API, or
//! is on this machine.

use super::Fields;
use crate::domain::channel::{Namespace, Subject, Verb};
use crate::domain::refusal::Refusal;
use crate::transport::http::reads::{Answer, ok};
use crate::transport::http::{Json, Problem};
use crate::transport::web::Web;
use actix_web::HttpRequest;
use actix_web::web::Data;
use serde_json::{Map, Value, json};

/// `POST /proxy/subscribe`
pub async fn subscribe(web: Data<Web>, request: HttpRequest, body: Result<Fields, Problem>) -> Answer {
    web.server_api.admit_proxy(&request)?;
    let Json(fields) = body?;
    answer(&web, Verb::Subscribe, &fields).await
}

/// `POST /proxy/publish`
pub async fn publish(web: Data<Web>, request: HttpRequest, body: Result<Fields, Problem>) -> Answer {
    web.server_api.admit_proxy(&request)?;
    let Json(fields) = body?;
    answer(&web, Verb::Publish, &fields).await
}

/// Yes, or no in the words that Centrifugo takes: both with 200.
async fn answer(web: &Web, verb: Verb, fields: &Map<String, Value>) -> Answer {
    match may(web, verb, fields).await {
        Ok(true) => ok(&json!({"result": {}})),
        Ok(false) => ok(&json!({"error": {"code": 403, "message": "permission denied"}})),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Errors: temporary ones.
async fn may(web: &Web, verb: Verb, fields: &Map<String, Value>) -> Result<bool, Refusal> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let (name, who) = (text("channel"), Subject::of(text("user")));
    let Ok(channel) = Namespace::of(name) else {
        return Ok(false);
    };
    match web.gateway.node.may(who, verb, name, &channel).await {
        Ok(_) => Ok(true),
        Err(refusal) if refusal.code.is_temporary() => Err(refusal),
        Err(_) => Ok(false),
    }
}
