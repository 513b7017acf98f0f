//! Publishing on a channel.

use super::super::super::session::Session;
use crate::actors::channels::{self, Way, way};
use crate::actors::peer::message::{ChannelAct, Client};
use crate::base::limit::{JSON_DEPTH_MAX, PAYLOAD_MAX_BYTES};
use crate::config::Bucket;
use crate::domain::channel::Verb;
use crate::domain::refusal::{Code, Refusal};
use crate::wire::reply::ReplyBody;
use crate::wire::request::PublishRequest;
use crate::wire::{self, ClientError};
use actix::Context;
use bytes::Bytes;

impl Session {
    /// Publishes, wrapped with the sender's name and the time.
    pub(in super::super) fn publish(
        &mut self,
        id: u32,
        request: &PublishRequest,
        context: &mut Context<Self>,
    ) {
        let name = request.channel.as_str();
        let Some(namespace) = self.namespace(id, name) else {
            return;
        };
        if let Err(refusal) = self.may(Verb::Publish, name, &namespace) {
            return self.deny(id, &refusal);
        }
        if request.r#type != 0 || request.data.is_empty() {
            return self.error(id, ClientError::BAD_REQUEST);
        }
        if request.data.len() > PAYLOAD_MAX_BYTES {
            return self.refuse(
                id,
                &Refusal::new(Code::TooLarge, "a payload has at most 16,384 bytes"),
            );
        }
        if wire::check_json(&request.data, JSON_DEPTH_MAX).is_err() {
            return self.error(id, ClientError::BAD_REQUEST);
        }
        let node = self.node();
        let limiter = || node.limiter(Bucket::Publishes);
        if let Err(refusal) = node.channels.count_publish(&self.user(), &node.clock, limiter) {
            return self.refuse(id, &refusal);
        }
        let data = wrap(&self.user(), node.now().0, &request.data);
        let is_kept = namespace.has_history();
        let published = match way(&node, name) {
            Ok(Way::Here(home)) => channels::publish(&node, name, home, data, self.info(), is_kept),
            Ok(Way::There(home)) => {
                let publish = ChannelAct::Publish {
                    data,
                    publisher: Client::from(self.info()),
                    is_kept,
                };
                return self.ask_home_for(id, home, name, publish, context, move |me, ()| {
                    me.reply(id, ReplyBody::Publish(Default::default()));
                });
            }
            Err(refusal) => Err(refusal),
        };
        match published {
            Ok(()) => self.reply(id, ReplyBody::Publish(Default::default())),
            Err(refusal) => self.refuse(id, &refusal),
        }
    }
}

/// The wrapper of claw.events: `{"_claw": {"sender", "timestamp"}, "payload"}`.
fn wrap(sender: &str, timestamp_ms: i64, payload: &[u8]) -> Bytes {
    let mut data = serde_json::json!({"sender": sender, "timestamp": timestamp_ms})
        .to_string()
        .into_bytes();
    let (head, middle) = (b"{\"_claw\":", b",\"payload\":");
    // Exactly: a history may hold it for an hour.
    data.reserve_exact(head.len() + middle.len() + payload.len() + 1);
    data.splice(0..0, *head);
    data.extend_from_slice(middle);
    data.extend_from_slice(payload);
    data.push(b'}');
    Bytes::from(data)
}
