//! Parameters as they came: the action's own text, without the envelope's `command_id`.

use crate::domain::refusal::{Code, Refusal};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The field that is the envelope's.
const COMMAND_ID: &str = "command_id";

/// The fields of a JSON object as raw text, in their order, each name once.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Vec<(String, &'de RawValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields: Vec<(String, &'de RawValue)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    if fields.iter().any(|(other, _)| *other == name) {
                        return Err(serde::de::Error::custom(format!("duplicate field `{name}`")));
                    }
                    if fields.len() >= crate::base::limit::JSON_KEYS_MAX {
                        return Err(serde::de::Error::custom("too many fields"));
                    }
                    fields.push((name, value));
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Collect).map(Fields)
    }
}

/// Splits an rpc's data into the action's parameters, a JSON text, and the command id. Numbers and texts stay as they were written.
/// Errors: `malformed` when it is no object or has a key twice, `invalid_parameter` when `command_id` is no text.
pub fn split_command_id(data: &[u8]) -> Result<(Cow<'_, str>, Option<String>), Refusal> {
    let malformed = |error: serde_json::Error| Refusal::new(Code::Malformed, error.to_string());
    let whole = std::str::from_utf8(data).map_err(|_not_text| Refusal::new(Code::Malformed, "not UTF-8"))?;
    let Fields(fields) = serde_json::from_str(whole).map_err(malformed)?;
    if !fields.iter().any(|(name, _)| name == COMMAND_ID) {
        return Ok((Cow::Borrowed(whole), None));
    }
    let mut command_id = None;
    let mut text = String::with_capacity(data.len());
    text.push('{');
    for (name, value) in fields {
        if name == COMMAND_ID {
            let id = serde_json::from_str(value.get())
                .map_err(|_not_text| Refusal::invalid("command_id must be a text"))?;
            command_id = Some(id);
            continue;
        }
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&serde_json::to_string(&name).map_err(malformed)?);
        text.push(':');
        text.push_str(value.get());
    }
    text.push('}');
    Ok((Cow::Owned(text), command_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_id_is_taken_out_and_the_rest_stays_as_written() {
        let (params, id) = split_command_id(br#"{"x": 1.50, "command_id": "c1", "y":2}"#).unwrap();
        assert_eq!((&*params, id.as_deref()), (r#"{"x":1.50,"y":2}"#, Some("c1")));
        assert_eq!(split_command_id(b"{}").unwrap().0, "{}");
    }

    #[test]
    fn a_key_twice_is_malformed() {
        for bad in [
            &br#"{"a":1,"a":2}"#[..],
            br#"{"command_id":"a","command_id":"b"}"#,
            b"[]",
            b"5",
        ] {
            assert_eq!(split_command_id(bad).unwrap_err().code, Code::Malformed);
        }
        assert_eq!(
            split_command_id(br#"{"command_id":5}"#).unwrap_err().code,
            Code::InvalidParameter
        );
    }
}
