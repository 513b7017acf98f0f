//! Publications to those whom they are for.

use super::table::HubTable;
use crate::actors::publication::{Dialect, Publication};
use crate::base::id::{AgentId, SessionId, ShardId};
use crate::domain::space::Cell;
use crate::wire::Encoding;
use bytes::Bytes;
use smallvec::SmallVec;

impl HubTable {
    /// Sends a publication of a channel to its subscribers, each once and without a gap.
    pub(super) fn publish(&mut self, publication: &Publication) {
        let Some(sessions) = self.channels.get(&publication.channel).cloned() else {
            return;
        };
        for session in sessions {
            let Some(entry) = self.sessions.get_mut(&session) else {
                continue;
            };
            if let (Some(offset), Some(position)) =
                (publication.offset, entry.channels.get_mut(&publication.channel))
            {
                if offset <= *position {
                    continue;
                }
                *position = offset;
            }
            let mut outbox = entry.outbox.borrow_mut();
            let piece = publication.piece(outbox.dialect());
            outbox.push(piece);
        }
    }

    /// Sends the push of somebody who came to a channel or left it, each in its own encoding.
    pub(super) fn tell_presence(&self, channel: &str, json: &Bytes, protobuf: &Bytes) {
        for session in self.channels.get(channel).into_iter().flatten() {
            let Some(entry) = self.sessions.get(session) else {
                continue;
            };
            let mut outbox = entry.outbox.borrow_mut();
            match outbox.dialect() {
                Dialect::Centrifuge(Encoding::Json) => outbox.push(json.clone()),
                Dialect::Centrifuge(Encoding::Protobuf) => outbox.push(protobuf.clone()),
                Dialect::ClawBots => {}
            }
        }
    }

    /// Sends a publication to sessions.
    pub(super) fn push_to(&self, sessions: &[SessionId], publication: &Publication) {
        for session in sessions {
            if let Some(entry) = self.sessions.get(session) {
                let mut outbox = entry.outbox.borrow_mut();
                let piece = publication.piece(outbox.dialect());
                outbox.push(piece);
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
        for agent in hearers {
            if let Some(sessions) = self.agents.get(agent) {
                self.push_to(sessions, publication);
            }
        }
        let Some(watchers) = seen_at.and_then(|cell| self.cells.get(&cell)) else {
            return;
        };
        let is_spectator = |session: &&SessionId| {
            self.sessions
                .get(session)
                .is_some_and(|entry| entry.agent.is_none())
        };
        let spectators: SmallVec<[SessionId; 16]> = watchers.iter().filter(is_spectator).copied().collect();
        self.push_to(&spectators, publication);
    }
}
