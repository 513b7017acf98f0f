//! Lists of sessions by what they have in common: an agent, a cell, a channel. Those of cells and channels have each session's
//! outbox with them, so that a publication finds it without a look into another map.

use super::subscribing::Bond;
use crate::actors::outbox::SharedOutbox;
use crate::actors::publication::Publication;
use crate::base::id::SessionId;
use smallvec::SmallVec;
use std::collections::HashMap;
use std::hash::BuildHasher;

/// Takes a session out of a list; an empty list is forgotten.
pub(super) fn take_out<K, Q, L, H>(map: &mut HashMap<K, L, H>, key: &Q, session: SessionId)
where
    H: BuildHasher,
    K: std::hash::Hash + Eq + std::borrow::Borrow<Q>,
    Q: std::hash::Hash + Eq + ?Sized,
    L: Sessions,
{
    if let Some(list) = map.get_mut(key)
        && list.take_out(session)
    {
        map.remove(key);
    }
}

/// A list of sessions from which one can be taken.
pub(super) trait Sessions {
    /// Takes a session out; whether the list is empty then.
    fn take_out(&mut self, session: SessionId) -> bool;
}

impl<M: Member> Sessions for Vec<M> {
    fn take_out(&mut self, session: SessionId) -> bool {
        self.retain(|other| other.session() != session);
        self.is_empty()
    }
}

/// An entry of a list.
pub(super) trait Member {
    /// Whose it is.
    fn session(&self) -> SessionId;
}

/// A session that sees a cell.
pub(super) struct Watcher {
    pub(super) session: SessionId,
    pub(super) outbox: SharedOutbox,
    /// Whether it is nobody's in the world.
    pub(super) is_spectator: bool,
}

impl Member for Watcher {
    fn session(&self) -> SessionId {
        self.session
    }
}

/// A session that is subscribed to a channel.
pub(super) struct Subscriber {
    pub(super) session: SessionId,
    pub(super) outbox: SharedOutbox,
    /// The offset of the last publication sent.
    pub(super) position: u64,
    /// Where nodes share the world.
    pub(super) bond: Option<Box<Bond>>,
}

impl Member for Subscriber {
    fn session(&self) -> SessionId {
        self.session
    }
}

/// Queues a publication in the socket's own encoding.
pub(super) fn push(outbox: &SharedOutbox, publication: &Publication) {
    let mut outbox = outbox.borrow_mut();
    let piece = publication.piece(outbox.dialect());
    outbox.push(piece);
}

/// Queues news of what is around in the socket's own encoding.
pub(super) fn push_news(outbox: &SharedOutbox, publication: &Publication) {
    let mut outbox = outbox.borrow_mut();
    let piece = publication.piece(outbox.dialect());
    outbox.push_news(piece);
}

impl Sessions for SmallVec<[SessionId; 3]> {
    fn take_out(&mut self, session: SessionId) -> bool {
        self.retain(|other| *other != session);
        self.is_empty()
    }
}
