//! The public handle of an agent: `agent_id` on the wire.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::sync::Arc;

/// 1 to 64 of `[a-z0-9_-]`, unique, never reused. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Handle(#[schemars(with = "String", regex(pattern = "^[a-z0-9_-]{1,64}$"))] Arc<str>);

/// Handles that nobody may take: words of the routes and channels.
const RESERVED: [&str; 5] = ["system", "admin", "public", "app", "me"];

impl Handle {
    /// Checks and wraps a handle.
    /// Errors: a sentence, when a character or the length is wrong.
    pub fn new(text: &str) -> Result<Self, String> {
        let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if !(1..=64).contains(&text.len()) || !text.chars().all(is_allowed) {
            return Err("agent_id must be 1 to 64 of a-z, 0-9, _ and -".to_owned());
        }
        Ok(Self(text.into()))
    }

    /// Whether the handle is one that nobody may take.
    pub fn is_reserved(&self) -> bool {
        RESERVED.contains(&self.as_str())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Handle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_small_alphabet_is_a_handle() {
        assert!(Handle::new("alice_2-x").is_ok());
        let long = "a".repeat(65);
        for bad in ["", "Alice", "a b", "ä", "a.b", "a\0", long.as_str()] {
            assert!(Handle::new(bad).is_err(), "{bad}");
        }
        assert!(Handle::new("system").unwrap().is_reserved());
    }
}
