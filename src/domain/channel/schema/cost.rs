//! How much work a schema is, counted before it is done: a short schema can double itself with each `$ref`, and call itself
//! with each level of a payload.

use serde_json::{Map, Value};

use super::SchemaFlaw;

/// Most parts of a schema, those that are referred to counted at each place.
const PARTS_MAX: u32 = 2_000;
/// Most patterns, those in parts that are referred to counted at each place: each is compiled and kept.
const PATTERNS_MAX: usize = 64;
/// Most parts inside one another, through references.
const DEPTH_MAX: usize = 64;
/// Most work that one payload is. A unit is a keyword, a name or a listed value looked at: some 100 ns at most.
const COST_MAX: usize = 40_000;
/// Most parts inside one another while a payload is checked, calls of the schema by itself included.
const PAYLOAD_DEPTH_MAX: usize = 256;
/// Bytes of a text that are matched with a pattern in one unit of work.
const MATCHED_PER_UNIT: usize = 8;

/// References whose target depends on who asks, and parts with an address of their own, which references are relative to.
const UNSUPPORTED: [&str; 4] = ["$dynamicRef", "$recursiveRef", "$id", "$schema"];

/// What a part of a schema is applied to.
#[derive(Clone, Copy)]
enum To<'a> {
    Here,
    Member(&'a str),
    EachMember,
    Item(usize),
    EachItem,
    Nothing,
}

/// The keywords whose value is one schema. `items` may be a list of them.
const ONE: [(&str, To<'static>); 12] = [
    ("not", To::Here),
    ("if", To::Here),
    ("then", To::Here),
    ("else", To::Here),
    ("additionalProperties", To::EachMember),
    ("unevaluatedProperties", To::EachMember),
    // The names are shorter than the members.
    ("propertyNames", To::EachMember),
    ("items", To::EachItem),
    ("additionalItems", To::EachItem),
    ("unevaluatedItems", To::EachItem),
    ("contains", To::EachItem),
    ("contentSchema", To::Nothing),
];
/// The keywords whose value is a list of schemas.
const LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// The keywords whose value is a list of schemas for one item each.
const ITEM_LISTS: [&str; 2] = ["items", "prefixItems"];
/// The keywords whose value has schemas by name.
const MAPS: [(&str, To<'static>); 5] = [
    ("dependencies", To::Here),
    ("dependentSchemas", To::Here),
    ("patternProperties", To::EachMember),
    ("definitions", To::Nothing),
    ("$defs", To::Nothing),
];

type Keywords = Map<String, Value>;

/// Refuses a schema that refers to others, or whose parts are too many or too deep.
pub(super) fn check_schema(schema: &Value) -> Result<(), SchemaFlaw> {
    let mut parts = Parts {
        root: schema,
        left: PARTS_MAX,
        patterns: 0,
        path: Vec::new(),
    };
    parts.visit(schema)
}

/// Whether checking the payload is work within bounds.
pub(super) fn is_affordable(schema: &Value, payload: &Value) -> bool {
    let mut bill = Bill {
        root: schema,
        left: COST_MAX,
    };
    bill.visit(schema, payload, 0).is_some()
}

/// A walk over a schema alone.
struct Parts<'a> {
    root: &'a Value,
    left: u32,
    patterns: usize,
    /// The parts that the walk is in: a schema may call itself.
    path: Vec<&'a Value>,
}

impl<'a> Parts<'a> {
    fn visit(&mut self, schema: &'a Value) -> Result<(), SchemaFlaw> {
        let Some(keywords) = schema.as_object() else {
            return Ok(());
        };
        self.left = self.left.checked_sub(1).ok_or(SchemaFlaw::TooComplex)?;
        let named = keywords.get("patternProperties").and_then(Value::as_object);
        let patterns =
            usize::from(keywords.contains_key("pattern")).saturating_add(named.map_or(0, Map::len));
        self.patterns = self.patterns.saturating_add(patterns);
        if self.path.len() >= DEPTH_MAX || self.patterns > PATTERNS_MAX {
            return Err(SchemaFlaw::TooComplex);
        }
        let is_root = std::ptr::eq(schema, self.root);
        let has =
            |name: &&str| keywords.contains_key(*name) && !(is_root && matches!(*name, "$id" | "$schema"));
        if UNSUPPORTED.iter().any(has) {
            return Err(SchemaFlaw::Reference);
        }
        self.path.push(schema);
        if let Some(reference) = keywords.get("$ref") {
            let target = resolve(self.root, reference).ok_or(SchemaFlaw::Reference)?;
            if !self.path.iter().any(|part| std::ptr::eq(*part, target)) {
                self.visit(target)?;
            }
        }
        for (_, part) in parts_of(keywords) {
            self.visit(part)?;
        }
        self.path.pop();
        Ok(())
    }
}

/// A walk over a schema and a payload, as a validator that stops nowhere would do it.
struct Bill<'a> {
    root: &'a Value,
    left: usize,
}

