//! Up to where a neighbour was heard.

use super::{SILENT_MS, Sightings};
use crate::base::id::AgentId;
use std::collections::BTreeSet;

/// Up to where a neighbour was heard.
pub(super) struct Heard {
    epoch: i64,
    number: u64,
    at_ms: i64,
    /// Something is missing: it was asked for all.
    is_torn: bool,
    /// Whom it named since it began to tell all; none when it has ended.
    named: Option<BTreeSet<AgentId>>,
}

impl Default for Heard {
    fn default() -> Self {
        Self {
            epoch: i64::MIN,
            number: 0,
            at_ms: i64::MIN,
            is_torn: false,
            named: None,
        }
    }
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// The next one, or the beginning of everything.
    Next,
    /// Something is missing before it: all must be asked for.
    Torn,
    /// Of no use: of an earlier lease, or after something that is missing.
    Old,
}

impl Heard {
    /// Whether everything was heard that is there.
    pub(super) fn is_whole(&self) -> bool {
        !self.is_torn && self.named.is_none()
    }

    /// Whether nothing of use was heard for too long.
    pub(super) fn is_silent(&self, now_ms: i64) -> bool {
        now_ms.saturating_sub(self.at_ms) > SILENT_MS
    }

    /// Takes the next message.
    pub(super) fn accept(&mut self, next: &Sightings, now_ms: i64) -> Taken {
        if next.epoch < self.epoch {
            return Taken::Old;
        }
        let is_next = next.epoch == self.epoch && next.number == self.number.saturating_add(1);
        if !next.is_whole && (self.is_torn || !is_next) {
            let was_torn = std::mem::replace(&mut self.is_torn, true);
            self.named = None;
            return if was_torn { Taken::Old } else { Taken::Torn };
        }
        (self.epoch, self.number, self.at_ms) = (next.epoch, next.number, now_ms);
        self.is_torn = false;
        if next.is_whole {
            self.named = Some(BTreeSet::new());
        }
        let near = next.near.iter().map(|sighting| sighting.ghost.profile.id);
        if let Some(named) = &mut self.named {
            named.extend(near);
        }
        Taken::Next
    }

    /// All that there are, when a message that was taken ends the telling of all.
    pub(super) fn end_of_whole(&mut self, taken: &Sightings) -> Option<BTreeSet<AgentId>> {
        self.named.take_if(|_| taken.is_last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(epoch: i64, number: u64, is_whole: bool, is_last: bool) -> Sightings {
        Sightings {
            epoch,
            number,
            is_whole,
            is_last,
            near: Vec::new(),
            gone: Vec::new(),
        }
    }

    #[test]
    fn only_what_follows_without_a_gap_is_taken() {
        let mut heard = Heard::default();
        let mut take = |epoch, number, is_whole| heard.accept(&said(epoch, number, is_whole, true), 0);
        assert_eq!(take(1, 5, false), Taken::Torn, "nothing was heard before");
        assert_eq!(take(1, 6, false), Taken::Old, "it was asked already");
        assert_eq!(take(1, 7, true), Taken::Next);
        assert_eq!(take(1, 8, false), Taken::Next);
        assert_eq!(take(1, 8, false), Taken::Torn, "a number twice is no sequence");
        assert_eq!(take(1, 9, false), Taken::Old);
        assert_eq!(take(2, 1, true), Taken::Next);
        assert_eq!(take(1, 10, true), Taken::Old, "of a lease that is over");
        assert_eq!(take(1, 11, false), Taken::Old);
        assert_eq!(take(2, 2, false), Taken::Next);
        assert_eq!(
            take(3, 3, false),
            Taken::Torn,
            "another lease, and not from its beginning"
        );
    }

    #[test]
    fn the_whole_is_there_with_its_last_part() {
        let mut heard = Heard::default();
        let parts = [
            said(1, 1, true, false),
            said(1, 2, false, false),
            said(1, 3, false, true),
        ];
        for part in &parts[..2] {
            assert_eq!(heard.accept(part, 0), Taken::Next);
            assert_eq!((heard.end_of_whole(part), heard.is_whole()), (None, false));
        }
        assert_eq!(heard.accept(&parts[2], 0), Taken::Next);
        assert_eq!(heard.end_of_whole(&parts[2]), Some(BTreeSet::new()));
        assert!(heard.is_whole());
        // A part that is missing: nobody is gone because of it.
        heard.accept(&said(1, 4, true, false), 0);
        let last = said(1, 6, false, true);
        assert_eq!(heard.accept(&last, 0), Taken::Torn);
        assert_eq!((heard.end_of_whole(&last), heard.is_whole()), (None, false));
    }

    #[test]
    fn a_neighbour_is_silent_when_nothing_of_use_came() {
        let mut heard = Heard::default();
        heard.accept(&said(1, 1, true, true), 1_000);
        assert!(!heard.is_silent(1_000 + SILENT_MS));
        heard.accept(&said(1, 9, false, true), 2_000);
        assert!(heard.is_silent(1_001 + SILENT_MS));
    }
}
