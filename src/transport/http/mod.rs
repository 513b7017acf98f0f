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

pub use bearer::{Bearer, bearer_token};
pub use client::Client;
pub use json::Json;
pub use middleware::wrap;
pub use problem::Problem;

use crate::domain::refusal::{Code, Refusal};
use actix_web::web;

/// Routes of the public port, and what answers where there is no route. Goes last: its default answer closes the list.
pub fn configure(cfg: &mut web::ServiceConfig) {
    identity::configure(cfg);
    act::configure(cfg);
    health::configure(cfg);
    // READS: reads::configure(cfg);
    cfg.default_service(web::to(no_route));
}

/// Routes that move to the operator's port when there is one.
pub fn configure_admin(cfg: &mut web::ServiceConfig) {
    health::configure_admin(cfg);
    metrics::configure(cfg);
}

async fn no_route() -> Result<&'static str, Problem> {
    Err(Refusal::new(Code::NotFound, "there is no such route").into())
}
=======
//! STUB
use crate::transport::web::Web;
use crate::transport::ws::Worker;
use crate::transport::{centrifuge, clawbots};
use actix_web::web::{self, Data, Payload, ServiceConfig};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
pub struct Load;
impl Load { pub fn new(_: Arc<AtomicU64>, _: u64) -> Self { Self } }
pub fn outer(_: &Data<Web>) -> actix_web::middleware::Compress { Default::default() }
async fn ws(r: actix_web::HttpRequest, p: Payload, web: Data<Web>) -> Result<actix_web::HttpResponse, actix_web::Error> {
    let worker = r.app_data::<Rc<Worker>>().unwrap().clone();
    centrifuge::open(&r, p, &web, &worker)
}
async fn claw(r: actix_web::HttpRequest, p: Payload, web: Data<Web>, a: web::Path<String>) -> Result<actix_web::HttpResponse, actix_web::Error> {
    let worker = r.app_data::<Rc<Worker>>().unwrap().clone();
    clawbots::open(&r, p, crate::domain::agent::Handle::new(&a).unwrap(), &web, &worker)
}
pub fn configure(s: &mut ServiceConfig, _: &Data<Web>, _: bool) { s.route("/connection/websocket", web::get().to(ws)).route("/ws/{a}", web::get().to(claw)); }
pub fn configure_admin(_: &mut ServiceConfig, _: &Data<Web>) {}
>>>>>>> main
