//! The key of the server API: one secret that the operator and its backend share.

use crate::config::Secret;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// The key as it is kept in memory: a hash, so that comparing takes as long whatever is shown, and however long it is.
#[derive(Clone)]
pub struct ServerKey([u8; 32]);

impl ServerKey {
    /// The key that the settings name.
    pub fn of(secret: &Secret) -> Self {
        Self(Sha256::digest(secret.expose()).into())
    }

    /// Whether this text is the key.
    pub fn is(&self, text: &[u8]) -> bool {
        let shown: [u8; 32] = Sha256::digest(text).into();
        self.0.ct_eq(&shown).into()
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_key_is_the_key() {
        let text = "kX2-vv9_Qm4rT7bN1sLw8ZpYc3HdJf6G";
        let key = ServerKey::of(&Secret::new(text));
        assert!(key.is(text.as_bytes()));
        for other in [
            "",
            "kX2",
            "kX2-vv9_Qm4rT7bN1sLw8ZpYc3HdJf6g",
            "kX2-vv9_Qm4rT7bN1sLw8ZpYc3HdJf6G ",
        ] {
            assert!(!key.is(other.as_bytes()), "{other}");
        }
        assert_eq!(format!("{key:?}"), "ServerKey(..)");
    }
}
