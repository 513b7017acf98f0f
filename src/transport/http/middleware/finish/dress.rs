//! Headers of every answer.

use crate::transport::http::problem::REQUEST_ID;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// What a page may load: its own things, and sockets.
pub(super) const PAGE_POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: https:; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'; object-src 'none'";
/// What anything else may load, should a browser take it for a page.
pub(super) const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Puts on what every answer wears; what a route set stays. An answer of the API is never stored.
pub(super) fn dress(headers: &mut HeaderMap, request_id: &str, is_api: bool) {
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
    if is_api {
        set(header::CACHE_CONTROL, "no-store");
    }
    if let Ok(value) = HeaderValue::from_str(request_id)
        && !value.is_empty()
    {
        headers.insert(REQUEST_ID, value);
    }
}
