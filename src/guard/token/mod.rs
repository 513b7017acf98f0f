//! Tokens that clients present: our own (EdDSA) of agents and of command-line users and, when configured, HS256 tokens of
//! a shared secret.

mod access;
mod compact;
mod hmac;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::value::RawValue;
use uuid::Uuid;

pub use self::access::{CliGrant, Grant, Issued};
use self::compact::Compact;
pub use self::hmac::{Hmac, HmacError, Subscription};
use super::KeyRing;
use crate::base::time::Timestamp;
use crate::domain::agent::Permissions;
use crate::domain::refusal::{Code, Refusal};

/// Longest token that is looked at. Units: bytes. Source: security.md §4.2.
pub const TOKEN_MAX_BYTES: usize = 4 * 1024;
/// Clocks may differ by so much. Units: seconds. Source: security.md §4.2.
pub const LEEWAY_S: i64 = 30;
/// Longest life of an access token. Units: seconds. Source: security.md §4.2.
pub const ACCESS_TTL_MAX_S: i64 = 86_400;
/// The `typ` of an access token.
pub const ACCESS_TYPE: &str = "rookery-access+jwt";
/// Usual life of a command-line user's token. Units: days. Source: features.md CE-38.
pub const CLI_TTL_DAYS: u32 = 7;
/// Longest life of a command-line user's token. Units: seconds.
pub const CLI_TTL_MAX_S: i64 = 30 * DAY_S;
/// The `typ` of a command-line user's token.
pub const CLI_TYPE: &str = "rookery-cli+jwt";

/// Which kind a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Issued here to an agent.
    Access,
    /// Issued here to a command-line user, who uses channels and never acts.
    Cli,
    /// Made by whoever holds the shared secret. It has a user of channels; only a registered agent may act.
    Hmac,
}

/// What a good token says. Whether it was revoked is for [`super::Revocations`] to tell.
#[derive(Clone, Debug)]
pub struct Verified {
    /// `sub`: the agent's handle; in an HS256 token any user, and empty for an anonymous one.
    pub subject: String,
    /// The most that the bearer may do; `None` where the token sets no bound of its own.
    pub permissions: Option<Permissions>,
    /// `jti`.
    pub token_id: Option<String>,
    /// `sid`: the login that the token comes from.
    pub family: Option<Uuid>,
    /// `kid`: the key that signed.
    pub key_id: Option<String>,
    /// `iat`, to the millisecond where the token's id is a UUIDv7.
    pub issued_at: Option<Timestamp>,
    /// When the connection ends; `None` = never.
    pub expires_at: Option<Timestamp>,
    /// Which kind it is.
    pub kind: TokenKind,
    /// Channels to subscribe to at connecting.
    pub channels: Vec<String>,
    /// What others see about the connection.
    pub info: Option<Box<RawValue>>,
}

/// What is wrong with a forged token: for the audit log and the metric, never for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// Not three parts, or not strict base64url.
    Shape,
    /// The header is no object, lacks something, or has a key that is not allowed.
    Header,
    /// The algorithm is not that of the key.
    Algorithm,
    /// The key is unknown or out of its time.
    Key,
    /// The signature is wrong or not canonical.
    Signature,
    /// The claims are no object, lack one, have an unknown or a doubled one, or one of a wrong kind.
    Claims,
    /// Issuer or audience is another.
    Party,
    /// Not valid yet, or for too long.
    Time,
}

impl Flaw {
    /// The word in logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shape => "shape",
            Self::Header => "header",
            Self::Algorithm => "algorithm",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::Party => "party",
            Self::Time => "time",
        }
    }
}

/// Why a token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TokenError {
    /// Longer than [`TOKEN_MAX_BYTES`]; it was not looked at.
    #[error("the token is too long")]
    TooLong,
    /// It is none of ours.
    #[error("the token is forged: {}", .0.name())]
    Forged(Flaw),
    /// It was good and its time is over.
    #[error("the token has expired")]
    Expired,
    /// It, or the key that signed it, was revoked.
    #[error("the token was revoked")]
    Revoked,
}

