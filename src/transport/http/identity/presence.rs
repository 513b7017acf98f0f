//! `POST /api/v1/connect` and `/api/v1/disconnect/{agent_id}`: in the world without a socket.

use super::{Answer, config_of};
use crate::actors::agent::Counted;
use crate::actors::gateway::Guest;
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::transport::http::{Bearer, Json, bearer_token};
use crate::transport::web::Web;
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// Who comes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    agent_id: String,
    token: Option<String>,
    spawn_region: Option<String>,
}

/// Brings an agent into the world. Its token is in the body, or in the header.
pub async fn connect(request: HttpRequest, web: web::Data<Web>, Json(body): Json<Connect>) -> Answer {
    let no_agent = || Refusal::new(Code::AgentNotFound, "Agent not found");
    let handle = Handle::new(&body.agent_id).map_err(|_reason| no_agent())?;
    let agent = web.access.agent(&handle).await?.ok_or_else(no_agent)?;
    let token = match &body.token {
        Some(token) => token,
        None => bearer_token(&request)?,
    };
    let caller = web.access.caller(&web.access.verify(token)?).await?;
    if caller.is_none_or(|caller| caller.handle != handle) {
        return Err(Refusal::new(Code::Unauthenticated, "the token is not this agent's").into());
    }
    web.gateway.count(&handle, Counted::Connection).await?;
    let joined = web.gateway.join(&handle, Guest::Rest, body.spawn_region).await?;
    let at = joined.at;
    Ok(HttpResponse::Ok().json(json!({
        "status": "connected",
        "location": {"x": at.x, "y": at.y, "z": at.z, "region": joined.region},
        "config": config_of(&agent),
    })))
}

/// Takes an agent out of the world. It is no error when it is not there.
pub async fn disconnect(web: web::Data<Web>, bearer: Bearer, agent_id: web::Path<String>) -> Answer {
    bearer.own(&web, &agent_id).await?;
    match web.gateway.leave(&bearer.caller.handle).await {
        Ok(()) => {}
        Err(refusal) if refusal.code == Code::NotInWorld => {}
        Err(refusal) => return Err(refusal.into()),
    }
    Ok(HttpResponse::Ok().json(json!({"status": "disconnected"})))
}
