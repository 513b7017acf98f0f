//! What schemas say of payloads, and what no schema may cost.

use super::*;
use serde_json::json;

const DRAFT_2020: &str = "https://json-schema.org/draft/2020-12/schema";

fn parse(schema: &Value) -> Result<Schema, SchemaFlaw> {
    Schema::parse(&schema.to_string())
}

fn flaw(schema: &Value) -> SchemaFlaw {
    parse(schema).unwrap_err()
}

/// Paths of what is wrong.
fn check(schema: &Value, payload: &Value, paths: &[&str]) {
    let errors = parse(schema).unwrap().check(payload);
    let found: Vec<&str> = errors.iter().map(|error| error.path.as_str()).collect();
    assert_eq!(found, paths, "{schema} {payload} {errors:?}");
}

#[test]
fn a_payload_is_told_where_and_why_it_does_not_fit() {
    let schema = json!({"type": "object", "required": ["a"], "properties": {
        "a": {"type": "number"}, "list": {"items": {"type": "string", "minLength": 2}}}});
    let errors = parse(&schema).unwrap().check(&json!({}));
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].path, "");
    assert!(
        errors[0].message.contains("\"a\" is a required property"),
        "{errors:?}"
    );
    assert_eq!(
        serde_json::to_value(&errors[0]).unwrap(),
        json!({"path": "", "message": errors[0].message})
    );
    check(&schema, &json!({"a": 1}), &[]);
    check(&schema, &json!({"a": "one"}), &["/a"]);
    check(
        &schema,
        &json!({"a": 1, "list": ["ok", 3, "x"]}),
        &["/list/1", "/list/2"],
    );
    check(&schema, &Value::Null, &[""]);
}

#[test]
fn required_counts_without_properties_and_keywords_of_draft_7_do() {
    check(&json!({"required": ["a"]}), &json!({}), &[""]);
    check(&json!({"additionalProperties": false}), &json!({"b": 1}), &[""]);
    check(&json!({"pattern": "^[a-z]+$"}), &json!("A"), &[""]);
    check(&json!({"minItems": 2, "uniqueItems": true}), &json!([1]), &[""]);
    check(&json!({"enum": ["a", 1]}), &json!("b"), &[""]);
    check(
        &json!({"items": [{"type": "string"}], "additionalItems": false}),
        &json!(["a", 1]),
        &[""],
    );
    check(&json!({"format": "date-time"}), &json!("tomorrow"), &[""]);
}

#[test]
fn the_draft_is_7_unless_another_is_said() {
    let prefix = json!({"prefixItems": [{"type": "string"}]});
    check(&prefix, &json!([1]), &[]);
    for name in [DRAFT_2020.to_owned(), format!("{DRAFT_2020}#")] {
        let schema = json!({"$schema": name, "prefixItems": [{"type": "string"}], "$defs": {"a": {}}});
        check(&schema, &json!([1]), &["/0"]);
    }
    for name in [
        "http://json-schema.org/draft-07/schema#",
        "http://json-schema.org/draft-07/schema",
    ] {
        check(&json!({"$schema": name, "type": "string"}), &json!(1), &[""]);
    }
    for other in [
        json!("http://json-schema.org/draft-04/schema#"),
        json!("https://json-schema.org/draft/2019-09/schema"),
        json!("https://example.org/own"),
        json!(""),
        json!(7),
    ] {
        assert_eq!(flaw(&json!({"$schema": other})), SchemaFlaw::Draft);
    }
}

#[test]
fn a_text_or_another_value_checks_nothing() {
    for text in [
        "\"https://example.org/schema.json\"",
        "null",
        "false",
        "7",
        "[{}]",
    ] {
        let schema = Schema::parse(text).unwrap();
        assert!(matches!(schema, Schema::Text), "{text}");
        assert_eq!(schema.check(&json!({"any": "thing"})), []);
    }
    assert_eq!(Schema::parse("{").unwrap_err(), SchemaFlaw::Unreadable);
    assert_eq!(Schema::parse("").unwrap_err(), SchemaFlaw::Unreadable);
    let of_len = |len: usize| format!("{}{}", "{}", " ".repeat(len - 2));
    assert!(Schema::parse(&of_len(SCHEMA_MAX_BYTES)).is_ok());
    assert_eq!(
        Schema::parse(&of_len(SCHEMA_MAX_BYTES + 1)).unwrap_err(),
        SchemaFlaw::TooLong
    );
}