impl From<TokenError> for Refusal {
    /// All forged tokens get the same answer, so that it teaches nothing.
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::TooLong => Self::new(Code::Unauthenticated, "the token is over 4096 bytes"),
            TokenError::Forged(_) => Self::new(Code::Unauthenticated, "a valid token is needed"),
            TokenError::Expired => Self::new(Code::TokenExpired, "the token has expired"),
            TokenError::Revoked => Self::new(Code::TokenRevoked, "the token was revoked"),
        }
    }
}

/// Issues and verifies tokens. The keys are a parameter, because they change while the server runs.
#[derive(Clone)]
pub struct Tokens {
    issuer: String,
    audience: String,
    access_ttl_s: i64,
    cli_ttl_s: i64,
    hmac: Option<Hmac>,
}

impl Tokens {
    /// Tokens of this issuer for this audience, living `access_ttl_s` (1 to 86400); HS256 tokens only with `hmac`.
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        access_ttl_s: u32,
        hmac: Option<Hmac>,
    ) -> Self {
        let access_ttl_s = i64::from(access_ttl_s).clamp(1, ACCESS_TTL_MAX_S);
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            access_ttl_s,
            cli_ttl_s: cli_ttl_s(CLI_TTL_DAYS),
            hmac,
        }
    }

    /// The same, with command-line users' tokens that live `days` (1 to 30).
    #[must_use]
    pub fn with_cli_ttl_days(self, days: u32) -> Self {
        Self {
            cli_ttl_s: cli_ttl_s(days),
            ..self
        }
    }

    /// Checks a token of any kind, everything but its revocation.
    /// Errors: see [`TokenError`].
    pub fn verify(&self, ring: &KeyRing, token: &str, now: Timestamp) -> Result<Verified, TokenError> {
        let compact = Compact::parse(token)?;
        match (compact.algorithm.as_str(), &self.hmac) {
            (super::key_ring::ALGORITHM, _) => self.verify_own(ring, &compact, now),
            (hmac::ALGORITHM, Some(hmac)) => hmac.verify_connection(ring, &compact, now),
            _ => Err(TokenError::Forged(Flaw::Algorithm)),
        }
    }

    /// Checks a Centrifuge subscription token (HS256 only): it names the channel it is for.
    /// Errors: see [`TokenError`]; `Algorithm`, when no secret is configured.
    pub fn verify_subscription(
        &self,
        ring: &KeyRing,
        token: &str,
        now: Timestamp,
    ) -> Result<Subscription, TokenError> {
        let compact = Compact::parse(token)?;
        match (compact.algorithm.as_str(), &self.hmac) {
            (hmac::ALGORITHM, Some(hmac)) => hmac.verify_subscription(ring, &compact, now),
            _ => Err(TokenError::Forged(Flaw::Algorithm)),
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("issuer", &self.issuer)
            .field("has_hmac", &self.hmac.is_some())
            .finish_non_exhaustive()
    }
}

/// Units: seconds.
const DAY_S: i64 = 86_400;

/// The latest time a claim may name: the end of the year 9999. Units: seconds.
const TIME_MAX_S: u64 = 253_402_300_799;

/// A NumericDate in seconds; whole, and in a sane range.
fn seconds(claim: u64) -> Result<i64, TokenError> {
    i64::try_from(claim)
        .ok()
        .filter(|_| (1..=TIME_MAX_S).contains(&claim))
        .ok_or(TokenError::Forged(Flaw::Claims))
}

fn cli_ttl_s(days: u32) -> i64 {
    (i64::from(days) * DAY_S).clamp(DAY_S, CLI_TTL_MAX_S)
}

fn now_s(now: Timestamp) -> i64 {
    now.0.div_euclid(1_000)
}
