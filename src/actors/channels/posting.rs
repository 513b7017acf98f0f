//! Publishing for somebody without a socket: what is looked at, in the order that claw.events' clients know. Source: features.md CE-16.

use super::{Draft, Home, Position, Way, count_publish, latest_key, publish, way, wrap};
use crate::actors::node::Node;
use crate::actors::peer::message::{ChannelAct, ChannelQuestion, Client, Question};
use crate::base::limit::{JSON_DEPTH_MAX, JSON_KEYS_MAX, PAYLOAD_MAX_BYTES, SERVER_DATA_MAX_BYTES};
use crate::domain::channel::{Namespace, Schema, Subject, Verb};
use crate::domain::refusal::{Code, Refusal};
use crate::wire;
use crate::wire::push::ClientInfo;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Longest reason in a refusal. Units: characters.
const REASON_MAX_CHARS: usize = 200;

/// Publishes a payload, which is JSON text, on a channel, wrapped with the sender's name and the time.
/// Errors: `malformed`, `permission_missing`, `rate_limited`, `too_large`, `not_owner`, `schema_violated`, temporary ones.
pub async fn publish_as(node: &Node, who: Subject<'_>, name: &str, payload: &str) -> Result<(), Refusal> {
    let malformed = |_reason| Refusal::new(Code::Malformed, "invalid channel format");
    let channel = Namespace::of(name).map_err(malformed);
    if channel == Ok(Namespace::System) {
        return Err(Refusal::new(
            Code::PermissionMissing,
            "cannot publish to system channels",
        ));
    }
    let sender = who.to_string();
    count_publish(node, name, &sender).await?;
    check_payload(payload)?;
    let channel = channel?;
    let known = node.may(who, Verb::Publish, name, &channel).await?;
    check_schema(known.schema.as_ref(), payload.as_bytes())?;
    let data = wrap(&sender, node.now().0, payload.as_bytes());
    let publisher = ClientInfo {
        user: sender.clone(),
        ..ClientInfo::default()
    };
    let is_kept = channel.has_history();
    match way(node, name)? {
        Way::Here(home) => {
            let draft = Draft {
                data,
                publisher: Some(publisher),
                key: latest_key("", &sender),
                is_kept,
            };
            publish(node, name, home, draft).map(|_position| ())
        }
        Way::There(home) => {
            let what = ChannelAct::Publish {
                data,
                publisher: Client::from(publisher),
                key: Some(latest_key("", &sender)),
                is_kept,
                wants_position: false,
            };
            node.ask_channel(home, name, what).await
        }
    }
}

/// Publishes JSON text for the operator's own backend: as it is, in nobody's name, and wherever that backend wants. Gives where the
/// channel is then, when what is published is kept. Errors: `too_large`, `malformed`, temporary ones.
pub async fn publish_raw(
    node: &Node,
    name: &str,
    data: Bytes,
    is_kept: bool,
) -> Result<Option<Position>, Refusal> {
    if data.len() > SERVER_DATA_MAX_BYTES {
        let large = format!("data exceeds {SERVER_DATA_MAX_BYTES} bytes");
        return Err(Refusal::new(Code::TooLarge, large));
    }
    let malformed = |_reason| Refusal::new(Code::Malformed, "data is no usable JSON");
    wire::check_json(&data, JSON_DEPTH_MAX).map_err(malformed)?;
    let key = latest_key("", "");
    match way(node, name)? {
        Way::Here(home) => {
            let draft = Draft {
                data,
                publisher: None,
                key,
                is_kept,
            };
            publish(node, name, home, draft)
        }
        Way::There(home) => {
            let what = ChannelAct::Publish {
                data,
                publisher: Client::from(ClientInfo::default()),
                key: Some(key),
                is_kept,
                wants_position: true,
            };
            node.ask_channel(home, name, what).await
        }
    }
}

impl Node {
    /// Asks the home of a channel, which is another node. Errors: as `Peers::ask`.
    pub async fn ask_channel<T: DeserializeOwned + Send + 'static>(
        &self,
        home: Home,
        name: &str,
        what: ChannelAct,
    ) -> Result<T, Refusal> {
        let name = name.to_owned();
        let question = Question::Channel(Box::new(ChannelQuestion { home, name, what }));
        self.ask_there(home.node, question).await
    }
}

fn check_payload(payload: &str) -> Result<(), Refusal> {
    if payload.len() > PAYLOAD_MAX_BYTES {
        return Err(Refusal::new(Code::TooLarge, "payload exceeds 16384 bytes"));
    }
    let malformed = |_reason| Refusal::new(Code::Malformed, "the payload is no usable JSON");
    wire::check_json(payload.as_bytes(), JSON_DEPTH_MAX).map_err(malformed)
}

/// Whether a payload, which is JSON text, fits what is advertised of its channel. Errors: `schema_violated` with all that does not.
pub fn check_schema(schema: Option<&Schema>, payload: &[u8]) -> Result<(), Refusal> {
    let Some(schema) = schema else {
        return Ok(());
    };
    let malformed = |reason: serde_json::Error| {
        let reason: String = reason.to_string().chars().take(REASON_MAX_CHARS).collect();
        Refusal::new(
            Code::Malformed,
            format!("the payload is no usable JSON: {reason}"),
        )
    };
    // Of two values under one key the schema would see one, and a reader perhaps the other.
    wire::check_json_keys(payload, JSON_KEYS_MAX).map_err(malformed)?;
    let payload: Value = serde_json::from_slice(payload).map_err(malformed)?;
    let violations = schema.check(&payload);
    if violations.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(Code::SchemaViolated, "Schema validation failed").with_violations(violations))
}
