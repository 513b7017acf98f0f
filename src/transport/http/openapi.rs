//! `/openapi.json`: OpenAPI 3.1, made from the route table and the table of actions.

use super::page::tagged;
use super::parameters::{Parameter, parameters_of};
use super::routes::{Answers, Auth, ROUTES, RouteInfo, SchemaOf};
use crate::domain::action::ACTIONS;
use crate::domain::refusal::Code;
use actix_web::{HttpRequest, HttpResponse};
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Where the document keeps its schemas.
const SCHEMAS: &str = "/components/schemas";
/// What every route may say.
const ALWAYS: [Code; 4] = [Code::Busy, Code::Unavailable, Code::Timeout, Code::Internal];

/// The document as it is sent, with its hash.
struct Sent {
    text: String,
    hash: [u8; 32],
}

impl Sent {
    fn of(text: String) -> Self {
        let hash = Sha256::digest(&text).into();
        Self { text, hash }
    }

    fn answer(&'static self, request: &HttpRequest, kind: &str) -> HttpResponse {
        tagged(request, Cow::Borrowed(self.text.as_bytes()), &self.hash, kind)
    }
}

static AS_JSON: LazyLock<Sent> = LazyLock::new(|| Sent::of(document_of(ROUTES).to_string()));
// Should the document be nothing that YAML can say, its JSON is YAML, too.
static AS_YAML: LazyLock<Sent> = LazyLock::new(|| {
    let document = document_of(ROUTES);
    Sent::of(serde_saphyr::to_string(&document).unwrap_or_else(|_odd| document.to_string()))
});

/// `GET /openapi.json`, `GET /docs/openapi.json`
pub async fn document(request: HttpRequest) -> HttpResponse {
    AS_JSON.answer(&request, "application/json")
}

/// `GET /docs/openapi.yaml`: the same document. Source: RFC 9512 for its media type.
pub async fn document_as_yaml(request: HttpRequest) -> HttpResponse {
    AS_YAML.answer(&request, "application/yaml")
}

/// The document of some routes.
pub fn document_of(routes: &[RouteInfo]) -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.definitions_path = SCHEMAS.into();
            settings.meta_schema = None;
        })
        .into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        let operation = operation(route, &mut generator);
        let entry = paths.entry(route.plain_path()).or_insert_with(|| json!({}));
        if let Some(fields) = entry.as_object_mut() {
            fields.insert(route.method.as_str().to_ascii_lowercase(), operation);
        }
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Rookery",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "An actor-model world server for AI agents. Queries and bodies are read strictly: an unknown key or a \
                value out of range is 422, a cursor that this server did not make is 400. A page has 1 to 200 entries; other \
                limits are refused, not clamped. Every refusal is a problem document (RFC 9457).",
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "backend": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    })
}

fn operation(route: &RouteInfo, generator: &mut SchemaGenerator) -> Value {
    let mut operation = json!({
        "tags": [route.tag],
        "summary": route.summary,
        "operationId": operation_id(route),
        "parameters": parameters(route),
        "responses": responses(route, generator),
        "security": match route.auth {
            Auth::Nobody => json!([]),
            Auth::Backend => json!([{"backend": []}]),
            Auth::Agent | Auth::Holder | Auth::Own | Auth::Admin => json!([{"bearer": []}]),
        },
    });
    if let Some(fields) = operation.as_object_mut() {
        let note = match route.auth {
            Auth::Nobody => None,
            Auth::Agent => Some("Any agent's token."),
            Auth::Holder => Some("The token of an agent or a user, or the key of an app."),
            Auth::Own => Some("The token of the agent that the path names."),
            Auth::Backend => Some(
                "The key of `[server] api_key`, also as `Authorization: apikey <key>`. A Centrifugo on the same machine needs none at `/proxy/*` where there is no such key.",
            ),
            Auth::Admin => Some("A token with the permission `admin`."),
        };
        if let Some(note) = note {
            fields.insert("description".to_owned(), json!(note));
        }
        if let Some(body) = route.body {
            let schema = body(generator);
            fields.insert(
                "requestBody".to_owned(),
                json!({"required": true, "content": {"application/json": {"schema": schema}}}),
            );
        }
    }
    operation
}

