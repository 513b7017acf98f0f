//! Tokens that are issued here, of agents and of command-line users: what §4.2 of the security page asks, in the order of
//! its sentences. Both kinds have the same claims and their own `typ`, which is signed, and their own longest life.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use uuid::Uuid;

use super::compact::Compact;
use super::{
    ACCESS_TTL_MAX_S, ACCESS_TYPE, CLI_TTL_MAX_S, CLI_TYPE, Flaw, LEEWAY_S, TokenError, TokenKind, Tokens,
    Verified, now_s, seconds,
};
use crate::base::time::Timestamp;
use crate::domain::agent::Handle;
use crate::domain::agent::Permissions;
use crate::domain::refusal::Refusal;
use crate::guard::key_ring::{ALGORITHM, KeyRing, KeyState};

/// The claims of a token, all of them required. A new one needs a new [`VERSION`], read one release before it
/// is written.
const CLAIMS: [&str; 10] = [
    "iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp", "perms", "ver",
];
/// The version of the claims.
const VERSION: u64 = 1;
/// Most permissions that a token names.
const PERMISSIONS_MAX: usize = 64;
/// Longest `jti`. Units: bytes.
const TOKEN_ID_MAX_BYTES: usize = 64;

/// What a new token is to say.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The agent.
    pub subject: Handle,
    /// The most it may do with the token.
    pub permissions: Permissions,
    /// The login that the token belongs to.
    pub family: Uuid,
    /// The token's own id, new and a UUIDv7 of now.
    pub token_id: Uuid,
}

/// What a command-line user's new token is to say. It names no permission: its bearer uses channels, whose rights are
/// looked up, and never acts.
#[derive(Clone, Debug)]
pub struct CliGrant {
    /// The user.
    pub subject: Handle,
    /// The login that the token belongs to.
    pub family: Uuid,
    /// The token's own id, new and a UUIDv7 of now.
    pub token_id: Uuid,
}

