//! Who an agent is: registration, tokens, being in the world, and what it tells about itself.

pub mod presence;
pub mod profile;
pub mod register;
pub mod token;

use super::Problem;
use crate::base::limit::{AVATAR_MAX_BYTES, SKILLS_MAX_BYTES};
use crate::domain::refusal::Refusal;
use crate::store::agent::AgentRow;
use crate::transport::web::Web;
use actix_web::{HttpResponse, guard, web};
use serde_json::{Value, json};

/// Adds the routes.
pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/v1/register").route(web::post().to(register::register)))
        .service(web::resource("/api/v1/token").route(web::post().to(token::exchange)))
        .service(web::resource("/api/v1/token/refresh").route(web::post().to(token::refresh)))
        .service(web::resource("/api/v1/token/revoke").route(web::post().to(token::revoke)))
        .service(web::resource("/api/v1/connect").route(web::post().to(presence::connect)))
        .service(web::resource("/api/v1/disconnect/{agent_id}").route(web::post().to(presence::disconnect)))
        // GET of the same path is a read route: only PATCH is taken here.
        .service(
            web::resource("/api/v1/agents/{agent_id}")
                .guard(guard::Patch())
                .route(web::patch().to(profile::change)),
        )
        .service(web::resource("/.well-known/jwks.json").route(web::get().to(keys)));
}

/// An agent's settings, as its own client sees them. Source: features.md CB-25.
pub fn config_of(agent: &AgentRow) -> Value {
    json!({
        "agent_id": agent.handle, "name": agent.name, "owner_id": agent.owner_id, "description": agent.description,
        "avatar": agent.avatar, "skills_map": agent.skills_map, "default_region": agent.default_region,
        "permissions": agent.permissions.names(), "public": agent.is_public, "accepts_prompts": agent.accepts_prompts,
    })
}

/// The public signing keys.
async fn keys(web: web::Data<Web>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("cache-control", "public, max-age=60"))
        .content_type("application/jwk-set+json")
        .body(web.access.jwks())
}

/// Checks an avatar: a short text (a name or an address) or an object. Errors: `invalid_parameter`.
fn check_avatar(avatar: &Value) -> Result<(), Refusal> {
    match avatar {
        Value::String(text) if text.len() <= AVATAR_MAX_BYTES => Ok(()),
        Value::Object(_) if size_of(avatar) <= SKILLS_MAX_BYTES => Ok(()),
        Value::String(_) | Value::Object(_) => Err(Refusal::invalid("avatar is too long")),
        _ => Err(Refusal::invalid("avatar must be a text or an object")),
    }
}

/// Checks a map of skills: an object or a list. Errors: `invalid_parameter`.
fn check_skills(skills: &Value) -> Result<(), Refusal> {
    match skills {
        Value::Object(_) | Value::Array(_) if size_of(skills) <= SKILLS_MAX_BYTES => Ok(()),
        Value::Object(_) | Value::Array(_) => Err(Refusal::invalid("skills_map is too long")),
        _ => Err(Refusal::invalid("skills_map must be an object or a list")),
    }
}

fn size_of(value: &Value) -> usize {
    value.to_string().len()
}

/// What a handler of this module gives.
type Answer = Result<HttpResponse, Problem>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn avatars_and_skills_are_bounded_and_of_their_kind() {
        let long = "a".repeat(5_000);
        assert!(check_avatar(&json!("fox")).is_ok() && check_avatar(&json!({"type": "fox"})).is_ok());
        for bad in [
            json!(1),
            json!(null),
            json!([]),
            json!(long.clone()),
            json!({"a": long.clone()}),
        ] {
            assert!(check_avatar(&bad).is_err());
        }
        assert!(check_skills(&json!({"a": 1})).is_ok() && check_skills(&json!(["a"])).is_ok());
        for bad in [json!("a"), json!(null), json!([long])] {
            assert!(check_skills(&bad).is_err());
        }
    }
}
