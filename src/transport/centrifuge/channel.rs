//! Channels over the socket: subscribe, publish, presence, history.

use super::super::session::{Membership, Session};
use crate::actors::channels::{self, Comer, History, Home, Kept, Place, Position, Way, way};
use crate::actors::peer::message::{ChannelAct, Client};
use crate::base::limit::{
    CHANNEL_NAME_MAX_BYTES, CHANNELS_PER_CONNECTION_MAX, JSON_DEPTH_MAX, PAYLOAD_MAX_BYTES,
    RECOVERY_MAX_BYTES,
};
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
use actix::Context;
use bytes::Bytes;
use std::collections::BTreeMap;

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

    pub(super) fn info(&self) -> ClientInfo {
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
    pub(super) fn subscribe(&mut self, id: u32, request: SubscribeRequest, context: &mut Context<Self>) {
        let name = request.channel.as_str();
        let Some(namespace) = self.namespace(id, name) else {
            return;
        };
        if self.has_channel(name) {
            return self.error(id, ClientError::ALREADY_SUBSCRIBED);
        }
        if self.channels.borrow().len() >= CHANNELS_PER_CONNECTION_MAX {
            return self.error(id, ClientError::LIMIT_EXCEEDED);
        }
        if namespace.may_subscribe(self.handle().as_ref()).is_err() {
            return self.error(id, ClientError::PERMISSION_DENIED);
        }
        if request.r#type != 0 {
            return self.error(id, ClientError::NOT_AVAILABLE);
        }
        let has_history = namespace.has_history();
        let home = match way(&self.node(), name) {
            Ok(Way::Here(home)) => home,
            Ok(Way::There(_)) if self.is_full() => return self.refuse(id, &Refusal::busy()),
            Ok(Way::There(home)) => {
                return self.subscribe_afar(Some(id), request, has_history, home, context);
            }
            Err(refusal) => return self.refuse(id, &refusal),
        };
        let result = match self.subscribe_result(home, has_history, &request) {
            Ok(Some(result)) => result,
            Ok(None) => return self.error(id, ClientError::UNRECOVERABLE_POSITION),
            Err(refusal) => return self.refuse(id, &refusal),
        };
        let last = result.publications.last().map(|last| last.offset);
        let position = last.unwrap_or(result.offset);
        self.reply(id, ReplyBody::Subscribe(Box::new(result)));
        self.enter_channel(request.channel, position, home, false);
    }

    /// Registers with the hub. In the same turn of this thread as the home's answer, so that nothing overtakes it and nothing is
    /// missed.
    fn enter_channel(&self, name: String, position: u64, home: Option<Home>, is_granted: bool) {
        self.worker
            .table
            .borrow_mut()
            .subscribe_at(self.id, name.as_str().into(), position, home);
        self.channels
            .borrow_mut()
            .insert(name, Membership { home, is_granted });
    }

    /// The channels that the token grants and that the session is not on; those of the world are not a backend's to grant.
    pub(super) fn granted(&self) -> Vec<String> {
        let granted = self.verified.iter().flat_map(|verified| &verified.channels);
        let is_to_give = |name: &&String| {
            let namespace = Namespace::of(name);
            let is_of_the_world = matches!(
                namespace,
                Ok(Namespace::Region(_) | Namespace::Spectator(_) | Namespace::Inbox(_))
            );
            namespace.is_ok() && !is_of_the_world && !self.channels.borrow().contains_key(*name)
        };
        let first = granted.take(CHANNELS_PER_CONNECTION_MAX);
        first.filter(is_to_give).cloned().collect()
    }

    /// Subscribes to the channels that the token grants and whose home is here.
    pub(super) fn subscribe_granted(&self) -> BTreeMap<String, SubscribeResult> {
        let mut subs = BTreeMap::new();
        for name in self.granted() {
            let (Ok(namespace), Ok(Way::Here(home))) = (Namespace::of(&name), way(&self.node(), &name))
            else {
                continue;
            };
            let request = SubscribeRequest {
                channel: name.clone(),
                ..SubscribeRequest::default()
            };
            let result = self.subscribe_result(home, namespace.has_history(), &request);
            let Ok(Some(mut result)) = result else {
                continue;
            };
            // An entry of a map must not be all defaults: protobuf leaves it out, and the JavaScript SDK then fails.
            if result.epoch.is_empty() {
                result.epoch = self.node().id.to_string();
            }
            self.enter_channel(name.clone(), result.offset, home, true);
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
        self.channels.borrow().contains_key(name) || is_inbox() || is_region()
    }

    /// Comes to a channel whose home is here. None: what the client asks to recover is gone, and it wants an error then.
    fn subscribe_result(
        &self,
        home: Option<Home>,
        has_history: bool,
        request: &SubscribeRequest,
    ) -> Result<Option<SubscribeResult>, Refusal> {
        if !has_history {
            return Ok(Some(SubscribeResult::default()));
        }
        let node = self.node();
        let since = request.recover.then(|| StreamPosition {
            offset: request.offset,
            epoch: request.epoch.clone(),
        });
        let place = Place {
            directory: &node.directory,
            name: &request.channel,
            home,
        };
        let comer = Comer {
            info: Some(self.info()),
            guest: None,
        };
        let must_recover = Self::must_recover(request);
        let came = node
            .channels
            .come(&place, comer, since.as_ref(), must_recover, node.now())?;
        Ok(came.map(|position| result_of(position, request)))
    }

    /// Whether the client comes only when nothing is missing.
    pub(super) fn must_recover(request: &SubscribeRequest) -> bool {
        request.recover && request.flag & FLAG_REJECT_UNRECOVERED != 0
    }

    /// Ends a subscription; one that is not there is no error.
    pub(super) fn unsubscribe(&mut self, id: u32, name: &str) {
        if name.is_empty() {
            return self.close(Disconnect::BAD_REQUEST);
        }
        if self.channels.borrow().contains_key(name) {
            self.worker.table.borrow_mut().unsubscribe(self.id, name);
            self.forget_channel(name);
        }
        self.reply(id, ReplyBody::Unsubscribe(Default::default()));
    }

    /// Publishes, wrapped with the sender's name and the time.
    pub(super) fn publish(&mut self, id: u32, request: &PublishRequest, context: &mut Context<Self>) {
        let name = request.channel.as_str();
        let Some(namespace) = self.namespace(id, name) else {
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
    pub(super) fn presence(&mut self, id: u32, name: &str, context: &mut Context<Self>) {
        if !self.may_ask(id, name) {
            return;
        }
        let answer =
            move |me: &Self, presence| me.reply(id, ReplyBody::Presence(PresenceResult { presence }));
        match way(&self.node(), name) {
            Ok(Way::Here(_)) => answer(self, self.node().channels.presence(name)),
            Ok(Way::There(home)) => {
                let done = move |me: &mut Self, all: Vec<Client>| {
                    let all = all.into_iter().map(ClientInfo::from);
                    answer(me, all.map(|info| (info.client.clone(), info)).collect());
                };
                self.ask_home_for(id, home, name, ChannelAct::Presence, context, done);
            }
            Err(refusal) => self.refuse(id, &refusal),
        }
    }

    /// How many are on a channel.
    pub(super) fn presence_stats(&mut self, id: u32, name: &str, context: &mut Context<Self>) {
        if !self.may_ask(id, name) {
            return;
        }
        let answer = move |me: &Self, (num_clients, num_users): (u32, u32)| {
            let result = PresenceStatsResult {
                num_clients,
                num_users,
            };
            me.reply(id, ReplyBody::PresenceStats(result));
        };
        match way(&self.node(), name) {
            Ok(Way::Here(_)) => answer(self, channels::count(&self.node().channels.presence(name))),
            Ok(Way::There(home)) => {
                let done = move |me: &mut Self, counts| answer(me, counts);
                self.ask_home_for(id, home, name, ChannelAct::Count, context, done);
            }
            Err(refusal) => self.refuse(id, &refusal),
        }
    }

    /// What was published on a channel.
    pub(super) fn history(&mut self, id: u32, request: Box<HistoryRequest>, context: &mut Context<Self>) {
        if !self.may_ask(id, &request.channel) {
            return;
        }
        let node = self.node();
        match way(&node, &request.channel) {
            Ok(Way::Here(_)) => {
                let history = node.channels.history(&request.channel, node.now());
                self.tell_history(id, &request, history);
            }
            Ok(Way::There(home)) => {
                let name = request.channel.clone();
                let done = move |me: &mut Self, history| me.tell_history(id, &request, history);
                self.ask_home_for(id, home, &name, ChannelAct::History, context, done);
            }
            Err(refusal) => self.refuse(id, &refusal),
        }
    }

    fn tell_history(&self, id: u32, request: &HistoryRequest, history: History) {
        let History {
            epoch,
            top: offset,
            kept,
        } = history;
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
        if self.channels.borrow().contains_key(channel) {
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

/// The answer to a subscription of a channel with a history.
pub(super) fn result_of(position: Position, request: &SubscribeRequest) -> SubscribeResult {
    let Position { epoch, top, missed } = position;
    let is_recovered = missed.is_some();
    SubscribeResult {
        recoverable: true,
        positioned: true,
        epoch,
        offset: if is_recovered { request.offset } else { top },
        publications: missed.iter().flatten().map(publication_of).collect(),
        recovered: is_recovered,
        was_recovering: request.recover,
        ..SubscribeResult::default()
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