/// A new token.
#[derive(Clone, PartialEq, Eq)]
pub struct Issued {
    /// The text for the client.
    pub token: String,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl Tokens {
    /// Issues an access token.
    /// Errors: `unavailable` when no active key is here.
    pub fn issue(&self, ring: &KeyRing, grant: &Grant, now: Timestamp) -> Result<Issued, Refusal> {
        self.sign(ring, TokenKind::Access, grant, now)
    }

    /// Issues a command-line user's token.
    /// Errors: `unavailable` when no active key is here.
    pub fn issue_cli(&self, ring: &KeyRing, grant: &CliGrant, now: Timestamp) -> Result<Issued, Refusal> {
        let grant = Grant {
            subject: grant.subject.clone(),
            permissions: Permissions::from_names([]),
            family: grant.family,
            token_id: grant.token_id,
        };
        self.sign(ring, TokenKind::Cli, &grant, now)
    }

    fn sign(
        &self,
        ring: &KeyRing,
        kind: TokenKind,
        grant: &Grant,
        now: Timestamp,
    ) -> Result<Issued, Refusal> {
        let (media_type, ttl_s) = match kind {
            TokenKind::Cli => (CLI_TYPE, self.cli_ttl_s),
            TokenKind::Access | TokenKind::Hmac => (ACCESS_TYPE, self.access_ttl_s),
        };
        let key = ring.signer(now).ok_or_else(Refusal::unavailable)?;
        let issued_s = now_s(now);
        // A token that outlives its key would end as forged instead of as expired.
        let expires_s = issued_s.saturating_add(ttl_s).min(now_s(key.not_after()));
        let header = json!({ "alg": ALGORITHM, "kid": key.kid(), "typ": media_type });
        let claims = json!({
            "iss": self.issuer,
            "aud": self.audience,
            "sub": grant.subject.as_str(),
            "sid": grant.family,
            "jti": grant.token_id,
            "iat": issued_s,
            "nbf": issued_s,
            "exp": expires_s,
            "perms": grant.permissions.names(),
            "ver": VERSION,
        });
        let encode = |part: serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = key.sign(signed.as_bytes()).ok_or_else(Refusal::unavailable)?;
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        Ok(Issued {
            token,
            expires_at: Timestamp(expires_s.saturating_mul(1_000)),
        })
    }

    /// Checks a token that was signed here.
    pub(super) fn verify_own(
        &self,
        ring: &KeyRing,
        compact: &Compact<'_>,
        now: Timestamp,
    ) -> Result<Verified, TokenError> {
        let kind = match compact.media_type.as_deref() {
            Some(ACCESS_TYPE) => TokenKind::Access,
            Some(CLI_TYPE) => TokenKind::Cli,
            _ => return Err(TokenError::Forged(Flaw::Header)),
        };
        let kid = compact
            .key_id
            .as_deref()
            .ok_or(TokenError::Forged(Flaw::Header))?;
        // Every key of the ring is Ed25519, and only EdDSA comes here: the algorithm is the key's own.
        let key = ring.find(kid).ok_or(TokenError::Forged(Flaw::Key))?;
        if key.state() == KeyState::Revoked {
            return Err(TokenError::Revoked);
        }
        if !key.verifies_at(now) {
            return Err(TokenError::Forged(Flaw::Key));
        }
        if !key.verify(compact.signed.as_bytes(), &compact.signature) {
            return Err(TokenError::Forged(Flaw::Signature));
        }
        self.read_claims(compact, kind, kid, now)
    }

    fn read_claims(
        &self,
        compact: &Compact<'_>,
        kind: TokenKind,
        kid: &str,
        now: Timestamp,
    ) -> Result<Verified, TokenError> {
        let wrong = TokenError::Forged(Flaw::Claims);
        let claims = compact.claims()?;
        if !claims.has_only(&CLAIMS) || claims.required::<u64>("ver")? != VERSION {
            return Err(wrong);
        }
        if claims.required::<String>("iss")? != self.issuer
            || claims.required::<String>("aud")? != self.audience
        {
            return Err(TokenError::Forged(Flaw::Party));
        }
        let issued_s = seconds(claims.required("iat")?)?;
        let starts_s = seconds(claims.required("nbf")?)?;
        let expires_s = seconds(claims.required("exp")?)?;
        let subject: Handle = claims.required("sub")?;
        let family: Uuid = claims.required("sid")?;
        let token_id: String = claims.required("jti")?;
        let permissions: Vec<String> = claims.required("perms")?;
        if !(1..=TOKEN_ID_MAX_BYTES).contains(&token_id.len()) || permissions.len() > PERMISSIONS_MAX {
            return Err(wrong);
        }
        let ttl_max_s = match kind {
            TokenKind::Access | TokenKind::Hmac => ACCESS_TTL_MAX_S,
            // Such a token gives no right to act, whatever it says.
            TokenKind::Cli if !permissions.is_empty() => return Err(wrong),
            TokenKind::Cli => CLI_TTL_MAX_S,
        };
        check_times(issued_s, starts_s, expires_s, ttl_max_s, now)?;
        Ok(Verified {
            subject: subject.as_str().to_owned(),
            permissions: Some(Permissions::from_names(permissions.iter().map(String::as_str))),
            issued_at: Some(issued_at(issued_s, &token_id)),
            token_id: Some(token_id),
            family: Some(family),
            key_id: Some(kid.to_owned()),
            expires_at: Some(Timestamp(expires_s.saturating_mul(1_000))),
            kind,
            channels: Vec::new(),
            info: None,
        })
    }
}

fn check_times(
    issued_s: i64,
    starts_s: i64,
    expires_s: i64,
    ttl_max_s: i64,
    now: Timestamp,
) -> Result<(), TokenError> {
    let now_s = now_s(now);
    let is_long = expires_s <= issued_s || expires_s - issued_s > ttl_max_s;
    if is_long || issued_s > now_s + LEEWAY_S || starts_s > now_s + LEEWAY_S {
        return Err(TokenError::Forged(Flaw::Time));
    }
    if now_s >= expires_s + LEEWAY_S {
        Err(TokenError::Expired)
    } else {
        Ok(())
    }
}

/// `iat` has whole seconds, so a token issued right after a revocation would look older than it. The time in the
/// token's own id is finer; it counts when both agree.
fn issued_at(issued_s: i64, token_id: &str) -> Timestamp {
    let of_id = Uuid::try_parse(token_id)
        .ok()
        .and_then(|id| id.get_timestamp())
        .map(|time| time.to_unix());
    let millis = match of_id {
        Some((id_s, nanos)) if i64::try_from(id_s) == Ok(issued_s) => i64::from(nanos / 1_000_000),
        _ => 0,
    };
    Timestamp(issued_s.saturating_mul(1_000).saturating_add(millis))
}
