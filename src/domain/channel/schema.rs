//! The JSON Schema of an advertised channel: draft 7, or 2020-12 where it says so.

mod cost;
#[cfg(test)]
mod tests;

use std::fmt;

use jsonschema::{Draft, PatternOptions, Validator};
use serde::Serialize;
use serde_json::Value;

/// Longest schema. Units: bytes. Source: features.md CE-20.
pub const SCHEMA_MAX_BYTES: usize = 32_768;
/// Most errors that are told of one payload.
pub const ERRORS_MAX: usize = 20;
/// Longest message of an error. Units: characters.
pub const MESSAGE_MAX_CHARS: usize = 300;
/// Longest path of an error. Units: characters.
pub const PATH_MAX_CHARS: usize = 300;
/// What one compiled pattern may take, its table for matching included. Units: bytes.
pub const PATTERN_MAX_BYTES: usize = 64 * 1024;

/// What `$schema` may say, with or without an empty fragment.
const DRAFTS: [(&str, Draft); 3] = [
    ("http://json-schema.org/draft-07/schema", Draft::Draft7),
    ("https://json-schema.org/draft-07/schema", Draft::Draft7),
    ("https://json-schema.org/draft/2020-12/schema", Draft::Draft202012),
];

/// What payloads of a channel should look like.
pub enum Schema {
    /// Words for people: no payload is checked. Source: features.md CE-35.
    Text,
    /// Payloads are checked.
    Checked(Box<Checked>),
}

/// A schema that was found to be usable.
pub struct Checked {
    schema: Value,
    validator: Validator,
}

/// Why a schema cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaFlaw {
    /// Over [`SCHEMA_MAX_BYTES`].
    #[error("the schema is over {SCHEMA_MAX_BYTES} bytes")]
    TooLong,
    /// Not JSON.
    #[error("the schema is not JSON")]
    Unreadable,
    /// `$schema` names another draft.
    #[error("the schema must be of draft 7 or 2020-12")]
    Draft,
    /// A `$ref` to anything but a place in the same schema, or a part with an `$id` of its own.
    #[error("a $ref leads to # or #/..., and only the whole schema has an $id")]
    Reference,
    /// It repeats or nests itself too often.
    #[error("the schema nests or repeats itself too often")]
    TooComplex,
    /// Not a schema, or with a pattern that is none of the linear kind; the words say where and what.
    #[error("not a usable schema: {0}")]
    Invalid(String),
}

/// What is wrong with a payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SchemaError {
    /// Where: a JSON pointer, empty for the payload as a whole.
    pub path: String,
    /// What.
    pub message: String,
}

impl Schema {
    /// Reads the JSON of a schema. Anything but an object is [`Schema::Text`].
    ///
    /// Nothing is fetched, and patterns are matched in linear time: look-around and back references are refused.
    /// Errors: see [`SchemaFlaw`].
    pub fn parse(text: &str) -> Result<Self, SchemaFlaw> {
        if text.len() > SCHEMA_MAX_BYTES {
            return Err(SchemaFlaw::TooLong);
        }
        let schema: Value = serde_json::from_str(text).map_err(|_unreadable| SchemaFlaw::Unreadable)?;
        if !schema.is_object() {
            return Ok(Self::Text);
        }
        let draft = draft_of(&schema)?;
        cost::check_schema(&schema)?;
        let patterns = PatternOptions::regex()
            .size_limit(PATTERN_MAX_BYTES)
            .dfa_size_limit(PATTERN_MAX_BYTES);
        let validator = jsonschema::options()
            .with_draft(draft)
            .offline()
            .with_pattern_options(patterns)
            // A payload's text would be compiled as a pattern, without a bound.
            .with_format("regex", |_: &str| true)
            .build(&schema)
            .map_err(|error| SchemaFlaw::Invalid(describe(&error)))?;
        Ok(Self::Checked(Box::new(Checked { schema, validator })))
    }

    /// What is wrong with a payload, at most 20 things; nothing when it fits.
    pub fn check(&self, payload: &Value) -> Vec<SchemaError> {
        let Self::Checked(checked) = self else {
            return Vec::new();
        };
        if !cost::is_affordable(&checked.schema, payload) {
            return vec![SchemaError {
                path: String::new(),
                message: "the payload is too complex for the schema".to_owned(),
            }];
        }
        if checked.validator.is_valid(payload) {
            return Vec::new();
        }
        let errors = checked.validator.iter_errors(payload).take(ERRORS_MAX);
        errors
            .map(|error| SchemaError {
                path: cut(error.instance_path().as_str(), PATH_MAX_CHARS),
                message: cut(&error.masked_with("the value").to_string(), MESSAGE_MAX_CHARS),
            })
            .collect()
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "Schema::Text",
            Self::Checked(_) => "Schema::Checked(..)",
        })
    }
}

fn draft_of(schema: &Value) -> Result<Draft, SchemaFlaw> {
    let Some(named) = schema.get("$schema") else {
        return Ok(Draft::Draft7);
    };
    let named = named.as_str().map(|name| name.strip_suffix('#').unwrap_or(name));
    DRAFTS
        .iter()
        .find(|(name, _)| named == Some(*name))
        .map(|(_, draft)| *draft)
        .ok_or(SchemaFlaw::Draft)
}

fn describe(error: &jsonschema::ValidationError<'_>) -> String {
    let path = error.instance_path().as_str();
    cut(
        &format!("{} at {path:?}", error.masked_with("the value")),
        MESSAGE_MAX_CHARS,
    )
}

fn cut(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        Some((at, _)) => format!("{}…", text.split_at(at).0),
        None => text.to_owned(),
    }
}
