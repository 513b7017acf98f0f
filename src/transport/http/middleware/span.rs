//! The log span of a request: no addresses, no tokens, no query.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage};
use tracing::Span;
use tracing::field::Empty;
use tracing_actix_web::{RequestId, RootSpanBuilder};

/// Makes the spans of requests.
pub struct Spans;

impl RootSpanBuilder for Spans {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = request
            .extensions()
            .get::<RequestId>()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::info_span!("request", request.id = %id, http.method = %request.method(), http.route = Empty, http.status = Empty)
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => {
                span.record(
                    "http.route",
                    response.request().match_pattern().unwrap_or_default(),
                );
                response.status()
            }
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("http.status", status.as_u16());
    }
}
