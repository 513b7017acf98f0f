<<<<<<< HEAD
//! HTTP: routes, one format for every error, and what each request passes through.

pub mod act;
pub mod bearer;
pub mod client;
pub mod health;
pub mod identity;
pub mod json;
pub mod metrics;
pub mod middleware;
pub mod problem;
pub mod sockets;

pub use bearer::{Bearer, bearer_token};
pub use client::Client;
pub use json::Json;
pub use middleware::wrap;
pub use problem::Problem;
pub use sockets::Load;

use crate::domain::refusal::{Code, Refusal};
use actix_web::web;

/// Routes of the public port, and what answers where there is no route. Goes last: its default answer closes the list.
/// `has_admin`: whether the operator's pages are here too, because there is no port of their own.
pub fn configure(cfg: &mut web::ServiceConfig, has_admin: bool) {
    sockets::configure(cfg);
    identity::configure(cfg);
    act::configure(cfg);
    health::configure(cfg);
    if has_admin {
        health::configure_admin(cfg);
        metrics::configure(cfg);
    }
    // READS: reads::configure(cfg);
    cfg.default_service(web::to(no_route));
}

/// Routes of the operator's port.
pub fn configure_admin(cfg: &mut web::ServiceConfig) {
    health::configure(cfg);
    health::configure_admin(cfg);
    metrics::configure(cfg);
    cfg.default_service(web::to(no_route));
}

async fn no_route() -> Result<&'static str, Problem> {
    Err(Refusal::new(Code::NotFound, "there is no such route").into())
}
