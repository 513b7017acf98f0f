//! Query strings, read strictly: unknown keys, keys given twice and wrong values are refused.

use crate::base::limit::PAGE_MAX;
use crate::domain::refusal::Refusal;
use crate::transport::http::Problem;
use actix_web::dev::Payload;
use actix_web::error::QueryPayloadError;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use std::future::{Ready, ready};

/// A query string as `T`, which refuses unknown fields. Errors: `invalid_parameter`.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            read_query(request.query_string())
                .map(Query)
                .map_err(Problem::from),
        )
    }
}

/// Reads a query string. Errors: `invalid_parameter` with the reason.
pub fn read_query<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    let parsed = actix_web::web::Query::<T>::from_query(text);
    parsed.map(actix_web::web::Query::into_inner).map_err(|error| {
        let reason = match error {
            QueryPayloadError::Deserialize(reason) => reason.to_string(),
            other => other.to_string(),
        };
        Refusal::invalid(format!("in the query: {reason}"))
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
    use crate::domain::refusal::Code;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        limit: Option<i64>,
    }

    fn limit(text: &str) -> Result<i64, Code> {
        read_query::<Asked>(text)
            .and_then(|asked| limit_of(asked.limit, 50))
            .map_err(|refusal| refusal.code)
    }

    #[test]
    fn limits_out_of_range_and_unknown_keys_are_refused() {
        assert_eq!(limit(""), Ok(50));
        assert_eq!(limit("limit=200"), Ok(200));
        for bad in [
            "limit=0",
            "limit=-1",
            "limit=1000000000",
            "limit=99999999999999999999",
            "limit=x",
            "limit=",
            "limt=5",
            "limit=1&limit=2",
        ] {
            assert_eq!(limit(bad), Err(Code::InvalidParameter), "{bad}");
        }
    }
}
