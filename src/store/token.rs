//! Refresh tokens, revocations, signing keys and exact rates.

use super::{Reader, Result, Store};
use crate::base::id::AgentId;
use crate::base::time::Timestamp;
use uuid::Uuid;

/// Milliseconds until the next try is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfterMs(pub i64);

/// A refresh token to keep. Only its hash is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRefresh {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// All tokens that came from one log-in.
    pub family: Uuid,
    /// Whose.
    pub agent: AgentId,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When its family ends.
    pub absolute_until: Timestamp,
    /// SHA-256 of what is known of the client.
    pub fingerprint: [u8; 32],
}

/// The token that takes a refresh token's place. Family, agent and absolute end are those of the old one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Successor {
    /// SHA-256 of the new token.
    pub hash: [u8; 32],
    /// When it ends, unless its family ends earlier.
    pub expires_at: Timestamp,
    /// The new token itself; kept in the old row for the grace time only.
    pub token: String,
}

/// What became of a refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The successor is valid now.
    Rotated {
        /// Whose.
        agent: AgentId,
        /// The family.
        family: Uuid,
    },
    /// The same client asked again within the grace time: the successor that it was given.
    Repeated {
        /// Whose.
        agent: AgentId,
        /// The family.
        family: Uuid,
        /// The successor's text.
        token: String,
    },
    /// A spent token was used: the whole family is revoked.
    Reused {
        /// Whose.
        agent: AgentId,
        /// The family.
        family: Uuid,
    },
    /// Its time is over, or its family was revoked.
    Expired,
    /// There is no such token.
    Unknown,
}

/// What is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevocationKind {
    /// One access token, by its `jti`.
    Token,
    /// All tokens of a log-in.
    Family,
    /// All tokens of an agent.
    Agent,
    /// All tokens of a signing key.
    Key,
}

/// A revocation. `version` grows with each, in the order of commits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it; columns of table revocation")]
pub struct Revocation {
    pub kind: RevocationKind,
    pub id: String,
    pub until: Timestamp,
    pub version: i64,
}

/// A signing key.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it; columns of table signing_key")]
pub struct SigningKeyRow {
    pub kid: String,
    pub alg: String,
    pub public: Vec<u8>,
    pub private: Vec<u8>,
    pub state: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

impl std::fmt::Debug for SigningKeyRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The private half is not for logs.
        f.debug_struct("SigningKeyRow").field("kid", &self.kid).field("state", &self.state).finish_non_exhaustive()
    }
}

impl Store {
    /// Keeps a refresh token.
    pub fn add_refresh(&mut self, refresh: &NewRefresh, now: Timestamp) -> Result<()> {
        todo!("{refresh:?}{now:?}")
    }

    /// Spends a refresh token and puts its successor in its place, in one transaction. Of many at once, one rotates.
    /// `grace_ms`: how long the same client may ask again. Units: milliseconds.
    pub fn rotate_refresh(
        &mut self,
        hash: &[u8; 32],
        next: &Successor,
        fingerprint: &[u8; 32],
        grace_ms: i64,
        now: Timestamp,
    ) -> Result<Rotation> {
        todo!("{hash:?}{next:?}{fingerprint:?}{grace_ms}{now:?}")
    }

    /// Revokes something until a time. Gives the revocation's version. Revoking a family ends its refresh tokens, an agent all of its.
    pub fn revoke(&mut self, kind: RevocationKind, id: &str, until: Timestamp, now: Timestamp) -> Result<i64> {
        todo!("{kind:?}{id}{until:?}{now:?}")
    }

    /// Adds a signing key; one with the same `kid` stays as it is. Gives whether it was added.
    pub fn add_signing_key(&mut self, key: &SigningKeyRow) -> Result<bool> {
        todo!("{key:?}")
    }

    /// Changes the state of a signing key. Gives whether there is such a key.
    pub fn set_signing_key_state(&mut self, kid: &str, state: &str) -> Result<bool> {
        todo!("{kid}{state}")
    }

    /// Takes one from a rate, exactly: at most `limit` in any `window_ms` at an even pace, a full burst at first.
    pub fn take_rate(&mut self, key: &str, limit: i64, window_ms: i64, now: Timestamp) -> Result<std::result::Result<(), RetryAfterMs>> {
        todo!("{key}{limit}{window_ms}{now:?}")
    }
}

impl Reader {
    /// Revocations after a version, in order, and the newest version there is.
    pub fn revocations_since(&mut self, version: i64) -> Result<(Vec<Revocation>, i64)> {
        todo!("{version}")
    }

    /// All signing keys.
    pub fn signing_keys(&mut self) -> Result<Vec<SigningKeyRow>> {
        todo!()
    }
}
