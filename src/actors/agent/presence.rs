//! Presence: an agent is in the world while a socket is open, and for a while after; or while its REST client is active.

use super::join::Join;
use crate::base::id::SessionId;
use crate::base::limit::{LEAVE_GRACE_S, REST_IDLE_S};
use crate::base::time::Timestamp;

/// Who holds an agent in the world.
#[derive(Default)]
pub(super) struct Presence {
    pub(super) sockets: Vec<(SessionId, usize)>,
    pub(super) is_rest: bool,
    pub(super) seen_at: Timestamp,
    pub(super) alone_since: Option<Timestamp>,
    pub(super) counted_at: Option<Timestamp>,
    pub(super) joining: Vec<Join>,
    pub(super) is_entering: bool,
    pub(super) is_leaving: bool,
}

impl Presence {
    /// Notes that the agent did something.
    pub(super) fn note_seen(&mut self, now: Timestamp) {
        self.seen_at = now;
    }

    /// The actor begins: without a socket it has the time of grace from now on.
    pub(super) fn begin(&mut self, now: Timestamp) {
        self.seen_at = now;
        if self.sockets.is_empty() && self.alone_since.is_none() {
            self.alone_since = Some(now);
        }
    }

    /// Forgets who waits to come in; they are told `unavailable`.
    pub(super) fn forget_joining(&mut self) {
        self.joining.clear();
        (self.is_entering, self.is_leaving) = (false, false);
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        if !self.sockets.is_empty() || self.is_entering || self.is_leaving {
            return false;
        }
        let idle_ms = now.since_ms(self.seen_at);
        if self.is_rest {
            return idle_ms > i64::from(REST_IDLE_S) * 1_000;
        }
        self.alone_since
            .is_none_or(|since| now.since_ms(since) > i64::from(LEAVE_GRACE_S) * 1_000)
    }
}