impl<'a> Bill<'a> {
    /// None: it is too much.
    fn visit(&mut self, schema: &'a Value, payload: &Value, depth: usize) -> Option<()> {
        let Some(keywords) = schema.as_object() else {
            return self.pay(1);
        };
        if depth > PAYLOAD_DEPTH_MAX {
            return None;
        }
        self.pay(own_cost(keywords, payload))?;
        // What is left over is known only when all that is applied here was applied once more.
        let is_twice =
            keywords.contains_key("unevaluatedProperties") || keywords.contains_key("unevaluatedItems");
        for _ in 0..=usize::from(is_twice) {
            if let Some(reference) = keywords.get("$ref") {
                self.visit(resolve(self.root, reference)?, payload, depth + 1)?;
            }
            for (to, part) in parts_of(keywords) {
                if matches!(to, To::Here) {
                    self.visit(part, payload, depth + 1)?;
                }
            }
        }
        for (to, part) in parts_of(keywords) {
            match (to, payload) {
                (To::Member(name), Value::Object(members)) => {
                    if let Some(member) = members.get(name) {
                        self.visit(part, member, depth + 1)?;
                    }
                }
                (To::EachMember, Value::Object(members)) => {
                    for member in members.values() {
                        self.visit(part, member, depth + 1)?;
                    }
                }
                (To::Item(at), Value::Array(items)) => {
                    if let Some(item) = items.get(at) {
                        self.visit(part, item, depth + 1)?;
                    }
                }
                (To::EachItem, Value::Array(items)) => {
                    for item in items {
                        self.visit(part, item, depth + 1)?;
                    }
                }
                _ => {}
            }
        }
        Some(())
    }

    fn pay(&mut self, cost: usize) -> Option<()> {
        self.left = self.left.checked_sub(cost)?;
        Some(())
    }
}

/// What the keywords of one part cost at one place of a payload, without the parts inside.
fn own_cost(keywords: &Keywords, payload: &Value) -> usize {
    let listed: usize = keywords
        .values()
        .map(|value| match value {
            Value::Array(list) => 1 + list.len(),
            Value::Object(map) => 1 + map.len(),
            _ => 1,
        })
        .sum();
    let matched = match payload {
        Value::String(text) if keywords.contains_key("pattern") => text.len(),
        Value::Object(members) => {
            let patterns = keywords.get("patternProperties").and_then(Value::as_object);
            let names: usize = members.keys().map(|name| MATCHED_PER_UNIT + name.len()).sum();
            names.saturating_mul(patterns.map_or(0, Map::len))
        }
        _ => 0,
    };
    let compared = match payload {
        Value::Array(items) if keywords.contains_key("uniqueItems") => items.len(),
        _ => 0,
    };
    1 + listed + matched / MATCHED_PER_UNIT + compared
}

/// The schemas inside one, but for the target of its `$ref`.
fn parts_of(keywords: &Keywords) -> impl Iterator<Item = (To<'_>, &Value)> {
    let is_part = |value: &&Value| value.is_object() || value.is_boolean();
    let one = ONE.iter().filter_map(move |(name, to)| {
        let part = keywords.get(*name).filter(is_part)?;
        Some((*to, part))
    });
    let list = |name: &&str| {
        keywords
            .get(*name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let lists = LISTS.iter().flat_map(list).map(|part| (To::Here, part));
    let item_lists = ITEM_LISTS
        .iter()
        .flat_map(move |name| list(name).enumerate())
        .map(|(at, part)| (To::Item(at), part));
    let map = |name: &str| {
        keywords
            .get(name)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
    };
    let maps = MAPS
        .iter()
        .flat_map(move |(name, to)| map(name).map(move |(_, part)| (*to, part)));
    let members = map("properties").map(|(name, part)| (To::Member(name), part));
    one.chain(lists).chain(item_lists).chain(maps).chain(members)
}

/// The part that a `$ref` means; none for anything but a place in the same schema.
fn resolve<'a>(root: &'a Value, reference: &Value) -> Option<&'a Value> {
    let pointer = reference.as_str()?.strip_prefix('#')?;
    root.pointer(pointer)
}
