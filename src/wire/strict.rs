//! JSON that everybody reads in the same way.

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

/// Checks that the objects of a JSON text have each key once and at most so many, and that its texts have no U+0000.
/// Errors: the text is not JSON, or not such.
pub fn check_json_keys(text: &[u8], keys_max: usize) -> serde_json::Result<()> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    Strict { keys_max }.deserialize(&mut deserializer)?;
    deserializer.end()
}

/// Reads any JSON that is strict, and keeps nothing of it.
#[derive(Clone, Copy)]
struct Strict {
    keys_max: usize,
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        if text.contains('\0') {
            Err(E::custom("a text contains U+0000"))
        } else {
            Ok(())
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if key.contains('\0') {
                return Err(de::Error::custom("a key contains U+0000"));
            }
            if keys.len() >= self.keys_max {
                return Err(de::Error::custom(format_args!(
                    "an object has more than {} keys",
                    self.keys_max
                )));
            }
            entries.next_value_seed(self)?;
            if let Some(twice) = keys.replace(key) {
                // The same words as serde's own, so that both are told apart from wrong values in one place.
                let twice: String = twice.chars().take(64).collect();
                return Err(de::Error::custom(format_args!("duplicate field `{twice}`")));
            }
        }
        Ok(())
    }
}
