//! The parameters that a schema describes, for the documents that are made from schemas.

use serde_json::Value;

/// One property of an object's schema.
pub struct Parameter<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its own schema.
    pub schema: &'a Value,
    /// Whether it must be there.
    pub is_required: bool,
}

/// The properties of an object's schema, in its order.
pub fn parameters_of(schema: &Value) -> impl Iterator<Item = Parameter<'_>> {
    let required = schema.get("required").and_then(Value::as_array);
    let properties = schema.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(move |(name, schema)| Parameter {
            name,
            schema,
            is_required: required.is_some_and(|names| names.iter().any(|one| one == name.as_str())),
        })
}