#[test]
fn what_is_no_schema_is_refused_with_the_place() {
    for bad in [
        json!({"type": "nothing"}),
        json!({"properties": {"a": {"minLength": -1}}}),
        json!({"required": "a"}),
        json!({"items": 5}),
        json!({"pattern": "("}),
    ] {
        let SchemaFlaw::Invalid(words) = flaw(&bad) else {
            panic!("{bad}");
        };
        assert!(words.chars().count() <= MESSAGE_MAX_CHARS + 1, "{words}");
    }
    let SchemaFlaw::Invalid(words) = flaw(&json!({"properties": {"a": {"minLength": -1}}})) else {
        panic!("another flaw");
    };
    assert!(words.contains("/properties/a/minLength"), "{words}");
}

#[test]
fn references_stay_within_the_schema() {
    let local = json!({"definitions": {"name": {"type": "string"}}, "properties": {"a": {"$ref": "#/definitions/name"}}});
    check(&local, &json!({"a": 1}), &["/a"]);
    let tree = json!({"type": "object", "properties": {"children": {"items": {"$ref": "#"}}}});
    check(
        &tree,
        &json!({"children": [{"children": []}, {"children": [7]}]}),
        &["/children/1/children/0"],
    );
    for remote in [
        json!({"$ref": "https://example.org/schema.json"}),
        json!({"$ref": "http://127.0.0.1:8000/health"}),
        json!({"$ref": "file:///etc/passwd"}),
        json!({"$ref": "other.json#/a"}),
        json!({"$ref": "http://json-schema.org/draft-07/schema#"}),
        json!({"$ref": "#name"}),
        json!({"$ref": "#/nowhere"}),
        json!({"$ref": 5}),
        json!({"properties": {"a": {"items": [{"$ref": "x:y"}]}}}),
        json!({"definitions": {"a": {"not": {"$ref": "x:y"}}}}),
        json!({"properties": {"a": {"$id": "http://127.0.0.1/", "$ref": "#"}}}),
        json!({"$schema": DRAFT_2020, "items": {"$dynamicRef": "#"}}),
    ] {
        assert_eq!(flaw(&remote), SchemaFlaw::Reference, "{remote}");
    }
    // A member of that name is no reference.
    check(
        &json!({"properties": {"$ref": {"type": "string"}, "$id": {}}}),
        &json!({"$ref": 1}),
        &["/$ref"],
    );
    assert!(
        parse(&json!({"$id": "https://example.org/own.json", "properties": {"a": {"$ref": "#"}}})).is_ok()
    );
}

#[test]
fn patterns_are_linear_and_small() {
    let nested = json!({"pattern": "^(a+)+$"});
    check(&nested, &json!(format!("{}!", "a".repeat(16_000))), &[""]);
    for unbounded in [r"(a)\1", "^(?=a)b", "(?<!a)b", "a{1000}{1000}", r"(\pL{200}){50}"] {
        for schema in [
            json!({"pattern": unbounded}),
            json!({"patternProperties": {unbounded: {}}}),
        ] {
            assert!(matches!(flaw(&schema), SchemaFlaw::Invalid(_)), "{schema}");
        }
    }
    // Nor does a payload bring patterns with it.
    check(&json!({"format": "regex"}), &json!("((a{100}){100}){100}("), &[]);
}

#[test]
fn errors_are_few_and_short() {
    let list: Vec<u32> = (0..500).collect();
    let errors = parse(&json!({"items": {"type": "string"}}))
        .unwrap()
        .check(&json!(list));
    assert_eq!(errors.len(), ERRORS_MAX);
    let long = "x".repeat(5_000);
    let schema = json!({"properties": {&long: {"enum": [&long]}}, "required": [format!("{long}y")], "maxProperties": 0});
    let errors = parse(&schema).unwrap().check(&json!({&long: "other"}));
    assert_eq!(errors.len(), 3);
    for error in errors {
        assert!(error.message.chars().count() <= MESSAGE_MAX_CHARS + 1);
        assert!(error.path.chars().count() <= PATH_MAX_CHARS + 1);
    }
    // What was published does not come back in a message.
    let errors = parse(&json!({"type": "number"}))
        .unwrap()
        .check(&json!("a secret"));
    assert!(!errors[0].message.contains("secret"), "{errors:?}");
}

