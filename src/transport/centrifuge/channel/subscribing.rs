//! Coming to channels and leaving them.

use super::super::super::session::{Membership, Session};
use super::publication_of;
use crate::actors::channels::{Comer, Home, Place, Position, Way, way};
use crate::base::limit::CHANNELS_PER_CONNECTION_MAX;
use crate::domain::channel::{Namespace, Verb};
use crate::domain::refusal::Refusal;
use crate::wire::reply::ReplyBody;
use crate::wire::request::StreamPosition;
use crate::wire::subscription::{SubscribeRequest, SubscribeResult};
use crate::wire::{ClientError, Disconnect};
use actix::Context;
use std::collections::BTreeMap;

/// Asks to be told of an unrecoverable position instead of being subscribed. Source: centrifuge-protocol.md §5.
const FLAG_REJECT_UNRECOVERED: i64 = 2;

impl Session {
    /// Subscribes to a channel of the dotted namespaces. Those of the world come by themselves.
    pub(in super::super) fn subscribe(
        &mut self,
        id: u32,
        request: SubscribeRequest,
        context: &mut Context<Self>,
    ) {
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
        if let Err(refusal) = self.may(Verb::Subscribe, name, &namespace) {
            return self.deny(id, &refusal);
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
        let (result, position) = result;
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
    pub(in super::super) fn granted(&self) -> Vec<String> {
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
    pub(in super::super) fn subscribe_granted(&self) -> BTreeMap<String, SubscribeResult> {
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
            let Ok(Some((mut result, position))) = result else {
                continue;
            };
            // An entry of a map must not be all defaults: protobuf leaves it out, and the JavaScript SDK then fails.
            if result.epoch.is_empty() {
                result.epoch = self.node().id.to_string();
            }
            self.enter_channel(name.clone(), position, home, true);
            subs.insert(name, result);
        }
        subs
    }

    /// Comes to a channel whose home is here; gives the answer, and up to which offset the client has its publications then.
    /// None: what the client asks to recover is gone, and it wants an error then.
    fn subscribe_result(
        &self,
        home: Option<Home>,
        has_history: bool,
        request: &SubscribeRequest,
    ) -> Result<Option<(SubscribeResult, u64)>, Refusal> {
        if !has_history {
            return Ok(Some(Default::default()));
        }
        let node = self.node();
        let since = self
            .since(request)
            .map(|(epoch, offset)| StreamPosition { offset, epoch });
        let place = Place {
            directory: &node.directory,
            name: &request.channel,
            home,
        };
        let comer = Comer {
            info: Some(self.info()),
            guest: None,
        };
        let must_recover = self.must_recover(request);
        let came = node
            .channels
            .come(&place, comer, since.as_ref(), must_recover, node.now())?;
        Ok(came.map(|position| self.result_of(position, request)))
    }

    /// Whether there is something to recover: nothing where only the newest is sent.
    fn is_recovering(&self, request: &SubscribeRequest) -> bool {
        request.recover && !self.node().channels.is_latest_only(&request.channel)
    }

    /// The epoch and the offset that the client recovers from.
    pub(in super::super) fn since(&self, request: &SubscribeRequest) -> Option<(String, u64)> {
        self.is_recovering(request)
            .then(|| (request.epoch.clone(), request.offset))
    }

    /// Whether the client comes only when nothing is missing.
    pub(in super::super) fn must_recover(&self, request: &SubscribeRequest) -> bool {
        self.is_recovering(request) && request.flag & FLAG_REJECT_UNRECOVERED != 0
    }

    /// The answer to a subscription of a channel with a history, and up to which offset the client has its publications then.
    pub(in super::super) fn result_of(
        &self,
        position: Position,
        request: &SubscribeRequest,
    ) -> (SubscribeResult, u64) {
        if self.node().channels.is_latest_only(&request.channel) {
            let result = SubscribeResult {
                was_recovering: request.recover,
                ..SubscribeResult::default()
            };
            return (result, position.top);
        }
        let result = positioned(position, request);
        let last = result.publications.last().map(|last| last.offset);
        let offset = last.unwrap_or(result.offset);
        (result, offset)
    }

    /// Ends a subscription; one that is not there is no error.
    pub(in super::super) fn unsubscribe(&mut self, id: u32, name: &str) {
        if name.is_empty() {
            return self.close(Disconnect::BAD_REQUEST);
        }
        if self.channels.borrow().contains_key(name) {
            self.worker.table.borrow_mut().unsubscribe(self.id, name);
            self.forget_channel(name);
        }
        self.reply(id, ReplyBody::Unsubscribe(Default::default()));
    }
}

/// The answer to a subscription that has a place in its channel's stream.
fn positioned(position: Position, request: &SubscribeRequest) -> SubscribeResult {
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
