//! Answers of a small application inside the middleware.

use super::dress::{DATA_POLICY, PAGE_POLICY};
use super::*;
use crate::base::limit::{HEAD_MAX_BYTES, URL_MAX_BYTES};
use crate::config::Config;
use crate::transport::http::routes::ROUTES;
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
    let long = "a".repeat(HEAD_MAX_BYTES);
    let answer = ask(TestRequest::get().uri("/page").insert_header(("x-long", long))).await;
    assert_eq!((answer.status, answer.code()), (431, "too_large"));
}

#[actix_web::test]
async fn method_that_a_path_lacks_is_answered_with_those_it_has() {
    let allow = async |method: Method, path: &str| {
        let answer = ask(TestRequest::default().method(method).uri(path)).await;
        assert_eq!((answer.status, answer.code()), (405, "method_not_allowed"));
        answer.header("allow").unwrap().to_owned()
    };
    assert_eq!(allow(Method::TRACE, "/refuse").await, "GET");
    assert_eq!(allow(Method::OPTIONS, "/echo").await, "POST");
    assert_eq!(allow(Method::CONNECT, "/refuse").await, METHODS);
    for row in ROUTES {
        assert!(METHODS.split(", ").any(|name| row.method == name), "{}", row.path);
    }
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
