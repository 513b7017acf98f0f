//! The last hand on every answer: one format for errors, security headers, latency; and the first refusals.

use crate::base::limit::{HEAD_MAX_BYTES, URL_MAX_BYTES};
use crate::domain::refusal::{Code, Refusal};
use crate::host::clock::Clock;
use crate::telemetry::metric;
use crate::transport::http::problem::{self, REQUEST_ID};
use crate::transport::web::Web;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError, web};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use tracing_actix_web::RequestId;

/// Methods that some route has; for the answer to TRACE and CONNECT.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
/// Names that credentials go by in a query, where they would end up in logs and in `Referer`. Source: security.md A20.
const CREDENTIALS: [&str; 7] = [
    "token",
    "access_token",
    "refresh_token",
    "id_token",
    "jwt",
    "api_key",
    "authorization",
];
/// What a page may load: its own things, and sockets.
const PAGE_POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: https:; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'; object-src 'none'";
/// What anything else may load, should a browser take it for a page.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

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
        let mut response = problem::respond(&refusal, status, &seen.request_id);
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static(METHODS));
        }
        seen.dress(response.headers_mut());
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
            self.dress(response.headers_mut());
            return response;
        };
        metric::errors(refusal.code.name(), endpoint).increment(1);
        let complete = self.complete(&refusal, status, response.headers());
        response.into_response(complete).map_into_right_body()
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

    fn complete(&self, refusal: &Refusal, status: StatusCode, before: &HeaderMap) -> HttpResponse {
        let mut response = problem::respond(refusal, status, &self.request_id);
        let of_body = [
            header::CONTENT_TYPE,
            header::CONTENT_LENGTH,
            header::TRANSFER_ENCODING,
            header::CONTENT_ENCODING,
        ];
        for (name, value) in before.iter().filter(|(name, _)| !of_body.contains(name)) {
            response.headers_mut().append(name.clone(), value.clone());
        }
        self.dress(response.headers_mut());
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

    /// Headers of every answer. What a route set stays.
    fn dress(&self, headers: &mut HeaderMap) {
        let is_page = headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
        let mut set = |name: HeaderName, value: &'static str| {
            if !headers.contains_key(&name) {
                headers.insert(name, HeaderValue::from_static(value));
            }
        };
        set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(header::REFERRER_POLICY, "no-referrer");
        set(header::X_FRAME_OPTIONS, "DENY");
        set(
            header::CONTENT_SECURITY_POLICY,
            if is_page { PAGE_POLICY } else { DATA_POLICY },
        );
        if self.is_api {
            set(header::CACHE_CONTROL, "no-store");
        }
        if let Ok(value) = HeaderValue::from_str(&self.request_id)
            && !value.is_empty()
        {
            headers.insert(REQUEST_ID, value);
        }
    }
}

/// Refuses what no route may see.
fn admit(request: &ServiceRequest) -> Result<(), (Refusal, StatusCode)> {
    let refuse =
        |code: Code, status: StatusCode, detail: &'static str| Err((Refusal::new(code, detail), status));
    if [Method::TRACE, Method::CONNECT].contains(request.method()) {
        return refuse(
            Code::MethodNotAllowed,
            StatusCode::METHOD_NOT_ALLOWED,
            "no route has that method",
        );
    }
    let uri = request.uri();
    if uri
        .path_and_query()
        .is_some_and(|text| text.as_str().len() > URL_MAX_BYTES)
    {
        return refuse(Code::TooLarge, StatusCode::URI_TOO_LONG, "the URL is too long");
    }
    let head = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len().saturating_add(value.len()));
    if head.fold(0, usize::saturating_add) > HEAD_MAX_BYTES {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return refuse(Code::TooLarge, status, "the headers are too large");
    }
    if is_disguised(uri.path()) {
        return refuse(Code::NotFound, StatusCode::NOT_FOUND, "there is no such route");
    }
    let is_credential = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default();
        CREDENTIALS
            .iter()
            .any(|credential| name.eq_ignore_ascii_case(credential))
    };
    if uri
        .query()
        .is_some_and(|query| query.split('&').any(is_credential))
    {
        let detail = "credentials do not go into a URL: use the Authorization header or the body";
        return refuse(Code::Malformed, StatusCode::BAD_REQUEST, detail);
    }
    Ok(())
}

