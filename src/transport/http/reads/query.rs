//! Query strings and JSON bodies, read strictly: unknown keys, keys given twice and wrong values are refused.

use crate::base::limit::PAGE_MAX;
use crate::domain::refusal::{Code, Refusal};
use crate::transport::http::problem::Problem;
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use std::future::{Ready, ready};
use std::pin::Pin;

/// A query string as `T`, which refuses unknown fields. Errors: `invalid_parameter`.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read_query(request.query_string()).map(Query).map_err(Problem::from))
    }
}

/// Reads a query string. Errors: `invalid_parameter` with the reason.
pub fn read_query<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    let parsed = actix_web::web::Query::<T>::from_query(text);
    parsed.map(actix_web::web::Query::into_inner).map_err(|error| Refusal::invalid(format!("in the query: {error}")))
}

/// A JSON body as `T`, which refuses unknown fields.
/// Errors: `unsupported_media_type`, `too_large`, `malformed`, `invalid_parameter`.
pub struct Strict<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Strict<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_json = kind.is_none_or(is_json);
        let body = Bytes::from_request(request, payload);
        Box::pin(async move {
            if !is_json {
                return Err(Refusal::new(Code::UnsupportedMediaType, "the body must be application/json").into());
            }
            let body = body.await.map_err(|error| refusal_of_body(&error))?;
            Ok(Strict(read_body(&body)?))
        })
    }
}

fn is_json(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn refusal_of_body(error: &actix_web::Error) -> Refusal {
    if error.as_response_error().status_code().as_u16() == 413 {
        return Refusal::new(Code::TooLarge, "the body is too large");
    }
    Refusal::new(Code::Malformed, "the body could not be read")
}

/// Reads a JSON text; an empty one counts as an empty object.
/// Errors: `malformed` (no JSON, a key twice), `invalid_parameter`.
pub fn read_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        let text = error.to_string();
        match error.classify() {
            Category::Data if !text.starts_with("duplicate field") => Refusal::invalid(text),
            _ => Refusal::new(Code::Malformed, text),
        }
    })
}

/// A page's length. Errors: `invalid_parameter` unless 1 to 200.
pub fn limit_of(asked: Option<i64>, default: i64) -> Result<i64, Refusal> {
    let limit = asked.unwrap_or(default);
    if (1..=i64::from(PAGE_MAX)).contains(&limit) {
        return Ok(limit);
    }
    Err(Refusal::invalid(format!("limit must be 1 to {PAGE_MAX}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        limit: Option<i64>,
    }

    fn limit(text: &str) -> Result<i64, Code> {
        read_query::<Asked>(text).and_then(|asked| limit_of(asked.limit, 50)).map_err(|refusal| refusal.code)
    }

    #[test]
    fn limits_out_of_range_and_unknown_keys_are_refused() {
        assert_eq!(limit(""), Ok(50));
        assert_eq!(limit("limit=200"), Ok(200));
        for bad in ["limit=0", "limit=-1", "limit=1000000000", "limit=99999999999999999999", "limit=x", "limit=", "limt=5", "limit=1&limit=2"] {
            assert_eq!(limit(bad), Err(Code::InvalidParameter), "{bad}");
        }
    }

    #[test]
    fn bodies_tell_malformed_from_invalid() {
        let code = |body: &str| read_body::<Asked>(body.as_bytes()).map_err(|refusal| refusal.code).map(|asked| asked.limit);
        assert_eq!(code(""), Ok(None));
        assert_eq!(code(r#"{"limit":3}"#), Ok(Some(3)));
        assert_eq!(code(r#"{"limit":3"#), Err(Code::Malformed));
        assert_eq!(code(r#"{"limit":3,"limit":4}"#), Err(Code::Malformed));
        assert_eq!(code(r#"{"limit":"3"}"#), Err(Code::InvalidParameter));
        assert_eq!(code(r#"{"role":"admin"}"#), Err(Code::InvalidParameter));
        assert!(is_json("application/json; charset=utf-8") && !is_json("text/plain"));
    }
}
