//! Keys of apps: `appk_<8 characters of key id>_<32 random bytes in base62>`.
//!
//! They are 256 random bits, so one SHA-256 is kept of them and no slow hash: an app sends its key with each request.

use std::fmt;

use sha2::{Digest, Sha256};

use super::api_key::{KEY_ID_CHARS, SECRET_CHARS, base62};
use super::{Fill, random};

/// What every key of an app begins with, so that scanners find a leaked one.
pub const PREFIX: &str = "appk_";
/// Bytes of what the database keeps of a key.
pub const HASH_LEN: usize = 32;

/// An app's key, shown once. Only the key id and a hash of the whole key are kept.
#[derive(Clone)]
pub struct AppKey {
    key_id: String,
    secret: String,
}

impl AppKey {
    /// A new key.
    pub fn make(fill: Fill<'_>) -> Self {
        Self {
            key_id: base62(random::<6>(fill), KEY_ID_CHARS),
            secret: base62(random::<32>(fill), SECRET_CHARS),
        }
    }

    /// Reads a key; `None` for anything that is not exactly one, without saying why.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != PREFIX.len() + KEY_ID_CHARS + 1 + SECRET_CHARS {
            return None;
        }
        let (key_id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let is_base62 = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_key = key_id.len() == KEY_ID_CHARS && is_base62(key_id) && is_base62(secret);
        is_key.then(|| Self {
            key_id: key_id.to_owned(),
            secret: secret.to_owned(),
        })
    }

    /// What the database keeps: SHA-256 of the whole key.
    pub fn hash(&self) -> [u8; HASH_LEN] {
        Sha256::digest(self.expose()).into()
    }

    /// The whole key, for the one answer that shows it.
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}_{}", self.key_id, self.secret)
    }
}

impl fmt::Debug for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppKey({}, ..)", self.key_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random_key() -> AppKey {
        AppKey::make(&|bytes| getrandom::fill(bytes).unwrap())
    }

    #[test]
    fn a_made_key_is_read_back_and_known_by_its_hash() {
        let key = random_key();
        let text = key.expose();
        let read = AppKey::parse(&text).unwrap();
        assert!(text.starts_with("appk_") && text.len() == 57);
        assert_eq!((read.expose(), read.hash()), (text.clone(), key.hash()));
        assert_eq!(key.hash(), <[u8; 32]>::from(Sha256::digest(&text)));
        assert_ne!(random_key().hash(), key.hash());
        assert_eq!(format!("{key:?}"), format!("AppKey({}, ..)", key.key_id));
        // The same secret under another id is another key.
        let secret = text.rsplit_once('_').map(|(_, secret)| secret).unwrap();
        let other = AppKey::parse(&format!("appk_00000000_{secret}")).unwrap();
        assert_ne!(other.hash(), key.hash());
    }

    #[test]
    fn anything_but_exactly_one_key_is_refused() {
        let good = AppKey::make(&|bytes| bytes.fill(7)).expose();
        assert!(AppKey::parse(&good).is_some());
        let stem: String = good.chars().take(56).collect();
        for bad in [
            String::new(),
            format!("{good} "),
            format!("{good}0"),
            good.replacen("appk_", "rk_l_", 1),
            good.replacen('_', "-", 2),
            format!("{stem}!"),
            format!("{}é", stem.chars().take(55).collect::<String>()),
            stem,
            "a".repeat(1 << 20),
        ] {
            assert!(AppKey::parse(&bad).is_none(), "{bad:.80}");
        }
        // An agent's key is no app's key, and the other way about.
        assert!(AppKey::parse(&super::super::ApiKey::make(&|bytes| bytes.fill(7)).expose()).is_none());
        assert!(super::super::ApiKey::parse(&good).is_none());
    }
}