/// Whether a path escapes what needs no escape, to look like another one: letters, digits, dots, slashes, controls.
fn is_disguised(path: &str) -> bool {
    path.split('%').skip(1).any(|rest| {
        let number = rest
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        number.is_none_or(|byte| {
            byte.is_ascii_alphanumeric() || byte.is_ascii_control() || b"./\\".contains(&byte)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::transport::http::{self, Json, Problem};
    use actix_web::test::{self, TestRequest};
    use actix_web::{App, HttpRequest};
    use serde_json::Value;

    async fn panics(_: HttpRequest) -> HttpResponse {
        panic!("on purpose")
    }

    async fn refuses() -> Result<HttpResponse, Problem> {
        Err(Refusal::busy().into())
    }

    async fn echoes(Json(body): Json<std::collections::BTreeMap<String, u32>>) -> HttpResponse {
        HttpResponse::Ok().json(body)
    }

    struct Answer {
        status: u16,
        headers: HeaderMap,
        body: Value,
    }

    impl Answer {
        fn header(&self, name: &str) -> Option<&str> {
            self.headers.get(name).map(|value| value.to_str().unwrap())
        }

        fn code(&self) -> &str {
            assert_eq!(self.header("content-type"), Some(problem::CONTENT_TYPE));
            assert_eq!(self.body["status"], self.status);
            assert_eq!(self.body["error"], self.body["detail"]);
            assert_eq!(self.body["request_id"], self.header("x-request-id").unwrap());
            self.body["code"].as_str().unwrap()
        }
    }

    async fn ask(request: TestRequest) -> Answer {
        let mut config = Config::default();
        config.server.cors_origins = vec!["https://good.example".to_owned()];
        let app = App::new()
            .service(web::resource("/panic").route(web::get().to(panics)))
            .service(web::resource("/refuse").route(web::get().to(refuses)))
            .service(
                web::resource("/plain")
                    .route(web::get().to(|| async { HttpResponse::BadRequest().body("text") })),
            )
            .service(web::resource("/page").route(web::get().to(|| async { web::Html::new("<p>") })))
            .service(web::resource("/echo").route(web::post().to(echoes)));
        let app = test::init_service(http::wrap(app, &config)).await;
        let result = test::try_call_service(&app, request.to_request()).await;
        let (status, headers, bytes) = match result {
            Ok(response) => {
                let (status, headers) = (response.status(), response.headers().clone());
                (status, headers, test::read_body(response).await)
            }
            // What actix does with it at the end of a connection.
            Err(error) => {
                let response = error.error_response();
                let (status, headers) = (response.status(), response.headers().clone());
                let Ok(bytes) = actix_web::body::to_bytes(response.into_body()).await else {
                    panic!("no body")
                };
                (status, headers, bytes)
            }
        };
        Answer {
            status: status.as_u16(),
            headers,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
        }
    }

    #[actix_web::test]
    async fn every_error_is_a_problem_with_the_requests_id() {
        for (request, status, code) in [
            (TestRequest::get().uri("/panic"), 500, "internal"),
            (TestRequest::get().uri("/refuse"), 503, "busy"),
            (TestRequest::get().uri("/plain"), 400, "malformed"),
            (TestRequest::get().uri("/none"), 404, "not_found"),
            (TestRequest::get().uri("/refuse/"), 404, "not_found"),
            (TestRequest::get().uri("/REFUSE"), 404, "not_found"),
            (TestRequest::get().uri("/%72efuse"), 404, "not_found"),
            (TestRequest::get().uri("/x/%2e%2e/refuse"), 404, "not_found"),
            (TestRequest::post().uri("/refuse"), 405, "method_not_allowed"),
            (
                TestRequest::default().method(Method::TRACE).uri("/refuse"),
                405,
                "method_not_allowed",
            ),
            (TestRequest::get().uri("/refuse?Token=abc"), 400, "malformed"),
            (
                TestRequest::get()
                    .uri("/refuse")
                    .insert_header(("x-http-method-override", "POST")),
                503,
                "busy",
            ),
            (
                TestRequest::post().uri("/echo").set_payload("{}"),
                415,
                "unsupported_media_type",
            ),
            (
                TestRequest::post()
                    .uri("/echo")
                    .insert_header(("content-type", "text/json"))
                    .set_payload("{}"),
                415,
                "unsupported_media_type",
            ),
        ] {
            let answer = ask(request).await;
            assert_eq!((answer.status, answer.code()), (status, code));
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.header("content-security-policy"), Some(DATA_POLICY));
            assert_eq!(answer.header("allow").is_some(), status == 405);
        }
        let long = format!("/refuse?q={}", "a".repeat(URL_MAX_BYTES));
        let answer = ask(TestRequest::get().uri(&long)).await;
        assert_eq!((answer.status, answer.code()), (414, "too_large"));
    }

    #[actix_web::test]
    async fn bodies_are_json_of_a_bounded_size() {
        let post = || {
            TestRequest::post()
                .uri("/echo")
                .insert_header(("content-type", "application/json; charset=utf-8"))
        };
        assert_eq!(
            ask(post().set_payload(r#"{"a":1}"#)).await.body,
            serde_json::json!({"a": 1})
        );
        let large = format!("{{\"a\":{}1}}", " ".repeat(70_000));
        for (request, status) in [
            (post().set_payload(large), 413),
            (post().set_payload("[".repeat(200_000)), 400),
            (
                post()
                    .insert_header(("content-encoding", "gzip"))
                    .set_payload("{}"),
                413,
            ),
            (post().set_payload(""), 400),
            (post().set_payload("[".repeat(20_000)), 400),
            (post().set_payload(r#"{"a":1,"a":2}"#), 400),
            (post().set_payload(r#"{"a":"1"}"#), 422),
        ] {
            let answer = ask(request).await;
            assert_eq!(
                (answer.status, answer.body["status"].as_u64()),
                (status, Some(u64::from(status)))
            );
            assert!(!answer.code().is_empty());
        }
    }

    #[actix_web::test]
    async fn only_listed_origins_get_cors_headers() {
        let from = |origin: &'static str| TestRequest::get().uri("/page").insert_header(("origin", origin));
        let good = ask(from("https://good.example")).await;
        assert_eq!(
            good.header("access-control-allow-origin"),
            Some("https://good.example")
        );
        assert!(good.header("vary").unwrap().to_lowercase().contains("origin"));
        assert_eq!(good.header("access-control-allow-credentials"), None);
        assert_eq!(good.header("content-security-policy"), Some(PAGE_POLICY));
        for bad in [
            "https://evil.example",
            "null",
            "https://good.example.evil.com",
            "http://good.example",
            "https://good.example:444",
        ] {
            let answer = ask(from(bad)).await;
            assert_eq!(
                (answer.status, answer.header("access-control-allow-origin")),
                (200, None),
                "{bad}"
            );
        }
        let preflight = |origin: &'static str| {
            let request = TestRequest::default()
                .method(Method::OPTIONS)
                .uri("/page")
                .insert_header(("origin", origin));
            request.insert_header(("access-control-request-method", "GET"))
        };
        let answer = ask(preflight("https://good.example")).await;
        assert_eq!(
            (answer.status, answer.header("access-control-max-age")),
            (200, Some("600"))
        );
        let answer = ask(preflight("https://evil.example")).await;
        assert_eq!(
            (answer.header("access-control-allow-origin"), answer.code()),
            (None, "origin_refused")
        );
    }
}
