//! `POST /api`: Centrifugo's server API, by which the operator's own backend drives the channels. Who has the key stands above all
//! rules of channels, and what it publishes goes out as it is. Source: features.md CE-65, centrifuge-protocol.md §10.

mod ask;
mod command;
mod failure;
mod key;
mod publish;
mod user;

pub use command::schema;
pub use key::ServerApi;

use super::json;
use super::reads::{Answer, Surveys};
use crate::base::limit::SERVER_BODY_MAX_BYTES;
use crate::domain::channel::Namespace;
use crate::domain::refusal::{Code, Refusal};
use crate::transport::web::Web;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use command::Command;
use failure::Failure;

/// What a method answers: the JSON text of its result.
type Done = Result<Vec<u8>, Failure>;

/// `POST /api`: a command, or several of them one after the other, as older clients send them. There is an answer a line for each.
pub async fn serve(web: Data<Web>, surveys: Data<Surveys>, request: HttpRequest, payload: Payload) -> Answer {
    web.server_api.admit(&request)?;
    let body = json::read_any(&request, payload.into_inner(), SERVER_BODY_MAX_BYTES).await?;
    let commands = command::read(&body)?;
    let mut answers = Vec::new();
    // In their order: what is published first is heard first.
    for command in commands {
        if !answers.is_empty() {
            answers.push(b'\n');
        }
        let done = execute(&web, &surveys, &command).await;
        command.answer(done, &mut answers);
    }
    Ok(HttpResponse::Ok().content_type("application/json").body(answers))
}

async fn execute(web: &Web, surveys: &Surveys, command: &Command) -> Done {
    let params = command.params();
    if command.method != "broadcast" {
        // A broadcast counts for each of its channels.
        web.server_api.count(&web.gateway.node.clock)?;
    }
    match command.method.as_str() {
        "publish" => publish::publish(web, params).await,
        "broadcast" => publish::broadcast(web, params).await,
        "unsubscribe" => user::unsubscribe(web, params).await,
        "disconnect" => user::disconnect(web, params).await,
        "presence" => ask::presence(web, params).await,
        "presence_stats" => ask::presence_stats(web, params).await,
        "history" => ask::history(web, params).await,
        "info" => ask::info(web, surveys).await,
        _ => Err(Failure::METHOD_NOT_FOUND),
    }
}

/// The channel of this name, if there may be one that is a backend's to use.
/// Errors: `not_found` for a namespace that is none, `permission_missing` for channels of the world, `invalid_parameter`.
fn channel_of(name: &str) -> Result<Namespace<'_>, Refusal> {
    let channel = Namespace::of(name)?;
    match channel {
        // What is said there has its place in the database, or stands for what is there.
        Namespace::Region(_) | Namespace::Spectator(_) | Namespace::Inbox(_) => Err(Refusal::new(
            Code::PermissionMissing,
            "the world alone speaks on this channel",
        )),
        Namespace::Public
        | Namespace::System
        | Namespace::Agent(_)
        | Namespace::App(_)
        | Namespace::AppAgents(_)
        | Namespace::AppAgent(..) => Ok(channel),
    }
}
