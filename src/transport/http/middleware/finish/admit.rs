//! The first refusals: of requests that no route may see.

use crate::base::limit::{HEAD_MAX_BYTES, URL_MAX_BYTES};
use crate::domain::refusal::{Code, Refusal};
use actix_web::dev::ServiceRequest;
use actix_web::http::{Method, StatusCode};

/// Methods that some route has; for the answer to CONNECT.
pub(super) const METHODS: &str = "GET, HEAD, POST, PATCH, DELETE";
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

/// Refuses what no route may see. Another method than a path has is the router's to refuse: it knows which there are.
pub(super) fn admit(request: &ServiceRequest) -> Result<(), (Refusal, StatusCode)> {
    let refuse =
        |code: Code, status: StatusCode, detail: &'static str| Err((Refusal::new(code, detail), status));
    // What it names is another server, so no route would be found for it.
    if request.method() == Method::CONNECT {
        let detail = "no route has that method";
        return refuse(Code::MethodNotAllowed, StatusCode::METHOD_NOT_ALLOWED, detail);
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
