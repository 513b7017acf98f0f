//! Who is on one channel, and the word to the others about it.

use super::guests::Guests;
use crate::actors::directory::Directory;
use crate::actors::hub::HubMessage;
use crate::wire::push::{ClientInfo, Join, Leave, Push, PushBody};
use crate::wire::{self, Encoding, Reply};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Who is on a channel, by client id.
#[derive(Default)]
pub(super) struct Presence(BTreeMap<String, ClientInfo>);

impl Presence {
    /// Notes that a client is there and tells the others.
    pub fn come(&mut self, directory: &Directory, guests: &Guests, channel: &Arc<str>, info: ClientInfo) {
        self.0.insert(info.client.clone(), info.clone());
        let body = PushBody::Join(Box::new(Join { info: Some(info) }));
        tell(directory, guests, channel, body);
    }

    /// Notes that a client is gone and tells the others, if it was there.
    pub fn go(&mut self, directory: &Directory, guests: &Guests, channel: &Arc<str>, client: &str) {
        if let Some(info) = self.0.remove(client) {
            let body = PushBody::Leave(Box::new(Leave { info: Some(info) }));
            tell(directory, guests, channel, body);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn all(&self) -> BTreeMap<String, ClientInfo> {
        self.0.clone()
    }
}

fn tell(directory: &Directory, guests: &Guests, channel: &Arc<str>, body: PushBody) {
    let push = Reply::push(Push::of(channel.as_ref(), body));
    let (json, protobuf) = (
        wire::encode_reply(Encoding::Json, &push),
        wire::encode_reply(Encoding::Protobuf, &push),
    );
    let message = || HubMessage::Presence {
        channel: Arc::clone(channel),
        json: json.clone(),
        protobuf: protobuf.clone(),
    };
    directory.tell_hubs_of(|node| guests.has(node), message);
}
