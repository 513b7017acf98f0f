//! `POST /api/v1/register`.

use super::{Answer, check_avatar, check_skills, config_of};
use crate::base::limit::DESCRIPTION_MAX_BYTES;
use crate::domain::agent::{Handle, Name};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::text::Text;
use crate::transport::access::Registration;
use crate::transport::http::{Client, Json};
use crate::transport::web::Web;
use actix_web::{HttpResponse, web};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// Who wants to be an agent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    name: String,
    agent_id: Option<Handle>,
    owner_id: Option<Text<1, 128>>,
    description: Option<Text<0, DESCRIPTION_MAX_BYTES>>,
    avatar: Option<Value>,
    skills_map: Option<Value>,
    default_region: Option<String>,
}

/// 201 with the agent's key, which is shown this once, and its first tokens.
pub async fn register(web: web::Data<Web>, client: Client, Json(body): Json<Register>) -> Answer {
    let registration = check(&web, body)?;
    let welcome = web
        .access
        .register(registration, &client.key, &client.user_agent)
        .await?;
    Ok(HttpResponse::Created().json(json!({
        "agent_id": welcome.agent.handle,
        "api_key": welcome.api_key.expose(),
        "token": welcome.pair.token,
        "refresh_token": welcome.pair.refresh_token,
        "expires_at": welcome.pair.expires_at,
        "config": config_of(&welcome.agent),
    })))
}

fn check(web: &Web, body: Register) -> Result<Registration, Refusal> {
    let world = web.gateway.node.directory.world();
    let default_region = match body.default_region {
        Some(region) if world.region(&region).is_some() => region,
        Some(_) => return Err(Refusal::new(Code::RegionNotFound, "no such region")),
        None => world
            .regions
            .first()
            .map(|region| region.name.clone())
            .ok_or_else(Refusal::unavailable)?,
    };
    let avatar = body.avatar.unwrap_or_else(|| json!("default"));
    let skills_map = body.skills_map.unwrap_or_else(|| json!({}));
    check_avatar(&avatar)?;
    check_skills(&skills_map)?;
    Ok(Registration {
        name: Name::new(&body.name).map_err(Refusal::invalid)?,
        agent_id: body.agent_id,
        owner_id: body.owner_id.map(Text::into_string),
        description: body.description.map(Text::into_string),
        avatar,
        skills_map,
        default_region,
    })
}
