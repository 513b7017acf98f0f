//! The one format of errors. Source: RFC 9457, `api.md` §3.
//!
//! A handler gives a [`Problem`]; the middleware writes its body, because only there the request's id is known. What
//! actix itself refuses gets the same format there.

use crate::base::rate::{Quota, RetryAfter};
use crate::domain::channel::SchemaError;
use crate::domain::refusal::{Code, Rate, Refusal};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use std::fmt;

/// The media type of errors.
pub const CONTENT_TYPE: &str = "application/problem+json";
/// The header that names a request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A refusal as an answer over HTTP.
#[derive(Debug)]
pub struct Problem {
    refusal: Refusal,
    status: StatusCode,
}

impl Problem {
    /// A refusal under another status than its code has: 414 and 431 are both `too_large`.
    pub fn with_status(refusal: Refusal, status: StatusCode) -> Self {
        Self { refusal, status }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { refusal, status }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.refusal.fmt(f)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status);
        response.extensions_mut().insert(self.refusal.clone());
        response
    }
}

/// The body of an error.
#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: String,
    status: u16,
    detail: &'a str,
    code: &'static str,
    temporary: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<i64>,
    request_id: &'a str,
    /// What is wrong with a payload, when a schema refused.
    #[serde(skip_serializing_if = "<[SchemaError]>::is_empty")]
    validation_errors: &'a [SchemaError],
    /// In how many seconds a repeat may succeed, when a rate refused; clients of claw.events wait so long.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<i64>,
    /// The same as a time. Units: milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_timestamp: Option<i64>,
    /// The same as `detail`, for clients of claw.events.
    error: &'a str,
}

/// The complete answer of a refusal.
/// `now_ms`: since 1970, where a clock is at hand.
pub fn respond(refusal: &Refusal, status: StatusCode, request_id: &str, now_ms: Option<i64>) -> HttpResponse {
    let name = refusal.code.name();
    let wait_ms = refusal
        .retry_after_ms
        .filter(|_| refusal.code == Code::RateLimited);
    let body = Body {
        r#type: format!("urn:rookery:problem:{name}"),
        title: name.replace('_', " "),
        status: status.as_u16(),
        detail: &refusal.detail,
        code: name,
        temporary: refusal.code.is_temporary(),
        retry_after_ms: refusal.retry_after_ms,
        request_id,
        validation_errors: &refusal.violations,
        retry_after: wait_ms.map(|wait| wait.saturating_add(999).div_euclid(1_000).max(1)),
        retry_timestamp: wait_ms.zip(now_ms).map(|(wait, now)| now.saturating_add(wait)),
        error: &refusal.detail,
    };
    let mut builder = HttpResponse::build(status);
    builder.insert_header((header::CACHE_CONTROL, "no-store"));
    add_headers(&mut builder, refusal, status);
    // Plain texts and numbers always serialise.
    let body = serde_json::to_vec(&body).unwrap_or_default();
    builder
        .insert_header((header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE)))
        .body(body)
}

fn add_headers(builder: &mut HttpResponseBuilder, refusal: &Refusal, status: StatusCode) {
    if let Some(retry_after_ms) = refusal.retry_after_ms {
        let seconds = retry_after_ms.saturating_add(999).div_euclid(1_000).max(1);
        builder.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    if let Some(Rate {
        bucket,
        limit,
        window_s,
        reset_s,
    }) = refusal.rate
    {
        let quota = Quota::new(limit, window_s.saturating_mul(1_000), 1);
        let over = RetryAfter {
            limit,
            retry_after_ms: u64::from(reset_s).saturating_mul(1_000),
        };
        builder.insert_header(("ratelimit-policy", quota.policy_header(bucket)));
        builder.insert_header(("ratelimit", over.header(bucket)));
    }
    if status == StatusCode::UPGRADE_REQUIRED {
        builder.insert_header((header::UPGRADE, "websocket"));
    }
    if status == StatusCode::UNAUTHORIZED {
        builder.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"rookery\""));
    }
}

