//! Errors as Centrifugo's server API tells them: within an answer of the status 200.

use crate::domain::refusal::{Code, Refusal};
use crate::telemetry::metric;
use crate::wire::ClientError;
use serde::Serialize;
use std::borrow::Cow;

/// An error of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Centrifugo's number.
    pub code: u32,
    /// A text for people.
    pub message: Cow<'static, str>,
}

impl Failure {
    /// There is no such method here.
    pub const METHOD_NOT_FOUND: Self = Self::of(ClientError::METHOD_NOT_FOUND);
    /// The channel does not have that.
    pub const NOT_AVAILABLE: Self = Self::of(ClientError::NOT_AVAILABLE);
    /// The position is none of the channel's stream.
    pub const UNRECOVERABLE_POSITION: Self = Self::of(ClientError::UNRECOVERABLE_POSITION);

    const fn of(error: ClientError) -> Self {
        Self {
            code: error.code,
            message: Cow::Borrowed(error.message),
        }
    }

    /// The parameters make no sense.
    pub fn bad_request(why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: ClientError::BAD_REQUEST.code,
            message: why.into(),
        }
    }

    /// A part of the request that this server does not know to do; better not done than done otherwise.
    pub fn not_available(what: &str) -> Self {
        Self {
            code: ClientError::NOT_AVAILABLE.code,
            message: format!("{what} is not available").into(),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        metric::errors(refusal.code.name(), "/api").increment(1);
        let error = match refusal.code {
            Code::NotFound => return Self::of(ClientError::UNKNOWN_CHANNEL),
            Code::PermissionMissing => ClientError::PERMISSION_DENIED,
            Code::RateLimited => ClientError::TOO_MANY_REQUESTS,
            Code::Malformed | Code::InvalidParameter | Code::TooLarge => ClientError::BAD_REQUEST,
            // For the moment, or a fault of ours.
            _ => ClientError::INTERNAL,
        };
        Self {
            code: error.code,
            message: refusal.detail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_the_numbers_of_centrifugo() {
        let code = |code: Code| Failure::from(Refusal::new(code, "why")).code;
        let codes = [
            Code::NotFound,
            Code::PermissionMissing,
            Code::RateLimited,
            Code::InvalidParameter,
            Code::TooLarge,
            Code::Moving,
            Code::Internal,
        ];
        assert_eq!(codes.map(code), [102, 103, 111, 107, 107, 100, 100]);
        let told = serde_json::to_string(&Failure::METHOD_NOT_FOUND).unwrap();
        assert_eq!(told, r#"{"code":104,"message":"method not found"}"#);
    }
}
