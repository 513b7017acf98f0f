//! Hubs: one a shard thread. A hub knows the sockets of its thread and who of them gets what.

mod delivery;
mod listing;
mod message;
mod sight;
mod subscribing;
mod table;
mod users;

pub use message::{Frames, HubMessage, Interest, TickFrames, Whom};
pub use subscribing::Released;
pub use table::{HubTable, Listener};

use super::homes::Homes;
use super::mailbox::answer;
use super::peer::PeerHub;
use super::watch::{Role, Stage};
use crate::domain::channel::Rule;
use crate::telemetry::metric;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use subscribing::Lost;
use users::put_off;

/// A hub's table, shared with the sessions of its thread.
pub type SharedTable = Rc<RefCell<HubTable>>;

/// The actor of a shard thread that hands publications to its sockets; or of another node, whose sockets are reached through it.
pub enum HubActor {
    /// A hub of this node.
    Here {
        /// Its thread's table.
        table: SharedTable,
        /// Where the agents of the node's sockets are.
        homes: Arc<Homes>,
    },
    /// The hub of another node.
    There(PeerHub),
}

impl Role for HubActor {
    type Message = HubMessage;
    const NAME: &'static str = "hub";
    const CAPACITY: usize = 65_536;

    fn begin(&mut self, _: &mut Stage<Self>) {}

    // The table belongs to the sessions; it stays.
    fn forget(&mut self) {}

    fn take(&mut self, message: HubMessage, _: &mut Stage<Self>) {
        match self {
            Self::Here { table, homes } => hand_on(table, homes, message),
            Self::There(hub) => hub.take(message),
        }
    }
}

fn hand_on(table: &SharedTable, homes: &Homes, message: HubMessage) {
    match message {
        HubMessage::Tick(tick) => table.borrow_mut().tick(tick),
        HubMessage::Heard {
            publication,
            hearers,
            seen_at,
            ..
        } => {
            table.borrow().heard(&publication, &hearers, seen_at);
        }
        HubMessage::Inbox { agent, publication } => {
            let listeners = table.borrow().listeners(agent);
            listeners.iter().for_each(|listener| listener.inbox(&publication));
        }
        HubMessage::Channel(publication) | HubMessage::Followed(publication) => {
            let lost = table.borrow_mut().publish(&publication);
            tell_lost(lost);
        }
        HubMessage::Homes(chart) => {
            let lost = table.borrow_mut().follow_homes(&chart);
            tell_lost(lost);
        }
        HubMessage::HomeLost(node) => {
            let lost = table.borrow_mut().lose_home(node);
            tell_lost(lost);
        }
        HubMessage::Rehome(handle) => homes.call(handle),
        HubMessage::Settle { session, region } => {
            let listener = table.borrow().listener(session);
            if let Some(listener) = listener.filter(|listener| listener.is_elsewhere(&region)) {
                table.borrow_mut().change_region(session);
                listener.settle(&region);
            }
        }
        HubMessage::ShardGone(shard, tick) => table.borrow_mut().forget_shard(shard, tick),
        HubMessage::Presence {
            channel,
            json,
            protobuf,
        } => {
            table.borrow_mut().tell_presence(&channel, &json, &protobuf);
        }
        HubMessage::Region { session, from, to } => {
            let listener = table.borrow_mut().change_region(session);
            if let Some(listener) = listener {
                listener.region(from.as_deref(), to.as_deref());
            }
        }
        HubMessage::Follow { session, from, to } => {
            let listener = table.borrow_mut().follow(session, from.as_ref(), to.as_ref());
            if let Some(listener) = listener {
                listener.follow(from.as_deref(), to.as_deref());
            }
        }
        HubMessage::Judge(changed) => {
            for (channel, rule) in changed.iter() {
                judge(table, channel, rule);
            }
        }
        HubMessage::Doubt(channel) => {
            let listeners = table.borrow().listeners_of(&channel);
            let sessions = listeners.iter().map(|(session, _)| *session).collect();
            let lost = table.borrow_mut().lose_some(&channel, &sessions);
            tell_lost(lost);
        }
        HubMessage::JudgeAll => {
            let lost = table.borrow_mut().lose_owned();
            tell_lost(lost);
        }
        HubMessage::User(order) => {
            let ended = table.borrow_mut().obey(&order);
            put_off(ended);
        }
        HubMessage::Count(reply) => answer(reply, Ok(table.borrow().count())),
        HubMessage::Close(whom, reason) => table.borrow_mut().close(&whom, reason),
        HubMessage::Unsubscribe { agent, channel } => {
            let listeners = table.borrow().listeners(agent);
            listeners
                .iter()
                .for_each(|listener| listener.unsubscribe(&channel));
        }
    }
}

/// Ends the subscriptions to a channel that its rule does not allow.
fn judge(table: &RefCell<HubTable>, channel: &Arc<str>, rule: &Rule) {
    let mut listeners = table.borrow().listeners_of(channel);
    listeners.retain(|(_, listener)| !listener.may_stay(channel, rule));
    let sessions = listeners.iter().map(|(session, _)| *session).collect();
    let lost = table.borrow_mut().lose_some(channel, &sessions);
    put_off(lost);
}

/// A listener may borrow the table.
fn tell_lost(lost: Vec<Lost>) {
    for (listener, channel, is_held) in lost {
        metric::channel_subscriptions_lost().increment(1);
        listener.lose_channel(&channel, is_held);
    }
}
