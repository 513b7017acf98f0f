//! What a hub tells a session directly, without a message.

use super::inbox::{Accepted, SharedInbox};
use super::{Membership, SharedMemberships};
use crate::actors::channels;
use crate::actors::hub::Listener;
use crate::actors::node::Node;
use crate::actors::outbox::SharedOutbox;
use crate::actors::publication::{Dialect, Publication};
use crate::base::id::SessionId;
use crate::base::time::Tick;
use crate::domain::channel::{Namespace, Rule, Subject, Verb, check};
use crate::domain::space::Cell;
use crate::transport::ws::Pipe;
use crate::wire::push::{Push, PushBody, Subscribe};
use crate::wire::{self, Disconnect, Reply, UnsubscribeCode};
use serde_json::json;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// The part of a session that its hub knows.
pub struct SessionListener {
    /// Its connection.
    pub pipe: Rc<Pipe>,
    /// Its queue.
    pub outbox: SharedOutbox,
    /// Its inbox.
    pub inbox: SharedInbox,
    /// The region around it.
    pub region: Rc<RefCell<Option<String>>>,
    /// Its channels.
    pub channels: SharedMemberships,
    /// Its id.
    pub id: SessionId,
    /// The name by which channels know its user.
    pub user: String,
    /// Its node.
    pub node: Arc<Node>,
}

impl SessionListener {
    fn push(&self, channel: &str, body: PushBody) {
        let mut outbox = self.outbox.borrow_mut();
        if let Dialect::Centrifuge(encoding) = outbox.dialect() {
            let piece = wire::encode_reply(encoding, &Reply::push(Push::of(channel, body)));
            outbox.push(piece);
        }
    }
}

impl Listener for SessionListener {
    fn inbox(&self, publication: &Arc<Publication>) {
        match self.inbox.borrow_mut().accept(publication, &self.outbox) {
            Accepted::Done => {}
            // The session looks how long.
            Accepted::Waiting => self.pipe.look_at(Duration::ZERO),
            // The client comes back and recovers what it missed from the database.
            Accepted::Overflow => self.outbox.borrow_mut().end(Disconnect::INSUFFICIENT_STATE),
        }
    }

    fn region(&self, from: Option<&str>, to: Option<&str>) {
        if let Some(from) = from {
            self.push(
                &format!("region:{from}"),
                PushBody::Unsubscribe(UnsubscribeCode::SERVER.into()),
            );
        }
        if let Some(to) = to {
            self.push(
                &format!("region:{to}"),
                PushBody::Subscribe(Box::<Subscribe>::default()),
            );
        }
        *self.region.borrow_mut() = to.map(str::to_owned);
    }

    fn is_elsewhere(&self, region: &str) -> bool {
        self.region.borrow().as_deref() != Some(region)
    }

    fn settle(&self, region: &str) {
        let from = self.region.borrow().clone();
        self.region(from.as_deref(), Some(region));
    }

    fn lose_cells(&self, cells: &[Cell], tick: Tick) {
        let Some(channel) = self
            .region
            .borrow()
            .as_ref()
            .map(|region| format!("region:{region}"))
        else {
            return;
        };
        let channel: Arc<str> = channel.into();
        let mut outbox = self.outbox.borrow_mut();
        let notice = |cell: &Cell| {
            let notice = json!({"tick": tick, "cell": cell, "dropped": true}).to_string();
            Publication::new(Arc::clone(&channel), notice.into()).piece(outbox.dialect())
        };
        let pieces = cells.iter().map(notice).collect();
        outbox.push_together(pieces);
    }

    fn follow(&self, from: Option<&str>, to: Option<&str>) {
        if let Some(from) = from {
            self.push(from, PushBody::Unsubscribe(UnsubscribeCode::SERVER.into()));
        }
        if let Some(to) = to {
            self.push(to, PushBody::Subscribe(Box::<Subscribe>::default()));
        }
    }

    fn user(&self) -> &str {
        &self.user
    }

    fn unsubscribe(&self, channel: &str) {
        self.push(channel, PushBody::Unsubscribe(UnsubscribeCode::SERVER.into()));
    }

    fn may_stay(&self, channel: &str, rule: &Rule) -> bool {
        // What a backend's token grants is that backend's word.
        let is_granted = |known: &Membership| known.is_granted;
        if self.channels.borrow().get(channel).is_some_and(is_granted) {
            return true;
        }
        let who = Subject::of(&self.user);
        Namespace::of(channel).is_ok_and(|channel| check(who, Verb::Subscribe, &channel, rule).is_ok())
    }

    fn put_off(&self, channel: &str, is_held: bool) {
        let Some(membership) = self.channels.borrow_mut().remove(channel) else {
            return;
        };
        channels::leave(&self.node, channel, self.id, membership.home);
        if !is_held {
            self.unsubscribe(channel);
        }
    }

    fn lose_channel(&self, channel: &str, is_held: bool) {
        let Some(membership) = self.channels.borrow_mut().remove(channel) else {
            return;
        };
        channels::leave(&self.node, channel, self.id, membership.home);
        if is_held {
            // Whoever waits for the home's answer tells the client.
        } else if membership.is_granted {
            // SDKs do not subscribe to it by themselves, but connect again.
            self.outbox.borrow_mut().end(Disconnect::INSUFFICIENT_STATE);
        } else {
            self.push(
                channel,
                PushBody::Unsubscribe(UnsubscribeCode::INSUFFICIENT_STATE.into()),
            );
        }
    }
}
