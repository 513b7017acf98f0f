//! What an action says: the `result` of its receipt.

use crate::domain::refusal::Refusal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use std::borrow::Cow;

/// What an action says. A tree where somebody adds to it or stores it; text where it is long and goes straight to who asked.
#[derive(Clone, Debug)]
pub enum Output {
    /// Values that can be looked into.
    Tree(Value),
    /// JSON as it is sent.
    Text(Box<RawValue>),
}

impl Output {
    /// Writes a result once and for all. Errors: `internal` for what is no JSON, such as keys that are no texts.
    pub fn text(result: &impl Serialize) -> Result<Self, Refusal> {
        to_raw_value(result)
            .map(Self::Text)
            .map_err(|_never| Refusal::internal())
    }

    /// The values; those of a text are read from it.
    pub fn tree(&self) -> Cow<'_, Value> {
        match self {
            Self::Tree(value) => Cow::Borrowed(value),
            Self::Text(text) => Cow::Owned(serde_json::from_str(text.get()).unwrap_or_default()),
        }
    }

    /// Reads a value of another type from it. Errors: it has another shape.
    pub fn read<T: DeserializeOwned>(self) -> serde_json::Result<T> {
        match self {
            Self::Tree(value) => serde_json::from_value(value),
            Self::Text(text) => serde_json::from_str(text.get()),
        }
    }

    /// As [`Self::tree`], for keeps.
    pub fn into_tree(self) -> Value {
        match self {
            Self::Tree(value) => value,
            Self::Text(_) => self.tree().into_owned(),
        }
    }
}

impl Default for Output {
    fn default() -> Self {
        Self::Tree(Value::Null)
    }
}

impl From<Value> for Output {
    fn from(value: Value) -> Self {
        Self::Tree(value)
    }
}

impl PartialEq for Output {
    fn eq(&self, other: &Self) -> bool {
        self.tree() == other.tree()
    }
}

impl PartialEq<Value> for Output {
    fn eq(&self, other: &Value) -> bool {
        *self.tree() == *other
    }
}

/// Read as text: it goes straight to who asked.
impl<'de> Deserialize<'de> for Output {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self::Text)
    }
}

impl Serialize for Output {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Tree(value) => value.serialize(serializer),
            Self::Text(text) => text.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_is_sent_as_it_was_written_and_says_the_same_as_its_tree() {
        let said = json!({"b": [1.5, null, "ä\"\n"], "a": {"x": -0.01}});
        let (tree, text) = (Output::from(said.clone()), Output::text(&said).unwrap());
        assert_eq!(tree, text);
        assert_eq!(text, said);
        let sent = |output: &Output| serde_json::to_string(&json!({"result": output})).unwrap();
        assert_eq!(sent(&tree), sent(&text));
        assert_eq!(
            serde_json::to_vec(&text).unwrap(),
            serde_json::to_vec(&said).unwrap()
        );
        assert_eq!(text.into_tree(), said);
        assert_eq!(Output::default(), Value::Null);
    }
}
