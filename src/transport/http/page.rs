//! The web client, embedded in the program; and the status for those who ask for JSON.

use super::Problem;
use super::guide::{self, Form, accepts, form_of};
use super::reads::{Answer, Surveys, ok};
use crate::domain::refusal::{Code, Refusal};
use crate::transport::web::Web;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, IF_NONE_MATCH, VARY,
};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::RustEmbed;
use schemars::JsonSchema;
use serde::Serialize;
use std::borrow::Cow;

/// What `make web` built; empty when it was not run before this program was built.
#[derive(RustEmbed)]
#[folder = "static/dist"]
#[allow_missing = true]
struct Dist;

/// The document of the world.
const WORLD: &str = "index.html";
/// The document of the channels.
const CHANNELS: &str = "channels.html";

/// Scripts, styles and connections from here only, nothing inline. Source: security.md §4.4.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
     connect-src 'self' ws: wss:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Stands in for the page where it was not built.
const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Rookery</title></head>\n\
     <body>\n<h1>Rookery is running</h1>\n<p>This program was built without its page. Run <code>make web</code>, build it \
     again, and the world can be watched here.</p>\n<p><a href=\"/docs/\">The interface</a> works as it is.</p>\n</body>\n</html>\n";

/// How the server is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Status {
    /// Always `Rookery`.
    pub platform: &'static str,
    /// Of the program.
    pub version: &'static str,
    /// Always `running`.
    pub status: &'static str,
    /// Agents in the world.
    pub agents_online: usize,
    /// Agents that ever registered.
    pub agents_registered: i64,
    /// The number of the tick.
    pub world_tick: i64,
}

/// `GET /`: the page; the guide for who wants Markdown, the status for `Accept: application/json`.
pub async fn root(web: Data<Web>, surveys: Data<Surveys>, request: HttpRequest) -> Answer {
    if form_of(&request) == Some(Form::Markdown) {
        return Ok(guide::answer(&web, &request, Form::Markdown));
    }
    if !wants_json(request.headers()) {
        return Ok(document(&request, WORLD));
    }
    let node = &web.gateway.node;
    let totals = surveys.totals(node).await?;
    let mut answer = ok(&Status {
        platform: "Rookery",
        version: env!("CARGO_PKG_VERSION"),
        status: "running",
        agents_online: node.directory.online_count(),
        agents_registered: totals.agents,
        world_tick: node.tick().0,
    })?;
    answer
        .headers_mut()
        .insert(VARY, actix_web::http::header::HeaderValue::from_static("accept"));
    Ok(answer)
}

/// `GET /watch/...`: the same page, which reads its own address.
pub async fn watch(request: HttpRequest) -> HttpResponse {
    document(&request, WORLD)
}

/// `GET /channels`, `GET /channels/...`: the page of the channels, which reads its own address.
pub async fn channels(request: HttpRequest) -> HttpResponse {
    document(&request, CHANNELS)
}

/// `GET /{file}`: a file of the page.
pub async fn file(path: Path<String>, request: HttpRequest) -> Answer {
    let found = Dist::get(&path).filter(|_| is_file(&path));
    let found = found.ok_or_else(|| Problem::from(Refusal::new(Code::NotFound, "there is nothing here")))?;
    let kind = mime_guess::from_path(&*path).first_or_octet_stream();
    // Text is always UTF-8 here; without the word, a browser guesses.
    let kind = if kind.type_() == "text" {
        format!("{kind}; charset=utf-8")
    } else {
        kind.to_string()
    };
    Ok(tagged(&request, found.data, &found.metadata.sha256_hash(), &kind))
}

/// Names of the files beside the documents, for the routes.
pub fn is_file(name: &str) -> bool {
    ![WORLD, CHANNELS].contains(&name) && Dist::get(name).is_some()
}

/// A document, always under the policy.
fn document(request: &HttpRequest, name: &str) -> HttpResponse {
    let kind = "text/html; charset=utf-8";
    let mut answer = match Dist::get(name) {
        Some(page) => tagged(request, page.data, &page.metadata.sha256_hash(), kind),
        None => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, kind))
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(NOT_BUILT),
    };
    let headers = answer.headers_mut();
    headers.insert(
        CONTENT_SECURITY_POLICY,
        actix_web::http::header::HeaderValue::from_static(POLICY),
    );
    headers.insert(VARY, actix_web::http::header::HeaderValue::from_static("accept"));
    answer
}

/// What has a tag: a browser asks each time and gets it once.
pub fn tagged(request: &HttpRequest, data: Cow<'static, [u8]>, hash: &[u8; 32], kind: &str) -> HttpResponse {
    let tag: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    let is_known = is_known(request.headers(), &tag);
    let mut answer = HttpResponse::build(if is_known {
        StatusCode::NOT_MODIFIED
    } else {
        StatusCode::OK
    });
    answer
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, "no-cache"));
    if is_known {
        return answer.finish();
    }
    answer.insert_header((CONTENT_TYPE, kind)).body(data.into_owned())
}

fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let given = headers
        .get_all(IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok());
    // Compression makes the tag weak on its way.
    given
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

/// Whether JSON is named and HTML is not: browsers name HTML, tools name nothing and get the page.
fn wants_json(headers: &HeaderMap) -> bool {
    accepts(headers, "application/json") && !accepts(headers, "text/html")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn with(name: &str, value: &str) -> HttpRequest {
        TestRequest::default()
            .insert_header((name, value))
            .to_http_request()
    }

    #[test]
    fn only_those_who_name_json_alone_get_it() {
        for (accept, expected) in [
            ("application/json", true),
            ("application/json;q=0.9, */*;q=0.1", true),
            ("*/*", false),
            ("text/html,application/xhtml+xml,*/*;q=0.8", false),
            ("text/html, application/json", false),
        ] {
            assert_eq!(wants_json(with("accept", accept).headers()), expected, "{accept}");
        }
    }

    #[actix_web::test]
    async fn every_document_is_under_a_strict_policy() {
        let answers = [
            watch(with("accept", "text/html")).await,
            channels(with("accept", "text/html")).await,
        ];
        for answer in answers {
            assert_eq!(answer.status(), 200);
            let policy = answer
                .headers()
                .get(CONTENT_SECURITY_POLICY)
                .unwrap()
                .to_str()
                .unwrap();
            assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"));
            assert_eq!(
                answer.headers().get(CONTENT_TYPE).unwrap(),
                "text/html; charset=utf-8"
            );
        }
    }

    #[test]
    fn a_document_is_no_file() {
        assert!(!is_file(WORLD) && !is_file(CHANNELS));
    }

    #[test]
    fn what_a_browser_has_is_not_sent_again() {
        let send = |request: &HttpRequest| tagged(request, Cow::Borrowed(b"x"), &[7; 32], "text/css");
        let first = send(&with("accept", "*/*"));
        let tag = first.headers().get(ETAG).unwrap().to_str().unwrap().to_owned();
        assert_eq!(first.status(), 200);
        for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            assert_eq!(send(&with("if-none-match", &known)).status(), 304, "{known}");
        }
        assert_eq!(send(&with("if-none-match", "\"other\"")).status(), 200);
    }
}
