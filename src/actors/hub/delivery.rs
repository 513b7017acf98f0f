//! Publications to those whom they are for.

use super::listing::{push, push_news};
use super::subscribing::{Accepted, Lost, presence_piece};
use super::table::HubTable;
use crate::actors::publication::Publication;
use crate::base::id::{AgentId, ShardId};
use crate::domain::space::Cell;
use bytes::Bytes;
use std::sync::Arc;

impl HubTable {
    /// Sends a publication of a channel to its subscribers, each once and without a gap. Gives those of whom one before it got lost:
    /// their subscriptions have ended.
    pub(super) fn publish(&mut self, publication: &Arc<Publication>) -> Vec<Lost> {
        let mut torn = Vec::new();
        let subscribers = self.channels.get_mut(&publication.channel);
        for subscriber in subscribers.into_iter().flatten() {
            if subscriber.hold_back(publication) {
                continue;
            }
            match subscriber.accept(publication) {
                Accepted::New => push(&subscriber.outbox, publication),
                Accepted::Known => {}
                Accepted::Torn => torn.push(subscriber.session),
            }
        }
        torn.into_iter()
            .filter_map(|session| self.lose(session, &publication.channel))
            .collect()
    }

    /// Sends the push of somebody who came to a channel or left it, each in its own encoding.
    pub(super) fn tell_presence(&mut self, channel: &str, json: &Bytes, protobuf: &Bytes) {
        for subscriber in self.channels.get_mut(channel).into_iter().flatten() {
            if subscriber.hold_back_presence(json, protobuf) {
                continue;
            }
            if let Some(piece) = presence_piece(&subscriber.outbox, json, protobuf) {
                subscriber.outbox.borrow_mut().push(piece);
            }
        }
    }

    /// Sends what agents hear to their sockets, and to spectators that look where it is seen.
    pub(super) fn heard(
        &self,
        publication: &Publication,
        hearers: &[AgentId],
        seen_at: Option<(ShardId, Cell)>,
    ) {
        let sessions = hearers
            .iter()
            .filter_map(|agent| self.agents.get(agent))
            .flatten();
        for entry in sessions.filter_map(|session| self.sessions.get(session)) {
            push_news(&entry.outbox, publication);
        }
        let watchers = seen_at.and_then(|cell| self.cells.get(&cell));
        for watcher in watchers
            .into_iter()
            .flatten()
            .filter(|watcher| watcher.is_spectator)
        {
            push_news(&watcher.outbox, publication);
        }
    }
}
