//! Lists of sessions by what they have in common: an agent, a cell, a channel.

use crate::base::id::SessionId;
use smallvec::SmallVec;
use std::collections::HashMap;

/// Takes a session out of a list; an empty list is forgotten.
pub(super) fn take_out<K, Q, L>(map: &mut HashMap<K, L>, key: &Q, session: SessionId)
where
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

impl Sessions for Vec<SessionId> {
    fn take_out(&mut self, session: SessionId) -> bool {
        self.retain(|other| *other != session);
        self.is_empty()
    }
}

impl Sessions for SmallVec<[SessionId; 3]> {
    fn take_out(&mut self, session: SessionId) -> bool {
        self.retain(|other| *other != session);
        self.is_empty()
    }
}
