//! Channels over the socket: subscribe, publish, presence, history.

use super::super::session::Session;
use crate::actors::channels::{History, Kept, Position};
use crate::base::limit::{
    CHANNEL_NAME_MAX_BYTES, CHANNELS_PER_CONNECTION_MAX, JSON_DEPTH_MAX, PAYLOAD_MAX_BYTES,
    RECOVERY_MAX_BYTES,
};
use crate::bus::Topic;
use crate::config::Bucket;
use crate::domain::agent::Handle;
use crate::domain::channel::Namespace;
use crate::domain::refusal::{Code, Refusal};
use crate::wire;
use crate::wire::push::{ClientInfo, Publication};
use crate::wire::reply::{HistoryResult, PresenceResult, PresenceStatsResult, ReplyBody};
use crate::wire::request::{HistoryRequest, PublishRequest, StreamPosition};
use crate::wire::subscription::{SubscribeRequest, SubscribeResult};
use crate::wire::{ClientError, Disconnect};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};

/// Asks to be told of an unrecoverable position instead of being subscribed. Source: centrifuge-protocol.md §5.
const FLAG_REJECT_UNRECOVERED: i64 = 2;

impl Session {
    fn user(&self) -> String {
        match (&self.caller, &self.verified) {
            (Some(caller), _) => caller.handle.to_string(),
            (None, Some(verified)) => verified.subject.clone(),
            (None, None) => String::new(),
        }
    }

    /// The name by which channels know this user: a handle, of an agent or of a user of a backend's token.
    fn handle(&self) -> Option<Handle> {
        Handle::new(&self.user()).ok()
    }

    fn info(&self) -> ClientInfo {
        let conn_info = self.verified.as_ref().and_then(|verified| verified.info.as_ref());
        let conn_info = conn_info
            .map(|info| Bytes::copy_from_slice(info.get().as_bytes()))
            .unwrap_or_default();
        ClientInfo {
            user: self.user(),
            client: self.id.to_string(),
            conn_info,
            ..ClientInfo::default()
        }
    }

