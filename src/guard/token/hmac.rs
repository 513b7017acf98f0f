//! HS256 tokens of a shared secret, with Centrifuge's claims. Source: centrifuge-protocol.md §7.

use std::collections::BTreeMap;

use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::compact::{Compact, Object};
use super::{Flaw, LEEWAY_S, TokenError, TokenKind, Verified, now_s, seconds};
use crate::base::time::Timestamp;
use crate::guard::KeyRing;

/// The algorithm, as tokens name it.
pub(super) const ALGORITHM: &str = "HS256";
/// Shortest secret. Units: bytes. Source: security.md §4.2.
const SECRET_MIN_BYTES: usize = 32;
/// Secrets from documentation: whoever uses one has not set any.
const KNOWN_SECRETS: [&str; 7] = [
    "changeme",
    "secret",
    "password",
    "default",
    "example",
    "your-256-bit-secret",
    "test",
];
/// Longest user, id, channel or party. Units: bytes.
const TEXT_MAX_BYTES: usize = 255;
/// Most channels of one token.
const CHANNELS_MAX: usize = 128;

/// A secret that must not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HmacError {
    /// Shorter than 32 bytes.
    #[error("the token secret has fewer than {SECRET_MIN_BYTES} bytes")]
    Short,
    /// A well-known one, or the same few letters over and over.
    #[error("the token secret is a well-known one")]
    Known,
}

/// The shared secret and what else tokens under it must have.
#[derive(Clone)]
pub struct Hmac {
    key: DecodingKey,
    issuer: Option<String>,
    audience: Option<String>,
}

/// What a good subscription token says.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// The channel that it is for.
    pub channel: String,
    /// The user that it is for; empty for an anonymous one. The connection's user must be the same.
    pub subject: String,
    /// The one connection that it is for, when it names one.
    pub client: Option<String>,
    /// `jti`.
    pub token_id: Option<String>,
    /// What others see about the subscription.
    pub info: Option<Box<RawValue>>,
    /// When the subscription ends; `None` = never.
    pub expires_at: Option<Timestamp>,
}

impl Hmac {
    /// Accepts tokens under `secret`. Issuer and audience are checked only when given. `is_weak_allowed` is for
    /// `--dev` alone.
    /// Errors: a weak secret: the server must not start with it.
    pub fn new(
        secret: &str,
        issuer: Option<String>,
        audience: Option<String>,
        is_weak_allowed: bool,
    ) -> Result<Self, HmacError> {
        if !is_weak_allowed {
            if secret.len() < SECRET_MIN_BYTES {
                return Err(HmacError::Short);
            }
            if is_known(secret) {
                return Err(HmacError::Known);
            }
        }
        Ok(Self {
            key: DecodingKey::from_secret(secret.as_bytes()),
            issuer,
            audience,
        })
    }

    pub(super) fn verify_connection(
        &self,
        ring: &KeyRing,
        compact: &Compact<'_>,
        now: Timestamp,
    ) -> Result<Verified, TokenError> {
        let mut claims = self.read(ring, compact, now)?;
        // A subscription token opens one channel, not a connection.
        if claims.has("channel") {
            return Err(TokenError::Forged(Flaw::Claims));
        }
        Ok(Verified {
            subject: text(&claims, "sub")?.unwrap_or_default(),
            permissions: None,
            token_id: text(&claims, "jti")?,
            family: None,
            key_id: compact.key_id.clone(),
            issued_at: time(&claims, "iat")?.map(|at_s| Timestamp(at_s.saturating_mul(1_000))),
            expires_at: expires_at(&claims)?,
            kind: TokenKind::Hmac,
            channels: channels(&claims)?,
            info: claims.raw("info"),
        })
    }

    pub(super) fn verify_subscription(
        &self,
        ring: &KeyRing,
        compact: &Compact<'_>,
        now: Timestamp,
    ) -> Result<Subscription, TokenError> {
        let mut claims = self.read(ring, compact, now)?;
        let channel = text(&claims, "channel")?.filter(|channel| !channel.is_empty());
        Ok(Subscription {
            channel: channel.ok_or(TokenError::Forged(Flaw::Claims))?,
            subject: text(&claims, "sub")?.unwrap_or_default(),
            client: text(&claims, "client")?,
            token_id: text(&claims, "jti")?,
            expires_at: expires_at(&claims)?,
            info: claims.raw("info"),
        })
    }