/// `get_api_v1_agents_agent_id`: unique, and stable as long as the path is.
fn operation_id(route: &RouteInfo) -> String {
    let path = route.plain_path();
    let words = path
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    [route.method.as_str().to_ascii_lowercase().as_str()]
        .into_iter()
        .chain(words)
        .collect::<Vec<_>>()
        .join("_")
}

fn parameters(route: &RouteInfo) -> Vec<Value> {
    let in_path = route.path_parameters().into_iter();
    let mut parameters: Vec<Value> = in_path
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    parameters.extend(route.query.into_iter().flat_map(query_parameters));
    parameters
}

fn query_parameters(query: SchemaOf) -> Vec<Value> {
    // Parameters have no components: each says all of itself.
    let mut inline = SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator();
    let schema = Value::from(query(&mut inline));
    let parameter = |parameter: Parameter<'_>| {
        let mut property = parameter.schema.clone();
        let description = property
            .as_object_mut()
            .and_then(|fields| fields.shift_remove("description"))
            .unwrap_or(json!(""));
        json!({"name": parameter.name, "in": "query", "required": parameter.is_required, "description": description, "schema": property})
    };
    parameters_of(&schema).map(parameter).collect()
}

fn responses(route: &RouteInfo, generator: &mut SchemaGenerator) -> Value {
    let mut responses: BTreeMap<String, Value> = BTreeMap::new();
    let done = match route.answers {
        Answers::Json(schema) => {
            json!({"description": "Done.", "content": {"application/json": {"schema": schema(generator)}}})
        }
        Answers::Media(media_type) => json!({"description": "Done.", "content": {media_type: {}}}),
        Answers::Nothing => json!({"description": "Done, without a body."}),
    };
    responses.insert(route.status.to_string(), done);
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for code in refusals(route) {
        let names = by_status.entry(code.status()).or_default();
        if !names.contains(&code.name()) {
            names.push(code.name());
        }
    }
    for (status, names) in by_status {
        let description = names
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ");
        let problem = json!({"schema": {"$ref": format!("#{SCHEMAS}/Problem")}});
        responses.insert(
            status.to_string(),
            json!({"description": description, "content": {"application/problem+json": problem}}),
        );
    }
    json!(responses)
}

fn refusals(route: &RouteInfo) -> Vec<Code> {
    let mut codes = route.refusals.to_vec();
    if route.query.is_some() {
        codes.push(Code::InvalidParameter);
    }
    if route.body.is_some() {
        codes.extend([Code::Malformed, Code::TooLarge, Code::InvalidParameter]);
        // A backend may call its commands what it likes.
        codes.extend(Some(Code::UnsupportedMediaType).filter(|_| route.auth != Auth::Backend));
    }
    match route.auth {
        Auth::Nobody | Auth::Backend => {}
        Auth::Agent | Auth::Holder | Auth::Own => {
            codes.extend([Code::Unauthenticated, Code::TokenExpired, Code::TokenRevoked])
        }
        Auth::Admin => {
            codes.extend([
                Code::Unauthenticated,
                Code::TokenExpired,
                Code::TokenRevoked,
                Code::PermissionMissing,
            ]);
        }
    }
    if route.path.starts_with("/api/") {
        codes.extend(ALWAYS);
    }
    codes
}

