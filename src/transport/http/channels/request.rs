//! `POST /api/request`: somebody asks the owner of a locked channel to be let in, in public.

use super::publish::in_words;
use super::{Fields, Who, channel_of, malformed, namespace_of};
use crate::actors::channels::publish_as;
use crate::base::limit::ACCESS_REASON_MAX_CHARS;
use crate::domain::channel::{Namespace, Subject, Verb};
use crate::domain::refusal::{Code, Refusal};
use crate::transport::http::reads::{Answer, ok};
use crate::transport::http::{Json, Problem};
use crate::transport::web::Web;
use actix_web::web::Data;
use serde_json::{Map, Value, json};

/// Where requests are published.
const REQUESTS: &str = "public.access";

/// `POST /api/request`
pub async fn request(web: Data<Web>, who: Result<Who, Problem>, body: Result<Fields, Problem>) -> Answer {
    let (who, Json(fields)) = (who?, body?);
    let name = channel_of(&fields)?;
    let reason = reason_of(&fields)?;
    let channel = namespace_of(name)?;
    let owner = match channel {
        Namespace::Agent(_) | Namespace::App(_) => channel.owner().ok_or_else(Refusal::internal)?,
        Namespace::AppAgents(_) | Namespace::AppAgent(..) => {
            return Err(
                Refusal::new(Code::PermissionMissing, "access to this channel is not granted").into(),
            );
        }
        _ => return Err(malformed("only channels of agents and apps are locked").into()),
    };
    let node = &web.gateway.node;
    match node.may(who.subject(), Verb::Subscribe, name, &channel).await {
        Ok(known) if !known.rule.is_locked => return Err(malformed("channel is not locked").into()),
        Ok(_) => return Err(malformed("you already have access to this channel").into()),
        Err(refusal) if refusal.code != Code::Locked => return Err(refusal.into()),
        Err(_) => {}
    }
    let (kind, agent, app) = match owner {
        Subject::User(agent) => ("agent", Some(agent), None),
        Subject::App(app) => ("app", None, Some(app)),
        Subject::Nobody => return Err(Refusal::internal().into()),
    };
    let request = json!({
        "type": "access_request", "requester": who.subject().to_string(), "targetChannel": name, "targetType": kind,
        "targetOwner": owner.to_string(), "targetAgent": agent, "targetApp": app, "reason": reason,
        "timestamp": node.now(),
    });
    let published = publish_as(node, who.subject(), REQUESTS, &request.to_string()).await;
    published.map_err(|refusal| in_words(&web, refusal))?;
    ok(&json!({"ok": true, "message": "access request sent", "request": request}))
}

fn reason_of(fields: &Map<String, Value>) -> Result<&str, Refusal> {
    match fields.get("reason") {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(reason)) if reason.chars().count() <= ACCESS_REASON_MAX_CHARS => Ok(reason),
        Some(Value::String(_)) => Err(Refusal::new(Code::TooLarge, "the reason is too long")),
        Some(_) => Err(malformed("reason must be a string")),
    }
}
