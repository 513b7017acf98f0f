//! The last hand on every answer: one format for errors, security headers, latency; and the first refusals.

mod admit;
mod dress;
#[cfg(test)]
mod tests;

use crate::domain::refusal::{Code, Refusal};
use crate::host::clock::Clock;
use crate::telemetry::metric;
use crate::transport::http::problem;
use crate::transport::web::Web;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError, web};
use admit::{METHODS, admit};
use dress::dress;
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use tracing_actix_web::RequestId;

/// What is known of a request after it is gone.
struct Seen {
    method: Method,
    has_origin: bool,
    is_api: bool,
    request_id: String,
    clock: Option<Clock>,
    began_at: std::time::Duration,
}

/// Refuses what no route may see, and finishes every answer.
pub async fn finish<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let seen = Seen::of(&request);
    if let Err((refusal, status)) = admit(&request) {
        let mut response = problem::respond(&refusal, status, &seen.request_id, seen.now_ms());
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static(METHODS));
        }
        dress(response.headers_mut(), &seen.request_id, seen.is_api);
        metric::errors(refusal.code.name(), "unmatched").increment(1);
        return Ok(request.into_response(response).map_into_right_body());
    }
    // A handler that panics would take the connection along. Source: security.md §4.3 (7).
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(Ok(response)) => Ok(seen.finish(response)),
        Ok(Err(error)) => Err(seen.give_up(error.as_response_error())),
        Err(_panic) => {
            tracing::error!(request.id = %seen.request_id, "a handler failed");
            Err(seen.give_up(&problem::Problem::from(Refusal::internal())))
        }
    }
}

impl Seen {
    fn of(request: &ServiceRequest) -> Self {
        let web = request.app_data::<web::Data<Web>>();
        let clock = web.map(|web| web.gateway.node.clock.clone());
        Self {
            method: request.method().clone(),
            has_origin: request.headers().contains_key(header::ORIGIN),
            is_api: ["/api", "/auth", "/health"]
                .iter()
                .any(|part| request.path().starts_with(part)),
            request_id: request
                .extensions()
                .get::<RequestId>()
                .map(ToString::to_string)
                .unwrap_or_default(),
            began_at: clock.as_ref().map(Clock::monotonic).unwrap_or_default(),
            clock,
        }
    }

    fn finish<B: MessageBody + 'static>(
        &self,
        response: ServiceResponse<B>,
    ) -> ServiceResponse<EitherBody<B, BoxBody>> {
        let endpoint = response
            .request()
            .match_pattern()
            .unwrap_or_else(|| "unmatched".to_owned());
        if let Some(clock) = &self.clock {
            let elapsed = clock.monotonic().saturating_sub(self.began_at);
            metric::api_latency(endpoint.clone()).record(elapsed.as_secs_f64());
        }
        let Some((refusal, status)) = self.refusal_of(response.response()) else {
            let mut response = response.map_into_left_body();
            dress(response.headers_mut(), &self.request_id, self.is_api);
            return response;
        };
        metric::errors(refusal.code.name(), endpoint).increment(1);
        let complete = self.complete(&refusal, status, response.headers());
        response.into_response(complete).map_into_right_body()
    }

    /// Units: milliseconds since 1970.
    fn now_ms(&self) -> Option<i64> {
        self.clock.as_ref().map(Clock::now_ms)
    }

    /// An answer that no request belongs to any more.
    fn give_up(&self, error: &dyn ResponseError) -> Error {
        let response = error.error_response();
        let found = self.refusal_of(&response);
        let response = match found {
            Some((refusal, status)) => {
                metric::errors(refusal.code.name(), "unmatched").increment(1);
                self.complete(&refusal, status, response.headers())
            }
            None => response,
        };
        InternalError::from_response("refused", response).into()
    }

    /// A refusal with its body, and with the headers of the answer that stood for it.
    fn complete(&self, refusal: &Refusal, status: StatusCode, before: &HeaderMap) -> HttpResponse {
        let mut response = problem::respond(refusal, status, &self.request_id, self.now_ms());
        let of_body = [
            header::CONTENT_TYPE,
            header::CONTENT_LENGTH,
            header::TRANSFER_ENCODING,
            header::CONTENT_ENCODING,
        ];
        for (name, value) in before.iter().filter(|(name, _)| !of_body.contains(name)) {
            response.headers_mut().append(name.clone(), value.clone());
        }
        dress(response.headers_mut(), &self.request_id, self.is_api);
        response
    }

    /// The refusal that an answer stands for; none when it is no error, or one with a body of its own format.
    fn refusal_of<B: MessageBody>(&self, response: &HttpResponse<B>) -> Option<(Refusal, StatusCode)> {
        let status = response.status();
        if let Some(refusal) = response.extensions().get::<Refusal>() {
            return Some((refusal.clone(), status));
        }
        let is_error = status.is_client_error() || status.is_server_error();
        let media_type = response
            .headers()
            .get(header::CONTENT_TYPE)
            .map(HeaderValue::as_bytes)
            .unwrap_or_default();
        if !is_error || !(media_type.is_empty() || media_type.starts_with(b"text/plain")) {
            return None;
        }
        if self.method == Method::OPTIONS && self.has_origin && status == StatusCode::BAD_REQUEST {
            let refusal = Refusal::new(
                Code::OriginRefused,
                "this origin, method or header is not on the list",
            );
            return Some((refusal, StatusCode::FORBIDDEN));
        }
        Some((problem::refusal_of_status(status), status))
    }
}