    /// Reads a channel's name, or answers the error.
    fn namespace<'a>(&mut self, id: u32, channel: &'a str) -> Option<Namespace<'a>> {
        if channel.is_empty() {
            self.close(Disconnect::BAD_REQUEST);
            return None;
        }
        if channel.len() > CHANNEL_NAME_MAX_BYTES {
            self.error(id, ClientError::BAD_REQUEST);
            return None;
        }
        match Namespace::of(channel) {
            Ok(namespace) => Some(namespace),
            Err(refusal) if refusal.code == Code::NotFound => {
                self.error(id, ClientError::UNKNOWN_CHANNEL);
                None
            }
            Err(_) => {
                self.error(id, ClientError::BAD_REQUEST);
                None
            }
        }
    }

    /// Subscribes to a channel of the dotted namespaces. Those of the world come by themselves.
    pub(super) fn subscribe(&mut self, id: u32, request: &SubscribeRequest) {
        let name = request.channel.as_str();
        let Some(namespace) = self.namespace(id, name) else {
            return;
        };
        if self.has_channel(name) {
            return self.error(id, ClientError::ALREADY_SUBSCRIBED);
        }
        if self.channels.len() >= CHANNELS_PER_CONNECTION_MAX {
            return self.error(id, ClientError::LIMIT_EXCEEDED);
        }
        if namespace.may_subscribe(self.handle().as_ref()).is_err() {
            return self.error(id, ClientError::PERMISSION_DENIED);
        }
        if request.r#type != 0 {
            return self.error(id, ClientError::NOT_AVAILABLE);
        }
        let result = match self.subscribe_result(name, &namespace, request) {
            Ok(Some(result)) => result,
            Ok(None) => return self.error(id, ClientError::UNRECOVERABLE_POSITION),
            Err(refusal) => return self.refuse(id, &refusal),
        };
        let position = result
            .publications
            .last()
            .map_or(result.offset, |last| last.offset);
        self.reply(id, ReplyBody::Subscribe(Box::new(result)));
        // In the same turn of this thread as the answer, so that nothing overtakes it and nothing is missed.
        self.worker
            .table
            .borrow_mut()
            .subscribe(self.id, name.into(), position);
        self.channels.insert(name.to_owned());
    }

    /// Subscribes to the channels that the token grants; those of the world are not a backend's to grant.
    pub(super) fn subscribe_granted(&mut self) -> BTreeMap<String, SubscribeResult> {
        let granted = self
            .verified
            .as_ref()
            .map(|verified| verified.channels.clone())
            .unwrap_or_default();
        let mut subs = BTreeMap::new();
        for name in granted.into_iter().take(CHANNELS_PER_CONNECTION_MAX) {
            let Ok(namespace) = Namespace::of(&name) else {
                continue;
            };
            let is_of_the_world = matches!(
                namespace,
                Namespace::Region(_) | Namespace::Spectator(_) | Namespace::Inbox(_)
            );
            if is_of_the_world || self.channels.contains(&name) {
                continue;
            }
            let Ok(Some(mut result)) = self.subscribe_result(&name, &namespace, &SubscribeRequest::default())
            else {
                continue;
            };
            // An entry of a map must not be all defaults: protobuf leaves it out, and the JavaScript SDK then fails.
            if result.epoch.is_empty() {
                result.epoch = self.node().id.to_string();
            }
            self.worker
                .table
                .borrow_mut()
                .subscribe(self.id, name.as_str().into(), result.offset);
            self.channels.insert(name.clone());
            subs.insert(name, result);
        }
        subs
    }

    fn has_channel(&self, name: &str) -> bool {
        let is_inbox = || {
            self.caller
                .as_ref()
                .is_some_and(|caller| name.strip_prefix('#') == Some(caller.handle.as_str()))
        };
        let is_region = || {
            name.strip_prefix("region:")
                .is_some_and(|region| self.region.borrow().as_deref() == Some(region))
        };
        self.channels.contains(name) || is_inbox() || is_region()
    }

    /// Comes to a channel that keeps what is published. None: what the client asks to recover is gone, and it wants an error then.
    fn subscribe_result(
        &self,
        name: &str,
        namespace: &Namespace<'_>,
        request: &SubscribeRequest,
    ) -> Result<Option<SubscribeResult>, Refusal> {
        if !namespace.has_history() {
            return Ok(Some(SubscribeResult::default()));
        }
        let node = self.node();
        let since = request.recover.then(|| StreamPosition {
            offset: request.offset,
            epoch: request.epoch.clone(),
        });
        let must_recover = request.recover && request.flag & FLAG_REJECT_UNRECOVERED != 0;
        let come = node.channels.come(
            &node.directory,
            name,
            self.info(),
            since.as_ref(),
            must_recover,
            node.now(),
        )?;
        let Some(Position { epoch, top, missed }) = come else {
            return Ok(None);
        };
        let is_recovered = missed.is_some();
        Ok(Some(SubscribeResult {
            recoverable: true,
            positioned: true,
            epoch,
            offset: if is_recovered { request.offset } else { top },
            publications: missed.iter().flatten().map(publication_of).collect(),
            recovered: is_recovered,
            was_recovering: request.recover,
            ..SubscribeResult::default()
        }))
    }

    /// Ends a subscription; one that is not there is no error.
    pub(super) fn unsubscribe(&mut self, id: u32, name: &str) {
        if name.is_empty() {
            return self.close(Disconnect::BAD_REQUEST);
        }
        if self.channels.remove(name) {
            self.worker.table.borrow_mut().unsubscribe(self.id, name);
            let node = self.node();
            node.channels.go(&node.directory, name, &self.id.to_string());
        }
        self.reply(id, ReplyBody::Unsubscribe(Default::default()));
    }

    /// Publishes, wrapped with the sender's name and the time.
    pub(super) fn publish(&mut self, id: u32, request: &PublishRequest) {
        let Some(namespace) = self.namespace(id, &request.channel) else {
            return;
        };
        let handle = self.handle();
        if namespace.may_publish(handle.as_ref()).is_err() {
            return self.error(id, ClientError::PERMISSION_DENIED);
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
        let now = node.now();
        let data = wrap(&self.user(), now.0, &request.data);
        let published = node.channels.publish(
            &node.directory,
            &request.channel,
            data.clone(),
            Some(self.info()),
            namespace.has_history(),
            now,
        );
        match published {
            Ok(_) => {
                // Other nodes and tools hear of it as they can; here it is done.
                let _ = node.bus.publish(Topic::Channel(request.channel.clone()), data);
                self.reply(id, ReplyBody::Publish(Default::default()));
            }
            Err(refusal) => self.refuse(id, &refusal),
        }
    }

    /// Whether presence and history of a channel may be asked; answers the error otherwise.
    fn may_ask(&mut self, id: u32, channel: &str) -> bool {
        let Some(namespace) = self.namespace(id, channel) else {
            return false;
        };
        if namespace.may_subscribe(self.handle().as_ref()).is_err() {
            self.error(id, ClientError::PERMISSION_DENIED);
            return false;
        }
        if !namespace.has_history() {
            self.error(id, ClientError::NOT_AVAILABLE);
            return false;
        }
        true
    }

    /// Who is on a channel.
    pub(super) fn presence(&mut self, id: u32, channel: &str) {
        if self.may_ask(id, channel) {
            let presence = self.node().channels.presence(channel);
            self.reply(id, ReplyBody::Presence(PresenceResult { presence }));
        }
    }

    /// How many are on a channel. The nameless count as one user.
    pub(super) fn presence_stats(&mut self, id: u32, channel: &str) {
        if !self.may_ask(id, channel) {
            return;
        }
        let presence = self.node().channels.presence(channel);
        let users: BTreeSet<&str> = presence.values().map(|info| info.user.as_str()).collect();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let result = PresenceStatsResult {
            num_clients: count(presence.len()),
            num_users: count(users.len()),
        };
        self.reply(id, ReplyBody::PresenceStats(result));
    }

    /// What was published on a channel.
    pub(super) fn history(&mut self, id: u32, request: &HistoryRequest) {
        if !self.may_ask(id, &request.channel) {
            return;
        }
        let node = self.node();
        let History {
            epoch,
            top: offset,
            kept,
        } = node.channels.history(&request.channel, node.now());
        if request
            .since
            .as_ref()
            .is_some_and(|since| !since.epoch.is_empty() && since.epoch != epoch)
        {
            return self.error(id, ClientError::UNRECOVERABLE_POSITION);
        }
        let publications = select(&kept, request);
        self.reply(
            id,
            ReplyBody::History(Box::new(HistoryResult {
                publications,
                epoch,
                offset,
            })),
        );
    }

    /// Subscriptions here have no token of their own to refresh.
    pub(super) fn sub_refresh(&mut self, id: u32, channel: &str) {
        if self.channels.contains(channel) {
            self.close(Disconnect::BAD_REQUEST);
        } else {
            self.error(id, ClientError::PERMISSION_DENIED);
        }
    }
}

