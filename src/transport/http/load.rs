//! Load: connections beyond the file limit get a clean refusal instead of a hang.

use super::problem::Problem;
use crate::domain::refusal::{Code, Refusal};
use crate::telemetry::metric;
use crate::transport::ws::Connections;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONNECTION, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, ResponseError};
use std::sync::Arc;

/// How many connections are open, and how many may be.
pub struct Load {
    connections: Arc<Connections>,
    limit: u64,
}

impl Load {
    /// A load that is counted elsewhere.
    pub fn new(connections: Arc<Connections>, limit: u64) -> Self {
        Self { connections, limit }
    }

    /// Open connections.
    pub fn open(&self) -> u64 {
        self.connections.open()
    }

    /// Connections that may be open.
    pub fn limit(&self) -> u64 {
        self.limit
    }
}

/// Refuses requests of connections beyond the limit and closes them.
/// Errors: those of what is inside.
pub async fn shed(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_over = request
        .app_data::<Data<Load>>()
        .is_some_and(|load| load.open() > load.limit());
    if !is_over {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    metric::connections_refused().increment(1);
    let refusal =
        Refusal::new(Code::Overloaded, "the server has as many connections as it takes").retry_after(5_000);
    let mut response = Problem::from(refusal).error_response();
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(request.into_response(response))
}
