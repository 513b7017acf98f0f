//! Refresh tokens: opaque, 256 bits, kept as a hash; each is used once.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::{Fill, random};
use crate::base::time::Timestamp;

/// What every refresh token begins with.
pub const PREFIX: &str = "rt_";
/// A token that is not used for so long ends. Units: milliseconds (7 days). Source: security.md §4.2.
pub const IDLE_MS: i64 = 7 * 86_400_000;
/// A family of tokens ends after so long. Units: milliseconds (30 days). Source: security.md §4.2.
pub const ABSOLUTE_MS: i64 = 30 * 86_400_000;
/// A consumed token from the same client gets the same successor for so long, in case the answer was lost; later it
/// revokes the family. Units: milliseconds. Source: security.md §4.2.
pub const GRACE_MS: i64 = 30_000;

/// A refresh token in clear, as the client holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken([u8; 32]);

impl RefreshToken {
    /// A new token.
    pub fn make(fill: Fill<'_>) -> Self {
        Self(random(fill))
    }

    /// Reads a token; `None` for anything that is not exactly one.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != PREFIX.len() + 43 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// The text for the client.
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(self.0))
    }

    /// What the database keeps: SHA-256 of the text. 256 random bits need no slow hash.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.expose()).into()
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(..)")
    }
}

/// How long refresh tokens live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Life of an unused token. Units: milliseconds.
    pub idle_ms: i64,
    /// Life of a family. Units: milliseconds.
    pub absolute_ms: i64,
    /// Time in which a repeat gets the same successor. Units: milliseconds.
    pub grace_ms: i64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            idle_ms: IDLE_MS,
            absolute_ms: ABSOLUTE_MS,
            grace_ms: GRACE_MS,
        }
    }
}

impl Policy {
    /// When a family that begins now ends.
    pub fn absolute_until(&self, now: Timestamp) -> Timestamp {
        now.plus_ms(self.absolute_ms)
    }

    /// When a token made now ends: after the idle time, and never after its family.
    pub fn expires_at(&self, now: Timestamp, absolute_until: Timestamp) -> Timestamp {
        now.plus_ms(self.idle_ms).min(absolute_until)
    }
}

/// The mark of a client, by which a repeat in the grace time is told from a thief: a hash of its network (see
/// `client_ip::rate_key`) and its user agent. Kept as a hash, because both are personal data.
pub fn fingerprint(network: &str, user_agent: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(network.as_bytes());
    hasher.update([0]);
    hasher.update(user_agent.as_bytes());
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_token_is_read_back_and_hashed_as_text() {
        let token = RefreshToken::make(&|bytes| bytes.fill(0));
        assert_eq!(token.expose(), format!("rt_{}", "A".repeat(43)));
        assert_eq!(RefreshToken::parse(&token.expose()).unwrap(), token);
        assert_eq!(token.hash(), <[u8; 32]>::from(Sha256::digest(token.expose())));
        assert_eq!(format!("{token:?}"), "RefreshToken(..)");
    }

    #[test]
    fn anything_but_exactly_one_token_is_refused() {
        let good = RefreshToken::make(&|bytes| bytes.fill(9)).expose();
        assert!(RefreshToken::parse(&good).is_some());
        let stem: String = good.chars().take(45).collect();
        let trailing_bits = format!("rt_{}B", "A".repeat(42));
        for bad in [
            format!("{good}="),
            format!("{stem}="),
            format!("{stem}+"),
            stem,
            good.replace("rt_", "rk_"),
            trailing_bits,
        ] {
            assert!(RefreshToken::parse(&bad).is_none(), "{bad}");
        }
        assert!(RefreshToken::parse(&"r".repeat(1 << 20)).is_none());
    }

    #[test]
    fn a_token_never_outlives_its_family() {
        let policy = Policy::default();
        let until = policy.absolute_until(Timestamp(0));
        assert_eq!(policy.expires_at(Timestamp(0), until), Timestamp(IDLE_MS));
        assert_eq!(policy.expires_at(Timestamp(ABSOLUTE_MS - 5), until), until);
    }

    #[test]
    fn a_fingerprint_depends_on_both_parts_and_their_border() {
        assert_eq!(fingerprint("a", "b"), fingerprint("a", "b"));
        assert_ne!(fingerprint("a", "b"), fingerprint("ab", ""));
        assert_ne!(fingerprint("a", "b"), fingerprint("a", "c"));
    }
}
