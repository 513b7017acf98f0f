//! `POST /api/v1/token`, `/token/refresh`, `/token/revoke`.

use super::Answer;
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::transport::access::Scope;
use crate::transport::http::bearer::Holder;
use crate::transport::http::{Client, Json};
use crate::transport::web::Web;
use actix_web::{HttpResponse, web};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// A key to exchange.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    agent_id: String,
    api_key: String,
}

/// Tokens for a key.
pub async fn exchange(web: web::Data<Web>, client: Client, Json(body): Json<Exchange>) -> Answer {
    let no_such =
        |_reason: String| Refusal::new(Code::Unauthenticated, "the agent_id or the api_key is wrong");
    let handle = Handle::new(&body.agent_id).map_err(no_such)?;
    let pair = web
        .access
        .exchange(&handle, &body.api_key, &client.key, &client.user_agent)
        .await?;
    Ok(HttpResponse::Ok().json(pair))
}

/// A refresh token to spend.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    refresh_token: String,
}

/// New tokens for a refresh token.
pub async fn refresh(web: web::Data<Web>, client: Client, Json(body): Json<Refresh>) -> Answer {
    let pair = web
        .access
        .refresh(&body.refresh_token, &client.key, &client.user_agent)
        .await?;
    Ok(HttpResponse::Ok().json(pair))
}

/// What to revoke.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revoke {
    scope: Scope,
}

/// Revokes the bearer's token, or all of its agent's.
pub async fn revoke(web: web::Data<Web>, holder: Holder, Json(body): Json<Revoke>) -> Answer {
    web.access.revoke(&holder.0, body.scope).await?;
    Ok(HttpResponse::Ok().json(json!({"status": "revoked"})))
}
