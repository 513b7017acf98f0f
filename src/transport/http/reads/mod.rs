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

pub use query::{Query, Strict, limit_of, read_body};
pub use survey::{Standing, Survey, Surveys};

use super::problem::Problem;
use crate::actors::gateway::Caller;
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::store::agent::AgentRow;
use crate::transport::web::Web;
use actix_web::HttpResponse;
use serde::Serialize;

/// What a handler answers.
pub type Answer = Result<HttpResponse, Problem>;

/// An answer with a JSON body.
pub fn ok(body: &impl Serialize) -> Answer {
    Ok(HttpResponse::Ok().json(body))
}

/// The agent that a path names. Errors: `agent_not_found`, temporary ones.
pub async fn agent_of(web: &Web, name: &str) -> Result<AgentRow, Refusal> {
    let no_agent = || Refusal::new(Code::AgentNotFound, "no such agent");
    let handle = Handle::new(name).map_err(|_not_a_handle| no_agent())?;
    web.gateway.node.database.read(move |reader| reader.agent_by_handle(&handle)).await?.ok_or_else(no_agent)
}

/// Checks that the caller is the agent that the path names. Errors: `not_owner`.
pub fn own(caller: &Caller, name: &str) -> Result<(), Refusal> {
    if caller.handle.as_str() == name {
        return Ok(());
    }
    Err(Refusal::new(Code::NotOwner, "the token speaks for another agent"))
}

/// The refusal of a region that is not there.
pub fn no_region() -> Refusal {
    Refusal::new(Code::RegionNotFound, "no such region")
}
