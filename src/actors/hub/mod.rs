//! Hubs: one a shard thread. A hub knows the sockets of its thread and who of them gets what.

mod delivery;
mod listing;
mod message;
mod sight;
mod table;

pub use message::{Frames, HubMessage, Interest, TickFrames, Whom};
pub use table::{HubTable, Listener};

use super::watch::{Role, Stage};
use std::cell::RefCell;
use std::rc::Rc;

/// A hub's table, shared with the sessions of its thread.
pub type SharedTable = Rc<RefCell<HubTable>>;

/// The actor of a shard thread that hands publications to its sockets.
pub struct HubActor {
    table: SharedTable,
}

impl HubActor {
    /// A hub over its thread's table.
    pub fn new(table: SharedTable) -> Self {
        Self { table }
    }
}

impl Role for HubActor {
    type Message = HubMessage;
    const NAME: &'static str = "hub";
    const CAPACITY: usize = 65_536;

    fn begin(&mut self, _: &mut Stage<Self>) {}

    // The table belongs to the sessions; it stays.
    fn forget(&mut self) {}

    fn take(&mut self, message: HubMessage, _: &mut Stage<Self>) {
        match message {
            HubMessage::Tick(tick) => self.table.borrow_mut().tick(tick),
            HubMessage::Heard {
                publication,
                hearers,
                seen_at,
            } => {
                self.table.borrow().heard(&publication, &hearers, seen_at);
            }
            HubMessage::Inbox { agent, publication } => {
                let listeners = self.table.borrow().listeners(agent);
                listeners.iter().for_each(|listener| listener.inbox(&publication));
            }
            HubMessage::Channel(publication) => self.table.borrow_mut().publish(&publication),
            HubMessage::Presence {
                channel,
                json,
                protobuf,
            } => {
                self.table.borrow().tell_presence(&channel, &json, &protobuf);
            }
            HubMessage::Region { session, from, to } => {
                let listener = self.table.borrow_mut().change_region(session);
                if let Some(listener) = listener {
                    listener.region(from.as_deref(), to.as_deref());
                }
            }
            HubMessage::Follow { session, from, to } => {
                let listener = self
                    .table
                    .borrow_mut()
                    .follow(session, from.as_ref(), to.as_ref());
                if let Some(listener) = listener {
                    listener.follow(from.as_deref(), to.as_deref());
                }
            }
            HubMessage::Close(whom, reason) => self.table.borrow_mut().close(&whom, reason),
            HubMessage::Unsubscribe { agent, channel } => {
                let listeners = self.table.borrow().listeners(agent);
                listeners
                    .iter()
                    .for_each(|listener| listener.unsubscribe(&channel));
            }
        }
    }
}