/// The publications that a history request selects: `since` is exclusive, a limit of 0 asks for the position only. A page ends
/// early when its bytes are too many.
fn select(kept: &[Kept], request: &HistoryRequest) -> Vec<Publication> {
    let since = request.since.as_ref().map(|since| since.offset);
    let is_wanted = |kept: &&Kept| match (since, request.reverse) {
        (Some(since), false) => kept.offset > since,
        (Some(since), true) => kept.offset < since,
        (None, _) => true,
    };
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let mut bytes = 0_usize;
    let mut has_room = |kept: &&Kept| {
        bytes = bytes.saturating_add(kept.bytes());
        bytes <= RECOVERY_MAX_BYTES
    };
    let wanted = kept.iter().filter(is_wanted);
    if request.reverse {
        wanted
            .rev()
            .take(limit)
            .take_while(&mut has_room)
            .map(publication_of)
            .collect()
    } else {
        wanted
            .take(limit)
            .take_while(&mut has_room)
            .map(publication_of)
            .collect()
    }
}

fn publication_of(kept: &Kept) -> Publication {
    Publication {
        data: kept.data.clone(),
        offset: kept.offset,
        info: kept.publisher.clone().map(Box::new),
        time: kept.at.0,
        ..Publication::default()
    }
}

/// The wrapper of claw.events: `{"_claw": {"sender", "timestamp"}, "payload"}`.
pub fn wrap(sender: &str, timestamp_ms: i64, payload: &[u8]) -> Bytes {
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
