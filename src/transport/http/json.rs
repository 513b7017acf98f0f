//! Bodies: JSON of a bounded size and depth, strict about types, unknown fields and doubled keys.

use super::Problem;
use crate::base::limit::{HTTP_BODY_MAX_BYTES, JSON_DEPTH_MAX, JSON_KEYS_MAX};
use crate::domain::refusal::{Code, Refusal};
use crate::wire;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// A decoded JSON body.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let checked = check_headers(request);
        let payload = payload.take();
        Box::pin(async move {
            checked?;
            let body = read(payload, HTTP_BODY_MAX_BYTES).await?;
            Ok(Self(decode(&body)?))
        })
    }
}

/// The text of a body that is read as JSON whatever it calls itself: `curl -d` calls everything a form.
/// Errors: `malformed`, `too_large`.
pub async fn read_any(request: &HttpRequest, payload: Payload, max_bytes: usize) -> Result<String, Refusal> {
    check_encoding(request)?;
    let body = read(payload, max_bytes).await?;
    check_depth(&body)?;
    String::from_utf8(body).map_err(|_reason| Refusal::new(Code::Malformed, "the body is not UTF-8"))
}

/// Decodes a JSON text. Errors: `malformed`, `invalid_parameter`.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let malformed = |reason: String| Refusal::new(Code::Malformed, reason);
    let text = std::str::from_utf8(body).map_err(|_reason| malformed("the body is not UTF-8".to_owned()))?;
    if text.trim().is_empty() {
        return Err(malformed("the body is empty; it must be JSON".to_owned()));
    }
    check_depth(body)?;
    // Maps inside the body would keep the last of two keys silently.
    wire::check_json_keys(body, JSON_KEYS_MAX).map_err(|error| refusal_of(&error))?;
    serde_json::from_str(text).map_err(|error| refusal_of(&error))
}

fn check_headers(request: &HttpRequest) -> Result<(), Refusal> {
    let is_json = request
        .content_type()
        .trim()
        .eq_ignore_ascii_case("application/json");
    if !is_json {
        return Err(Refusal::new(
            Code::UnsupportedMediaType,
            "the content type must be application/json",
        ));
    }
    check_encoding(request)
}

fn check_encoding(request: &HttpRequest) -> Result<(), Refusal> {
    // Nobody knows how large a packed body is before it is unpacked, so none is. Source: security.md E12.
    let encoding = request
        .headers()
        .get(header::CONTENT_ENCODING)
        .map(header::HeaderValue::as_bytes);
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
        return Err(Refusal::new(
            Code::TooLarge,
            "compressed bodies are not taken: send it as it is",
        ));
    }
    Ok(())
}

async fn read(mut payload: Payload, max_bytes: usize) -> Result<Vec<u8>, Refusal> {
    let mut body = Vec::new();
    while let Some(part) = payload.next().await {
        let part = part.map_err(|_reason| Refusal::new(Code::Malformed, "the body could not be read"))?;
        let room = max_bytes.saturating_sub(body.len());
        body.extend_from_slice(part.get(..room).unwrap_or(&part));
        if part.len() > room {
            // What is nested too deep is so in its first part already, however long it goes on.
            check_depth(&body)?;
            return Err(too_large(max_bytes));
        }
    }
    Ok(body)
}

/// Errors: `malformed`.
fn check_depth(body: &[u8]) -> Result<(), Refusal> {
    wire::check_json_depth(body, JSON_DEPTH_MAX)
        .map_err(|error| Refusal::new(Code::Malformed, error.to_string()))
}

fn too_large(max_bytes: usize) -> Refusal {
    Refusal::new(Code::TooLarge, format!("the body is over {max_bytes} bytes"))
}

fn refusal_of(error: &serde_json::Error) -> Refusal {
    let text = error.to_string();
    match error.classify() {
        Category::Data if !text.starts_with("duplicate field") => Refusal::invalid(text),
        _ => Refusal::new(Code::Malformed, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::Value;

    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Pay {
        amount: u32,
        note: Option<Value>,
    }

    fn check(body: impl AsRef<[u8]>) -> Result<Pay, Code> {
        decode(body.as_ref()).map_err(|refusal| refusal.code)
    }

    #[test]
    fn strict_json_is_read_and_everything_else_has_its_code() {
        assert_eq!(
            check(r#"{"amount":1}"#).unwrap(),
            Pay {
                amount: 1,
                note: None
            }
        );
        for malformed in [
            "",
            "  ",
            "{",
            "\u{feff}{\"amount\":1}",
            r#"{"amount":1} x"#,
            "// a\n{}",
            r#"{"amount":1,"amount":2}"#,
            r#"{"amount":1,"note":{"a":1,"a":2}}"#,
            r#"{"amount":1,"note":"\ud800"}"#,
            r#"{"amount":NaN}"#,
        ] {
            assert_eq!(check(malformed).unwrap_err(), Code::Malformed, "{malformed}");
        }
        assert_eq!(
            check(b"{\"amount\":1,\"note\":\"\xff\"}").unwrap_err(),
            Code::Malformed
        );
        assert_eq!(check("[".repeat(200_000)).unwrap_err(), Code::Malformed);
        for invalid in [
            r#"{"amount":"1"}"#,
            r#"{"amount":-1}"#,
            r#"{"amount":1.0}"#,
            r#"{"amount":null}"#,
            "{}",
            "[]",
            "1",
            r#"{"amount":1,"role":"admin"}"#,
            r#"{"amount":1,"note":"a\u0000b"}"#,
            r#"{"amount":18446744073709551616}"#,
        ] {
            assert_eq!(check(invalid).unwrap_err(), Code::InvalidParameter, "{invalid}");
        }
    }

    #[test]
    fn an_object_with_too_many_keys_is_refused() {
        let keys: Vec<String> = (0..=JSON_KEYS_MAX)
            .map(|number| format!("\"k{number}\":1"))
            .collect();
        let body = format!("{{\"amount\":1,\"note\":{{{}}}}}", keys.join(","));
        assert_eq!(check(body).unwrap_err(), Code::InvalidParameter);
    }
}
