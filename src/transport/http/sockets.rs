//! The routes of the two sockets, and how many connections there may be.

use super::Problem;
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::telemetry::metric;
use crate::transport::web::Web;
use crate::transport::ws::{self, Worker};
use crate::transport::{centrifuge, clawbots};
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{Error, HttpRequest, HttpResponse, ResponseError};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many connections this process holds, and how many it may hold.
pub struct Load {
    open: Arc<AtomicU64>,
    limit: u64,
}

impl Load {
    /// Watches a count of open connections.
    pub fn new(open: Arc<AtomicU64>, limit: u64) -> Self {
        Self { open, limit }
    }

    /// Lets a request pass while there is room. Errors: `overloaded`.
    pub fn admit(&self) -> Result<(), Refusal> {
        if self.open.load(Ordering::Relaxed) <= self.limit {
            return Ok(());
        }
        metric::connections_refused().increment(1);
        Err(Refusal::new(Code::Overloaded, "the server holds as many connections as it may").retry_after(1_000))
    }
}

/// Adds the routes.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/connection/websocket").route(web::get().to(open_centrifuge)))
        .service(web::resource("/ws/{agent_id}").route(web::get().to(open_clawbots)));
}

async fn open_centrifuge(request: HttpRequest, payload: Payload, web: Data<Web>) -> Result<HttpResponse, Error> {
    match admit(&request, &web) {
        Ok(worker) => centrifuge::open(&request, payload, &web, &worker),
        Err(refusal) => Ok(refuse(refusal)),
    }
}

async fn open_clawbots(request: HttpRequest, payload: Payload, web: Data<Web>, agent_id: web::Path<String>) -> Result<HttpResponse, Error> {
    let handle = Handle::new(&agent_id).map_err(|_reason| Refusal::new(Code::AgentNotFound, "Agent not found"));
    match handle.and_then(|handle| Ok((handle, admit(&request, &web)?))) {
        Ok((handle, worker)) => clawbots::open(&request, payload, handle, &web, &worker),
        Err(refusal) => Ok(refuse(refusal)),
    }
}

/// What comes before the handshake: it is one, and a page that may come. Source: security.md §4.3, E20.
fn admit(request: &HttpRequest, web: &Web) -> Result<Rc<Worker>, Refusal> {
    if !ws::is_upgrade(request) {
        return Err(Refusal::new(Code::UpgradeRequired, "this route speaks WebSocket"));
    }
    let text = |name: header::HeaderName| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    web.origins.check(text(header::ORIGIN), text(header::HOST))?;
    request.app_data::<Rc<Worker>>().cloned().ok_or_else(Refusal::internal)
}

fn refuse(refusal: Refusal) -> HttpResponse {
    let is_plain = refusal.code == Code::UpgradeRequired;
    let mut response = Problem::from(refusal).error_response();
    if is_plain {
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_connection_too_many_is_refused_for_now() {
        let open = Arc::new(AtomicU64::new(2));
        let load = Load::new(Arc::clone(&open), 2);
        assert!(load.admit().is_ok());
        open.store(3, Ordering::Relaxed);
        let refusal = load.admit().unwrap_err();
        assert!(refusal.code == Code::Overloaded && refusal.code.is_temporary());
    }
}
