//! Publications to those whom they are for.

use super::listing::{push, push_news};
use super::table::HubTable;
use crate::actors::publication::{Dialect, Publication};
use crate::base::id::{AgentId, ShardId};
use crate::domain::space::Cell;
use crate::wire::Encoding;
use bytes::Bytes;

impl HubTable {
    /// Sends a publication of a channel to its subscribers, each once and without a gap.
    pub(super) fn publish(&mut self, publication: &Publication) {
        let subscribers = self.channels.get_mut(&publication.channel);
        for subscriber in subscribers.into_iter().flatten() {
            if let Some(offset) = publication.offset {
                if offset <= subscriber.position {
                    continue;
                }
                subscriber.position = offset;
            }
            push(&subscriber.outbox, publication);
        }
    }

    /// Sends the push of somebody who came to a channel or left it, each in its own encoding.
    pub(super) fn tell_presence(&self, channel: &str, json: &Bytes, protobuf: &Bytes) {
        for subscriber in self.channels.get(channel).into_iter().flatten() {
            let mut outbox = subscriber.outbox.borrow_mut();
            match outbox.dialect() {
                Dialect::Centrifuge(Encoding::Json) => outbox.push(json.clone()),
                Dialect::Centrifuge(Encoding::Protobuf) => outbox.push(protobuf.clone()),
                Dialect::ClawBots => {}
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
