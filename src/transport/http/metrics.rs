//! `GET /metrics`.

use crate::transport::web::Web;
use actix_web::{HttpResponse, web};

/// Adds the route.
pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/metrics").route(web::get().to(metrics)));
}

/// All metrics as Prometheus text.
async fn metrics(web: web::Data<Web>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(web.recorder.render())
}
