//! JSON that everybody reads in the same way.

use crate::base::limit::JSON_KEYS_MAX;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

/// Checks that the objects of a JSON text have each key once and not too many, and that its texts have no U+0000.
/// Errors: the text is not JSON, or not such.
pub fn check_json_keys(text: &[u8]) -> serde_json::Result<()> {
    serde_json::from_slice(text).map(|Strict| ())
}

/// Any JSON that is strict.
struct Strict;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Strict, E> {
        if text.contains('\0') {
            Err(E::custom("a text contains U+0000"))
        } else {
            Ok(Strict)
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Strict, A::Error> {
        while items.next_element::<Strict>()?.is_some() {}
        Ok(Strict)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Strict, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if key.contains('\0') {
                return Err(de::Error::custom("a key contains U+0000"));
            }
            if keys.len() >= JSON_KEYS_MAX {
                return Err(de::Error::custom(format_args!(
                    "an object has more than {JSON_KEYS_MAX} keys"
                )));
            }
            entries.next_value::<Strict>()?;
            if let Some(twice) = keys.replace(key) {
                // The same words as serde's own, so that both are told apart from wrong values in one place.
                let twice: String = twice.chars().take(64).collect();
                return Err(de::Error::custom(format_args!("duplicate field `{twice}`")));
            }
        }
        Ok(Strict)
    }
}
