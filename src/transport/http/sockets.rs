//! The routes that become sockets, and the refusals before they do.

use super::client::Client;
use super::problem::Problem;
use super::visits::Visit;
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::transport::web::Web;
use crate::transport::ws::{self, Berth, Berths};
use crate::transport::{centrifuge, clawbots};
use actix_web::http::{Version, header};
use actix_web::web::{self, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use std::sync::Arc;

/// Source: RFC 6455 §4.1.
const WEBSOCKET_KEY_BYTES: usize = 16;

/// Adds the socket routes.
pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/connection/websocket").route(web::get().to(centrifuge_socket)))
        .service(web::resource("/ws/{agent_id}").route(web::get().to(clawbots_socket)));
}

async fn centrifuge_socket(request: HttpRequest, web: Data<Web>) -> Result<HttpResponse, actix_web::Error> {
    let berths = admit(&request, &web)?;
    let visit = visit(&request, &web).await?;
    centrifuge::open(&request, &web, next(&berths)?, visit)
}

async fn clawbots_socket(
    request: HttpRequest,
    web: Data<Web>,
    agent: Path<String>,
) -> Result<HttpResponse, actix_web::Error> {
    let berths = admit(&request, &web)?;
    let not_found = || Problem::from(Refusal::new(Code::AgentNotFound, "no such agent"));
    let agent = Handle::new(&agent).map_err(|_bad| not_found())?;
    let visit = visit(&request, &web).await?;
    clawbots::open(&request, agent, &web, next(&berths)?, visit)
}

/// A place among the sockets of the client's address, until the socket opens as an agent's or ends; then the turn to open it.
/// Errors: `rate_limited`, `overloaded`.
async fn visit(request: &HttpRequest, web: &Web) -> Result<Visit, Problem> {
    let node = &web.gateway.node;
    // The place first: one address cannot take more of the line than it may hold sockets.
    let visit = web
        .visits
        .enter(Client::of(request).key, node.limits.spectator_sockets())?;
    web.admission.turn(node).await?;
    Ok(visit)
}

/// The thread that takes the socket. Chosen last: a handshake that is refused takes no turn.
/// Errors: `unavailable` when there is none.
fn next(berths: &Berths) -> Result<&Berth, Problem> {
    berths.next().ok_or_else(|| Refusal::unavailable().into())
}

/// What is refused before a socket opens.
/// Errors: `upgrade_required`, `origin_refused`, `malformed` for a token in the query string or a body.
fn admit(request: &HttpRequest, web: &Web) -> Result<Arc<Berths>, Problem> {
    if !ws::is_upgrade(request) {
        return Err(Refusal::new(Code::UpgradeRequired, "this route speaks WebSocket").into());
    }
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY);
    let is_key = key.is_some_and(|key| {
        BASE64
            .decode(key.as_bytes())
            .is_ok_and(|bytes| bytes.len() == WEBSOCKET_KEY_BYTES)
    });
    if request.version() < Version::HTTP_11 || !is_key {
        return Err(Refusal::new(
            Code::Malformed,
            "a handshake is HTTP/1.1 and has a Sec-WebSocket-Key of 16 bytes in base64",
        )
        .into());
    }
    // An origin that is no text is somebody's, just not one on the list.
    let text = |value: &'_ header::HeaderValue| {
        value
            .to_str()
            .map_or_else(|_odd| "null".to_owned(), str::to_owned)
    };
    let header = |name| request.headers().get(name).map(text);
    web.origins
        .check(header(header::ORIGIN).as_deref(), header(header::HOST).as_deref())?;
    let is_token_in_query = request
        .query_string()
        .split('&')
        .any(|pair| pair.starts_with("token=") || pair.starts_with("access_token="));
    if is_token_in_query {
        return Err(Refusal::new(
            Code::Malformed,
            "a token goes into the connect command or the Authorization header",
        )
        .into());
    }
    // The application that answers requests with a body has none.
    request
        .app_data::<Arc<Berths>>()
        .cloned()
        .ok_or_else(|| Refusal::new(Code::Malformed, "a handshake has no body").into())
}
