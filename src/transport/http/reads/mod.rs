//! What anybody, or an agent for itself, may ask about the world. Nothing here changes anything but `use`.

pub mod agents;
pub mod chat;
pub mod events;
pub mod objects;
mod query;
pub mod stats;
mod survey;
pub mod weather;
pub mod world;

pub use query::{Query, limit_of};
pub use survey::{Standing, Survey, Surveys};

use super::Problem;
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::region::World;
use crate::store::agent::AgentRow;
use crate::transport::web::Web;
use actix_web::{HttpResponse, web};
use serde::Serialize;

/// What a handler answers.
pub type Answer = Result<HttpResponse, Problem>;

/// An answer with a JSON body.
pub fn ok(body: &impl Serialize) -> Answer {
    Ok(HttpResponse::Ok().json(body))
}

/// The agent that a path names. Errors: `agent_not_found`, temporary ones.
pub async fn agent_of(web: &Web, name: &str) -> Result<AgentRow, Refusal> {
    let no_agent = || Refusal::new(Code::AgentNotFound, "Agent not found");
    let handle = Handle::new(name).map_err(|_not_a_handle| no_agent())?;
    web.access.agent(&handle).await?.ok_or_else(no_agent)
}

/// Adds the routes of the table that have a handler, and what they share on a worker thread.
pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.app_data(web::Data::new(Surveys::default()))
        .app_data(web::Data::new(events::Waiting::default()));
    super::routes::configure(cfg);
}

/// Names of the regions of which nothing is told to those outside.
pub fn hidden_regions(world: &World) -> Vec<String> {
    world
        .regions
        .iter()
        .filter(|plan| !plan.is_public)
        .map(|plan| plan.name.clone())
        .collect()
}

/// The refusal of a region that is not there.
pub fn no_region() -> Refusal {
    Refusal::new(Code::RegionNotFound, "no such region")
}
