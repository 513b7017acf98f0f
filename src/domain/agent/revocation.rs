//! What is revoked: credentials that count no more before their time is over.

use crate::base::time::Timestamp;

/// What a revocation names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevocationKind {
    /// One token, by its id (`jti`).
    Token,
    /// All tokens of one login (`sid`).
    Family,
    /// All tokens that an agent holds; those issued later are good.
    Agent,
    /// All tokens that a key signed (`kid`).
    Key,
}

impl RevocationKind {
    /// The stored text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Family => "family",
            Self::Agent => "agent",
            Self::Key => "key",
        }
    }

    /// The kind with this text.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Token, Self::Family, Self::Agent, Self::Key]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// A revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// What is named.
    pub kind: RevocationKind,
    /// Its id: `jti`, `sid`, handle or `kid`.
    pub id: String,
    /// It counts until then.
    pub until: Timestamp,
    /// Its place in the order of commits: it grows with each.
    pub version: i64,
}
