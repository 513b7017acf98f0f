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