/// The format of every refusal. Source: RFC 9457.
fn problem() -> Value {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    json!({
        "type": "object",
        "description": "Why a request was refused. Clients match on `code`.",
        "required": ["type", "title", "status", "detail", "code", "temporary", "request_id", "error"],
        "properties": {
            "type": {"type": "string", "description": "`urn:rookery:problem:` and the code."},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "A sentence for a person."},
            "code": {"enum": codes},
            "temporary": {"type": "boolean", "description": "Whether the same request may succeed later."},
            "retry_after_ms": {"type": "integer"},
            "request_id": {"type": "string"},
            "error": {"type": "string", "description": "The same as `detail`."},
        },
    })
}

/// The body of an action: one shape for each.
pub fn action_request(generator: &mut SchemaGenerator) -> Schema {
    let mut shapes = Vec::new();
    for row in ACTIONS {
        let mut params = Value::from((row.schema)());
        let mut description = Value::Null;
        if let Some(fields) = params.as_object_mut() {
            fields.shift_remove("$schema");
            description = fields.shift_remove("description").unwrap_or_default();
            if let Some(Value::Object(parts)) = fields.shift_remove("$defs") {
                for (name, mut part) in parts {
                    refer_to_components(&mut part);
                    generator.definitions_mut().insert(name, part);
                }
            }
        }
        refer_to_components(&mut params);
        shapes.push(json!({
            "type": "object",
            "title": row.name,
            "description": description,
            "required": ["action"],
            "additionalProperties": false,
            "properties": {
                "action": {"const": row.name},
                "params": params,
                "command_id": {"type": "string", "minLength": 1, "maxLength": 64},
            },
        }));
    }
    json_schema!({"oneOf": shapes})
}

/// Turns references into an action's own schema into references into the document's components.
fn refer_to_components(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(target)) = fields.get_mut("$ref")
                && let Some(name) = target.strip_prefix("#/$defs/")
            {
                *target = format!("#{SCHEMAS}/{name}");
            }
            fields.values_mut().for_each(refer_to_components);
        }
        Value::Array(items) => items.iter_mut().for_each(refer_to_components),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_document_is_the_same_in_yaml() {
        let read: Value = serde_saphyr::from_str(&AS_YAML.text).unwrap();
        assert_eq!(read, document_of(ROUTES));
        assert!(AS_YAML.text.starts_with("openapi: "), "it is no JSON");
    }

    #[test]
    fn every_reference_has_its_target() {
        let document = document_of(ROUTES);
        let text = document.to_string();
        let mut count = 0;
        for rest in text.split("\"$ref\":\"#").skip(1) {
            let pointer = rest.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
            count += 1;
        }
        assert!(count > ROUTES.len(), "{count}");
        assert!(!text.contains("$defs"));
    }

    #[test]
    fn operations_have_their_own_ids_and_all_their_parameters() {
        let document = document_of(ROUTES);
        let mut ids = HashSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for operation in item.as_object().unwrap().values() {
                assert!(ids.insert(operation["operationId"].clone()), "{path}");
                let named = operation["parameters"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|one| one["in"] == "path")
                    .count();
                assert_eq!(named, path.matches('{').count(), "{path}");
                assert!(
                    operation["summary"].as_str().unwrap().ends_with('.') || path == "/",
                    "{path}"
                );
            }
        }
        assert_eq!(ids.len(), ROUTES.len());
        let limit = &document["paths"]["/api/v1/agents"]["get"]["parameters"][1];
        assert_eq!(
            (&limit["name"], &limit["required"]),
            (&json!("limit"), &json!(false))
        );
    }

    #[test]
    fn every_action_is_a_shape_of_the_action_route() {
        let document = document_of(ROUTES);
        let body = &document["paths"]["/api/v1/agents/{agent_id}/action"]["post"]["requestBody"];
        let shapes = body["content"]["application/json"]["schema"]["oneOf"]
            .as_array()
            .unwrap();
        let names: Vec<&str> = shapes
            .iter()
            .map(|shape| shape["properties"]["action"]["const"].as_str().unwrap())
            .collect();
        assert_eq!(names, ACTIONS.iter().map(|row| row.name).collect::<Vec<_>>());
    }
}
