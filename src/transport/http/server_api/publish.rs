//! `publish` and `broadcast`.

use super::command::{decode, present, write};
use super::failure::Failure;
use super::{Done, channel_of};
use crate::actors::channels::publish_raw;
use crate::base::limit::BROADCAST_CHANNELS_MAX;
use crate::transport::web::Web;
use bytes::Bytes;
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// What is published, without where.
#[derive(Debug, Deserialize)]
struct Content {
    #[serde(default, deserialize_with = "present")]
    data: Option<Box<RawValue>>,
    #[serde(default)]
    skip_history: bool,
    #[serde(default)]
    b64data: Value,
    #[serde(default)]
    tags: Value,
    #[serde(default)]
    idempotency_key: Value,
    #[serde(default)]
    version: Value,
}

impl Content {
    /// The data. Errors: 107 when there is none, 108 for what would have to be done with it and is not.
    fn data(&self) -> Result<Bytes, Failure> {
        let others = [
            ("b64data", &self.b64data),
            ("tags", &self.tags),
            ("idempotency_key", &self.idempotency_key),
            ("version", &self.version),
        ];
        if let Some((name, _)) = others.into_iter().find(|(_, value)| is_asked(value)) {
            return Err(Failure::not_available(name));
        }
        let data = self
            .data
            .as_deref()
            .ok_or_else(|| Failure::bad_request("data required"))?;
        Ok(Bytes::copy_from_slice(data.get().as_bytes()))
    }
}

/// Whether a field says something: clients write what is empty, too.
fn is_asked(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(is_on) => *is_on,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

#[derive(Debug, Deserialize)]
struct Publish {
    #[serde(default)]
    channel: String,
}

#[derive(Debug, Deserialize)]
struct Broadcast {
    #[serde(default)]
    channels: Vec<String>,
}

/// Publishes on a channel.
pub(super) async fn publish(web: &Web, params: &str) -> Done {
    // Two looks at the same text: what is flattened cannot be taken over as it is.
    let (where_to, content): (Publish, Content) = (decode(params)?, decode(params)?);
    if where_to.channel.is_empty() {
        return Err(Failure::bad_request("channel required"));
    }
    post(web, &where_to.channel, content.data()?, content.skip_history).await
}

/// Publishes on several channels. Each has an answer of its own.
pub(super) async fn broadcast(web: &Web, params: &str) -> Done {
    let (where_to, content): (Broadcast, Content) = (decode(params)?, decode(params)?);
    let data = content.data()?;
    if where_to.channels.is_empty() {
        return Err(Failure::bad_request("channels required"));
    }
    if where_to.channels.len() > BROADCAST_CHANNELS_MAX {
        let many = format!("a broadcast has at most {BROADCAST_CHANNELS_MAX} channels");
        return Err(Failure::bad_request(many));
    }
    let all = where_to.channels.iter().map(|name| {
        let data = data.clone();
        async move {
            web.server_api.count(&web.gateway.node.clock)?;
            post(web, name, data, content.skip_history).await
        }
    });
    let mut answers = br#"{"responses":["#.to_vec();
    for (index, done) in join_all(all).await.into_iter().enumerate() {
        answers.extend_from_slice(if index == 0 { b"{" } else { b",{" });
        write(done, &mut answers);
        answers.push(b'}');
    }
    answers.extend_from_slice(b"]}");
    Ok(answers)
}

async fn post(web: &Web, name: &str, data: Bytes, skip_history: bool) -> Done {
    let is_kept = channel_of(name)?.has_history() && !skip_history;
    let position = publish_raw(&web.gateway.node, name, data, is_kept).await?;
    let result = position.map_or_else(
        || json!({}),
        |position| json!({"offset": position.top, "epoch": position.epoch}),
    );
    Ok(result.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(params: &str) -> Result<String, u32> {
        let content: Content = decode(params).map_err(|failure| failure.code)?;
        let data = content.data().map_err(|failure| failure.code)?;
        Ok(String::from_utf8(data.to_vec()).unwrap())
    }

    #[test]
    fn data_is_taken_as_it_is_and_null_is_data() {
        assert_eq!(
            data(r#"{"channel":"a","data": {"b": 1.0} }"#).unwrap(),
            r#"{"b": 1.0}"#
        );
        assert_eq!(data(r#"{"data":null}"#).unwrap(), "null");
        assert_eq!(data("{}"), Err(107));
        assert_eq!(data(r#"{"data":1,"skip_history":"yes"}"#), Err(107));
    }

    #[test]
    fn what_is_not_done_is_refused_unless_it_says_nothing() {
        let empty = r#"{"data":1,"b64data":"","tags":{},"idempotency_key":null,"version":0,"delta":true}"#;
        assert_eq!(data(empty).unwrap(), "1");
        for asked in [
            r#""b64data":"aGk=""#,
            r#""tags":{"a":"b"}"#,
            r#""idempotency_key":"k""#,
            r#""version":3"#,
        ] {
            assert_eq!(data(&format!("{{\"data\":1,{asked}}}")), Err(108), "{asked}");
        }
    }
}
