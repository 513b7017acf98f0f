use super::*;
use crate::config::Config;
use crate::transport::http;
use actix_web::App;
use actix_web::http::header::ALLOW;
use actix_web::test::{TestRequest, init_service, try_call_service};
use std::collections::{BTreeSet, HashSet};
use std::path::Path;

#[test]
fn no_route_stands_twice_in_the_table() {
    let mut seen = HashSet::new();
    for row in ROUTES {
        assert!(
            seen.insert((row.method.clone(), row.plain_path())),
            "{} {}",
            row.method,
            row.path
        );
    }
}

#[test]
fn list_of_routes_is_as_published() {
    let rows: Vec<String> = ROUTES
        .iter()
        .map(|row| format!("{} {} ({:?})", row.method, row.plain_path(), row.auth))
        .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

/// Routes that other modules add to the router themselves must stand in the table, without a handler, and the reverse.
#[test]
fn routes_of_other_modules_stand_in_the_table() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/transport/http");
    let files = [
        "act.rs",
        "health.rs",
        "metrics.rs",
        "sockets.rs",
        "identity/mod.rs",
    ];
    let text: String = files
        .iter()
        .map(|file| std::fs::read_to_string(folder.join(file)).unwrap())
        .collect();
    let added: HashSet<&str> = text
        .split("web::resource(\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    let listed: HashSet<&str> = ROUTES
        .iter()
        .filter(|row| row.handler.is_none())
        .map(|row| row.path)
        .collect();
    assert_eq!(added, listed);
    assert!(added.len() > 8);
}

#[test]
fn patterns_are_left_out_of_published_paths() {
    let row = |path| RouteInfo::new(Method::GET, path, "", "");
    assert_eq!(row("/watch/{rest:.*}").plain_path(), "/watch/{rest}");
    assert_eq!(row(r"/{file:[a-z0-9_-]+\.[a-z0-9]+}").path_parameters(), ["file"]);
    assert_eq!(
        row("/api/v1/agents/{agent_id}/use/{object_id}").path_parameters(),
        ["agent_id", "object_id"]
    );
}

/// A path of the table with something in place of each parameter.
fn path_of(row: &RouteInfo) -> String {
    let plain = row.plain_path();
    let part = |part: &str| if part.starts_with('{') { "a.b" } else { part }.to_owned();
    plain.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[actix_web::test]
async fn every_path_tells_its_methods_to_whoever_tries_another() {
    let config = Config::default();
    let app = App::new()
        .configure(http::configure_admin)
        .configure(http::configure);
    let app = init_service(http::wrap(app, &config)).await;
    for row in ROUTES {
        let methods = ROUTES
            .iter()
            .filter(|other| other.path == row.path)
            .map(|other| other.method.to_string());
        let methods: BTreeSet<String> = methods.collect();
        for method in [Method::TRACE, Method::PUT, Method::PATCH, Method::POST] {
            if methods.contains(method.as_str()) {
                continue;
            }
            let request = TestRequest::default().method(method.clone()).uri(&path_of(row));
            let response = try_call_service(&app, request.to_request()).await.unwrap();
            assert_eq!(response.status(), 405, "{method} {}", row.path);
            let allow = response.headers().get(ALLOW).map(|value| value.to_str().unwrap());
            let told = allow
                .unwrap_or_default()
                .split(", ")
                .filter(|name| *name != "HEAD");
            let told: BTreeSet<String> = told.map(str::to_owned).collect();
            assert_eq!(told, methods, "{method} {}", row.path);
        }
    }
}
