//! Signing keys of access tokens: Ed25519, rotated by state.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Fill, random};
use crate::base::time::Timestamp;

/// The one algorithm of our keys, as tokens name it.
pub const ALGORITHM: &str = "EdDSA";
/// Longest key id. Units: characters.
pub const KID_MAX_CHARS: usize = 64;
/// Most keys of one ring.
pub const KEYS_MAX: usize = 64;
/// A new key is published so long before its first use. Units: milliseconds. Source: security.md §4.2.
pub const PUBLISH_AHEAD_MS: i64 = 600_000;
/// Keys are replaced after so long. Units: milliseconds (30 days). Source: security.md §4.2.
pub const ROTATE_AFTER_MS: i64 = 30 * 86_400_000;

/// What a key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// Published; signs from the next rotation on.
    Next,
    /// Signs and verifies.
    Active,
    /// Verifies what it signed.
    Retiring,
    /// Refused at once.
    Revoked,
}

impl KeyState {
    /// The stored text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Revoked => "revoked",
        }
    }

    /// The state with this text.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Next, Self::Active, Self::Retiring, Self::Revoked]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// A row of table `signing_key`. `private` is the 32-byte seed in clear, empty when this process does not sign with it.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// The key id: the RFC 7638 thumbprint for keys made here.
    pub kid: String,
    /// Always [`ALGORITHM`].
    pub alg: String,
    /// The public key, 32 bytes.
    pub public: Vec<u8>,
    /// The seed, 32 bytes or none.
    pub private: Vec<u8>,
    /// What the key is used for.
    pub state: KeyState,
    /// First time it may sign.
    pub not_before: Timestamp,
    /// From then on its signatures are refused.
    pub not_after: Timestamp,
}

impl KeyRow {
    /// A new key.
    pub fn generate(fill: Fill<'_>, state: KeyState, not_before: Timestamp, not_after: Timestamp) -> Self {
        let seed = random::<32>(fill);
        let public = SigningKey::from_bytes(&seed).verifying_key();
        Self {
            kid: thumbprint(&public),
            alg: ALGORITHM.to_owned(),
            public: public.to_bytes().to_vec(),
            private: seed.to_vec(),
            state,
            not_before,
            not_after,
        }
    }
}

impl fmt::Debug for KeyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRow")
            .field("kid", &self.kid)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// A row that is no usable key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// More than [`KEYS_MAX`] rows.
    #[error("there are more than {KEYS_MAX} signing keys")]
    TooMany,
    /// The id is empty, too long, or outside `[A-Za-z0-9_-]`.
    #[error("a signing key has an unusable id")]
    Kid,
    /// Two rows have this id.
    #[error("signing key {0} is there twice")]
    Duplicate(String),
    /// The algorithm is not ours.
    #[error("signing key {0} is not of algorithm {ALGORITHM}")]
    Algorithm(String),
    /// The public key is no point, or a weak one.
    #[error("signing key {0} has an unusable public key")]
    Public(String),
    /// The seed does not belong to the public key.
    #[error("signing key {0} has a private key that does not fit")]
    Private(String),
}

/// One key of the ring.
pub struct Key {
    kid: String,
    verifying: VerifyingKey,
    signing: Option<SigningKey>,
    state: KeyState,
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Key {
    /// The key id.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What the key is used for.
    pub fn state(&self) -> KeyState {
        self.state
    }

    /// From then on its signatures are refused.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Whether its signatures count at `now`. A `next` key counts once its time has come: another node may have made
    /// it active already.
    pub fn verifies_at(&self, now: Timestamp) -> bool {
        let is_used = match self.state {
            KeyState::Active | KeyState::Retiring => true,
            KeyState::Next => self.not_before <= now,
            KeyState::Revoked => false,
        };
        is_used && now < self.not_after
    }

    /// Signs; `None` when this process holds no private part.
    pub fn sign(&self, message: &[u8]) -> Option<[u8; 64]> {
        self.signing.as_ref().map(|key| key.sign(message).to_bytes())
    }

    /// Whether the signature is right, canonical, and of no weak key.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.verifying.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("kid", &self.kid)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// All signing keys, built from the rows anew whenever they change.
#[derive(Debug, Default)]
pub struct KeyRing {
    keys: Vec<Key>,
}

impl KeyRing {
    /// The ring of these rows.
    /// Errors: a row that is no usable key; nothing is skipped silently.
    pub fn from_rows(rows: &[KeyRow]) -> Result<Self, KeyRingError> {
        if rows.len() > KEYS_MAX {
            return Err(KeyRingError::TooMany);
        }
        let mut ring = Self::default();
        for row in rows {
            let key = key_of(row)?;
            if ring.find(&key.kid).is_some() {
                return Err(KeyRingError::Duplicate(key.kid));
            }
            ring.keys.push(key);
        }
        Ok(ring)
    }

    /// The key with this id, in whatever state.
    pub fn find(&self, kid: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.kid == kid)
    }

    /// The key to sign with at `now`: the newest active one whose private part is here.
    pub fn signer(&self, now: Timestamp) -> Option<&Key> {
        let signs = |key: &&Key| {
            key.state == KeyState::Active
                && key.not_before <= now
                && now < key.not_after
                && key.signing.is_some()
        };
        self.keys.iter().filter(signs).max_by_key(|key| key.not_before)
    }

    /// The JSON of `/.well-known/jwks.json`: every key but the revoked ones. Source: RFC 7517, RFC 8037.
    pub fn jwks(&self) -> String {
        let is_public = |key: &&Key| key.state != KeyState::Revoked;
        let keys: Vec<_> = self
            .keys
            .iter()
            .filter(is_public)
            .map(|key| {
                json!({
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "x": URL_SAFE_NO_PAD.encode(key.verifying.as_bytes()),
                    "kid": key.kid,
                    "use": "sig",
                    "alg": ALGORITHM,
                })
            })
            .collect();
        json!({ "keys": keys }).to_string()
    }
}

fn key_of(row: &KeyRow) -> Result<Key, KeyRingError> {
    let is_plain = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    if !(1..=KID_MAX_CHARS).contains(&row.kid.len()) || !row.kid.bytes().all(is_plain) {
        return Err(KeyRingError::Kid);
    }
    let kid = row.kid.clone();
    if row.alg != ALGORITHM {
        return Err(KeyRingError::Algorithm(kid));
    }
    let public = <[u8; 32]>::try_from(row.public.as_slice()).ok();
    let verifying = public
        .and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok())
        .filter(|key| !key.is_weak());
    let Some(verifying) = verifying else {
        return Err(KeyRingError::Public(kid));
    };
    let signing = match row.private.as_slice() {
        [] => None,
        seed => match <[u8; 32]>::try_from(seed).map(|seed| SigningKey::from_bytes(&seed)) {
            Ok(key) if key.verifying_key() == verifying => Some(key),
            _ => return Err(KeyRingError::Private(kid)),
        },
    };
    Ok(Key {
        kid,
        verifying,
        signing,
        state: row.state,
        not_before: row.not_before,
        not_after: row.not_after,
    })
}

/// The RFC 7638 thumbprint of a public key: the members in order, hashed.
fn thumbprint(public: &VerifyingKey) -> String {
    let jwk = format!(
        r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#,
        URL_SAFE_NO_PAD.encode(public.as_bytes())
    );
    URL_SAFE_NO_PAD.encode(Sha256::digest(jwk))
}

#[cfg(test)]
mod tests;