/// What an error without a refusal means: one that actix or a library made.
pub fn refusal_of_status(status: StatusCode) -> Refusal {
    let (code, detail) = match status {
        StatusCode::UNAUTHORIZED => (Code::Unauthenticated, "a valid token is needed"),
        StatusCode::FORBIDDEN => (Code::PermissionMissing, "that is not allowed"),
        StatusCode::NOT_FOUND => (Code::NotFound, "there is nothing here"),
        StatusCode::METHOD_NOT_ALLOWED => (Code::MethodNotAllowed, "this route does not have that method"),
        StatusCode::PAYLOAD_TOO_LARGE => (Code::TooLarge, "the body is too large"),
        StatusCode::URI_TOO_LONG => (Code::TooLarge, "the URL is too long"),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            (Code::TooLarge, "the head of the request is too large")
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            Code::UnsupportedMediaType,
            "the content type must be application/json",
        ),
        StatusCode::UNPROCESSABLE_ENTITY => (Code::InvalidParameter, "a parameter is missing or wrong"),
        StatusCode::UPGRADE_REQUIRED => (Code::UpgradeRequired, "this route speaks WebSocket"),
        StatusCode::TOO_MANY_REQUESTS => (Code::RateLimited, "over the rate limit"),
        StatusCode::SERVICE_UNAVAILABLE => (Code::Unavailable, "temporarily unavailable, try again"),
        StatusCode::GATEWAY_TIMEOUT | StatusCode::REQUEST_TIMEOUT => (Code::Timeout, "no answer in time"),
        other if other.is_client_error() => (Code::Malformed, "the request is malformed"),
        _ => (Code::Internal, "internal error"),
    };
    Refusal::new(code, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Bucket;

    async fn body_of(response: HttpResponse) -> serde_json::Value {
        let bytes = actix_web::body::to_bytes(response.into_body()).await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[actix_web::test]
    async fn a_refusal_has_every_field_and_repeats_its_detail_as_error() {
        let problem = Problem::from(Refusal::busy());
        assert_eq!(problem.status_code(), StatusCode::SERVICE_UNAVAILABLE);
        let response = respond(&Refusal::busy(), StatusCode::SERVICE_UNAVAILABLE, "r-1", None);
        assert_eq!(response.headers().get("retry-after").unwrap(), "1");
        assert_eq!(response.headers().get("content-type").unwrap(), CONTENT_TYPE);
        let expected = serde_json::json!({
            "type": "urn:rookery:problem:busy", "title": "busy", "status": 503, "detail": "the server is busy, try again",
            "code": "busy", "temporary": true, "retry_after_ms": 250, "request_id": "r-1",
            "error": "the server is busy, try again",
        });
        assert_eq!(body_of(response).await, expected);
    }

    #[actix_web::test]
    async fn a_rate_says_how_much_and_when() {
        let over = RetryAfter {
            limit: 5,
            retry_after_ms: 16_500,
        };
        let refusal = crate::actors::node::refuse(Bucket::Registrations, over, 3_600);
        let response = respond(&refusal, StatusCode::TOO_MANY_REQUESTS, "r", None);
        let header = |name: &str| response.headers().get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(header("retry-after"), "17");
        assert_eq!(header("ratelimit-policy"), "\"registrations\";q=5;w=3600");
        assert_eq!(header("ratelimit"), "\"registrations\";r=0;t=17");
    }

    #[test]
    fn every_code_becomes_its_own_status() {
        for code in Code::ALL {
            let problem = Problem::from(Refusal::new(*code, "x"));
            assert_eq!(problem.status_code().as_u16(), code.status());
        }
    }

    #[test]
    fn foreign_errors_find_a_code_of_the_same_kind() {
        for status in (400..600).filter_map(|number| StatusCode::from_u16(number).ok()) {
            let refusal = refusal_of_status(status);
            assert_eq!(
                refusal.code.status() >= 500,
                status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT,
                "{status}"
            );
        }
    }
}
