//! HTTP: routes, one format for every error, and what each request passes through.

pub mod act;
pub mod admin;
pub mod admission;
pub mod bearer;
pub mod channels;
pub mod client;
pub mod docs;
pub mod guide;
pub mod health;
pub mod identity;
pub mod invariants;
pub mod json;
pub mod load;
pub mod metrics;
pub mod middleware;
pub mod nodes;
pub mod openapi;
pub mod page;
pub mod parameters;
pub mod placement;
pub mod problem;
pub mod protocol;
pub mod reads;
pub mod routes;
pub mod server_api;
pub mod sockets;
pub mod spectator;
pub mod stats;
pub mod visits;

pub use bearer::{Bearer, bearer_token};
pub use client::Client;
pub use json::Json;
pub use middleware::wrap;
pub use problem::Problem;

use crate::domain::refusal::{Code, Refusal};
use actix_web::{Route, web};

/// Routes of the public port, and what answers where there is no route. Goes last: its default answer closes the list.
pub fn configure(cfg: &mut web::ServiceConfig) {
    identity::configure(cfg);
    act::configure(cfg);
    health::configure(cfg);
    sockets::configure(cfg);
    reads::configure(cfg);
    cfg.default_service(no_route());
}

/// Routes that move to the operator's port when there is one.
pub fn configure_admin(cfg: &mut web::ServiceConfig) {
    health::configure_admin(cfg);
    metrics::configure(cfg);
}

/// What answers where there is no route.
pub fn no_route() -> Route {
    web::to(refuse)
}

async fn refuse() -> Result<&'static str, Problem> {
    Err(Refusal::new(Code::NotFound, "there is no such route").into())
}
