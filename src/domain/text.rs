//! Bounded text: length in characters, no NUL; checked once at the edge, then trusted.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// Text of `MIN` to `MAX` characters without U+0000, which PostgreSQL text cannot hold.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// Checks and wraps a text.
    /// Errors: the sentence that says which bound was broken.
    pub fn new(text: String) -> Result<Self, String> {
        // The byte length bounds the count of characters, so a huge text costs nothing.
        if text.len() > MAX.saturating_mul(4) || text.chars().count() > MAX {
            return Err(format!("text is longer than {MAX} characters"));
        }
        if text.trim().chars().count() < MIN {
            return Err(format!("text is shorter than {MIN} characters"));
        }
        if text.contains('\0') {
            return Err("text contains U+0000".to_owned());
        }
        Ok(Self(text))
    }

    /// The text itself.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MIN: usize, const MAX: usize> Deref for Text<MIN, MAX> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize> fmt::Debug for Text<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What people say is not for logs.
        write!(f, "Text({} bytes)", self.0.len())
    }
}

impl<'de, const MIN: usize, const MAX: usize> Deserialize<'de> for Text<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl<const MIN: usize, const MAX: usize> JsonSchema for Text<MIN, MAX> {
    fn schema_name() -> Cow<'static, str> {
        Cow::Owned(format!("Text{MIN}to{MAX}"))
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "minLength": MIN, "maxLength": MAX})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_count_characters_and_nul_is_refused() {
        assert!(Text::<1, 3>::new("äöü".to_owned()).is_ok());
        assert!(Text::<1, 3>::new("abcd".to_owned()).is_err());
        assert!(Text::<1, 3>::new("  ".to_owned()).is_err());
        assert!(Text::<0, 3>::new("a\0".to_owned()).is_err());
        assert!(serde_json::from_str::<Text<1, 3>>("5").is_err());
    }
}