    /// What both kinds have in common: header, signature, parties, times.
    fn read(&self, ring: &KeyRing, compact: &Compact<'_>, now: Timestamp) -> Result<Object, TokenError> {
        if compact
            .media_type
            .as_deref()
            .is_some_and(|media_type| media_type != "JWT")
        {
            return Err(TokenError::Forged(Flaw::Header));
        }
        // Our key ids belong to EdDSA alone, whatever their state.
        if compact
            .key_id
            .as_deref()
            .is_some_and(|kid| ring.find(kid).is_some())
        {
            return Err(TokenError::Forged(Flaw::Key));
        }
        let (signature, signed) = (compact.signature_text, compact.signed.as_bytes());
        let is_signed = jsonwebtoken::crypto::verify(signature, signed, &self.key, Algorithm::HS256);
        if !matches!(is_signed, Ok(true)) {
            return Err(TokenError::Forged(Flaw::Signature));
        }
        let claims = compact.claims()?;
        self.check_parties(&claims)?;
        check_times(&claims, now)?;
        Ok(claims)
    }

    fn check_parties(&self, claims: &Object) -> Result<(), TokenError> {
        let issuer = claims.optional::<String>("iss")?;
        let is_issuer_right = self.issuer.is_none() || self.issuer == issuer;
        let audience = claims.optional::<Audience>("aud")?;
        let is_audience_right = self
            .audience
            .as_ref()
            .is_none_or(|own| audience.is_some_and(|named| named.has(own)));
        if is_issuer_right && is_audience_right {
            Ok(())
        } else {
            Err(TokenError::Forged(Flaw::Party))
        }
    }
}

/// One audience or several, as RFC 7519 allows.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn has(&self, own: &str) -> bool {
        match self {
            Self::One(one) => one == own,
            Self::Several(several) => several.iter().any(|one| one == own),
        }
    }
}

// No leeway at the end: clients of this protocol refresh before it, and its servers give none.
fn check_times(claims: &Object, now: Timestamp) -> Result<(), TokenError> {
    let now_s = now_s(now);
    if time(claims, "nbf")?.is_some_and(|starts_s| starts_s > now_s + LEEWAY_S) {
        return Err(TokenError::Forged(Flaw::Time));
    }
    if time(claims, "exp")?.is_some_and(|expires_s| now_s >= expires_s) {
        Err(TokenError::Expired)
    } else {
        Ok(())
    }
}

/// `expire_at` decides when the connection ends, 0 being never; without it `exp` does.
fn expires_at(claims: &Object) -> Result<Option<Timestamp>, TokenError> {
    let at_s = match claims.optional::<u64>("expire_at")? {
        Some(0) => None,
        Some(at_s) => Some(seconds(at_s)?),
        None => time(claims, "exp")?,
    };
    Ok(at_s.map(|at_s| Timestamp(at_s.saturating_mul(1_000))))
}

fn time(claims: &Object, name: &str) -> Result<Option<i64>, TokenError> {
    claims.optional::<u64>(name)?.map(seconds).transpose()
}

fn text(claims: &Object, name: &str) -> Result<Option<String>, TokenError> {
    let text = claims.optional::<String>(name)?;
    let is_plain = |text: &String| text.len() <= TEXT_MAX_BYTES && !text.chars().any(char::is_control);
    if text.as_ref().is_none_or(is_plain) {
        Ok(text)
    } else {
        Err(TokenError::Forged(Flaw::Claims))
    }
}

/// The channels of `channels` and the keys of `subs`, each once. What `subs` says about them is left aside.
fn channels(claims: &Object) -> Result<Vec<String>, TokenError> {
    let mut channels: Vec<String> = claims.optional("channels")?.unwrap_or_default();
    let subs: BTreeMap<String, IgnoredAny> = claims.optional("subs")?.unwrap_or_default();
    channels.extend(subs.into_keys());
    let is_name =
        |name: &String| (1..=TEXT_MAX_BYTES).contains(&name.len()) && !name.chars().any(char::is_control);
    if channels.len() > CHANNELS_MAX || !channels.iter().all(is_name) {
        return Err(TokenError::Forged(Flaw::Claims));
    }
    let mut once: Vec<String> = Vec::with_capacity(channels.len());
    for channel in channels {
        if !once.contains(&channel) {
            once.push(channel);
        }
    }
    Ok(once)
}

/// Whether a secret is a word from documentation, repeated or not, or has hardly any different bytes.
fn is_known(secret: &str) -> bool {
    let lower = secret.trim().to_ascii_lowercase();
    let letters: std::collections::BTreeSet<u8> = lower.bytes().collect();
    letters.len() < 6
        || KNOWN_SECRETS.iter().any(|known| {
            lower
                .replace(known, "")
                .trim_matches(['-', '_', ' ', '.'])
                .is_empty()
        })
}