/// A schema whose parts double with each of `levels`.
fn doubling(levels: usize) -> Value {
    let reference = |level: usize| json!({"$ref": format!("#/definitions/d{level}")});
    let mut definitions = serde_json::Map::new();
    for level in 0..levels {
        let twice = json!({"allOf": [reference(level + 1), reference(level + 1)]});
        definitions.insert(format!("d{level}"), twice);
    }
    definitions.insert(format!("d{levels}"), json!({"type": "string"}));
    json!({"definitions": definitions, "$ref": "#/definitions/d0"})
}

#[test]
fn schemas_that_multiply_or_nest_without_end_are_refused() {
    check(&doubling(4), &json!("fits"), &[]);
    for levels in [16, 30, 200] {
        assert_eq!(flaw(&doubling(levels)), SchemaFlaw::TooComplex, "{levels}");
    }
    let nested = |levels| (0..levels).fold(json!({}), |inner, _| json!({"not": inner}));
    assert!(parse(&nested(63)).is_ok());
    assert_eq!(flaw(&nested(64)), SchemaFlaw::TooComplex);
    // A chain of references is as deep as what it refers to.
    let mut chain = serde_json::Map::new();
    for at in 0..100 {
        chain.insert(
            format!("d{at}"),
            json!({"items": {"$ref": format!("#/definitions/d{}", at + 1)}}),
        );
    }
    chain.insert("d100".to_owned(), json!({}));
    assert_eq!(
        flaw(&json!({"definitions": chain, "$ref": "#/definitions/d0"})),
        SchemaFlaw::TooComplex
    );
}

#[test]
fn a_schema_that_calls_itself_at_one_place_ends() {
    for endless in [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"anyOf": [{"not": {"$ref": "#"}}]}),
        json!({"definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}, "$ref": "#/definitions/a"}),
    ] {
        if let Ok(schema) = parse(&endless) {
            let errors = schema.check(&json!({}));
            assert_eq!(
                errors[0].message, "the payload is too complex for the schema",
                "{endless}"
            );
        }
    }
}

#[test]
fn a_payload_that_makes_a_schema_multiply_is_refused() {
    let too_complex = |schema: &Value, payload: &Value| {
        let errors = parse(schema).unwrap().check(payload);
        assert_eq!(errors.len(), 1, "{schema}");
        assert_eq!(errors[0].message, "the payload is too complex for the schema");
    };
    let deep = |levels| (0..levels).fold(json!(1), |inner, _| json!({"a": inner}));
    // Each level of the payload doubles the work.
    let twice =
        json!({"allOf": [{"properties": {"a": {"$ref": "#"}}}, {"properties": {"a": {"$ref": "#"}}}]});
    check(&twice, &deep(5), &[]);
    too_complex(&twice, &deep(120));
    let left_over = json!({"$schema": DRAFT_2020, "unevaluatedProperties": {"$ref": "#"},
        "allOf": [{"properties": {"a": {"$ref": "#"}}}]});
    too_complex(&left_over, &deep(60));
    // Long lists are looked at for each item.
    let names: Vec<String> = (0..3_000).map(|at| format!("n{at}")).collect();
    let items: Vec<Value> = (0..5_000).map(|_| json!({})).collect();
    too_complex(&json!({"items": {"required": names}}), &json!(items));
    // A list of plain objects under a plain schema is not.
    let rows: Vec<Value> = (0..500)
        .map(|at| json!({"id": at, "name": "n", "tags": ["a", "b"]}))
        .collect();
    let schema = json!({"items": {"type": "object", "required": ["id"], "additionalProperties": false, "properties": {
        "id": {"type": "integer"}, "name": {"type": "string"}, "tags": {"items": {"type": "string"}}}}});
    check(&schema, &json!(rows), &[]);
}

#[test]
fn patterns_are_few() {
    let with = |count: usize| {
        let parts: Vec<Value> = (0..count).map(|n| json!({"pattern": format!("^{n}")})).collect();
        json!({"allOf": parts})
    };
    assert!(parse(&with(64)).is_ok());
    assert_eq!(flaw(&with(65)), SchemaFlaw::TooComplex);
    let names: serde_json::Map<String, Value> = (0..65).map(|n| (format!("^{n}"), json!(true))).collect();
    assert_eq!(flaw(&json!({"patternProperties": names})), SchemaFlaw::TooComplex);
}
