//! `PATCH /api/v1/agents/{agent_id}`: what an agent may change of itself.

use super::{Answer, check_avatar, config_of};
use crate::base::limit::DESCRIPTION_MAX_BYTES;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::text::Text;
use crate::store::agent::AgentPatch;
use crate::transport::http::{Bearer, Json};
use crate::transport::web::Web;
use actix_web::{HttpResponse, web};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// What changes; what is not there stays. Permissions are not among it, so they are refused as an unknown field.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    description: Option<Text<0, DESCRIPTION_MAX_BYTES>>,
    avatar: Option<Value>,
    public: Option<bool>,
    accepts_prompts: Option<bool>,
}

/// Changes the caller's own row and tells its actor.
pub async fn change(
    web: web::Data<Web>,
    bearer: Bearer,
    agent_id: web::Path<String>,
    Json(body): Json<Change>,
) -> Answer {
    bearer.own(&web, &agent_id).await?;
    if let Some(avatar) = &body.avatar {
        check_avatar(avatar)?;
    }
    // Whoever runs the world must hear of it.
    web.gateway.check_here()?;
    let patch = AgentPatch {
        description: body.description.map(Text::into_string),
        avatar: body.avatar,
        is_public: body.public,
        accepts_prompts: body.accepts_prompts,
    };
    let node = &web.gateway.node;
    let (id, now) = (bearer.caller.id, node.now());
    let row = node
        .database
        .write(move |store| store.update_agent(id, &patch, now))
        .await?;
    let row = row.ok_or_else(|| Refusal::new(Code::AgentNotFound, "Agent not found"))?;
    let config = config_of(&row);
    web.gateway.changed(row);
    Ok(HttpResponse::Ok().json(config))
}
