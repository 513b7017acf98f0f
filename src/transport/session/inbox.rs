//! The order of an inbox on a socket: each entry once, none missing, whatever order the shards' commits come in.

use crate::actors::outbox::SharedOutbox;
use crate::actors::publication::Publication;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// Most entries that wait for one that is missing; more and the socket must recover.
const WAITING_MAX: usize = 256;

/// An inbox shared by a session and its listener, on one thread.
pub type SharedInbox = Rc<RefCell<Inbox>>;

/// Where a socket is in its agent's inbox.
#[derive(Default)]
pub struct Inbox {
    /// The next offset to send; none until the session is open.
    next: Option<u64>,
    waiting: BTreeMap<u64, Arc<Publication>>,
    /// How many looks in a row found entries waiting.
    looks: u32,
}

/// Looks (one a second) after which an entry that does not come is taken for lost.
const LOOKS_MAX: u32 = 3;

/// What an entry did.
#[derive(Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is sent, or was before.
    Done,
    /// It waits for an earlier one.
    Waiting,
    /// Too many wait.
    Overflow,
}

impl Inbox {
    /// An inbox that holds everything back until it is opened.
    pub fn shared() -> SharedInbox {
        Rc::new(RefCell::new(Self::default()))
    }

    /// Everything up to `top` was sent with the answer to `connect`; goes on from there.
    pub fn open(&mut self, top: u64, outbox: &SharedOutbox) {
        self.next = Some(top.saturating_add(1));
        self.drain(outbox);
    }

    /// Takes an entry.
    pub fn accept(&mut self, publication: &Arc<Publication>, outbox: &SharedOutbox) -> Accepted {
        let Some(offset) = publication.offset else {
            return Accepted::Done;
        };
        if self.next.is_some_and(|next| offset < next) {
            return Accepted::Done;
        }
        self.waiting.insert(offset, Arc::clone(publication));
        self.drain(outbox);
        match self.waiting.len() {
            0 => Accepted::Done,
            waiting if waiting > WAITING_MAX => Accepted::Overflow,
            _ => Accepted::Waiting,
        }
    }

    /// Looks, once a second, whether an entry is missing for too long: then the client must recover from the database.
    pub fn is_stuck(&mut self) -> bool {
        self.looks = if self.is_waiting() {
            self.looks.saturating_add(1)
        } else {
            0
        };
        self.looks > LOOKS_MAX
    }

    /// Whether an entry is missing.
    pub fn is_waiting(&self) -> bool {
        self.next.is_some() && !self.waiting.is_empty()
    }

    fn drain(&mut self, outbox: &SharedOutbox) {
        let Some(mut next) = self.next else { return };
        self.waiting = self.waiting.split_off(&next);
        while let Some(publication) = self.waiting.remove(&next) {
            let mut outbox = outbox.borrow_mut();
            let piece = publication.piece(outbox.dialect());
            outbox.push(piece);
            next = next.saturating_add(1);
        }
        self.next = Some(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::outbox::Outbox;
    use crate::actors::publication::Dialect;
    use crate::wire::Encoding;
    use bytes::Bytes;

    fn entry(offset: u64) -> Arc<Publication> {
        Publication::with_offset("#a".into(), Bytes::from_static(b"{}"), Some(offset), None)
    }

    fn sent(outbox: &SharedOutbox) -> usize {
        let mut pieces = Vec::new();
        outbox.borrow_mut().take(&mut pieces);
        pieces.len()
    }

    #[test]
    fn entries_leave_in_order_and_once() {
        let outbox: SharedOutbox = Rc::new(RefCell::new(Outbox::new(Dialect::Centrifuge(Encoding::Json))));
        let mut inbox = Inbox::default();
        assert_eq!(inbox.accept(&entry(4), &outbox), Accepted::Waiting);
        assert_eq!(inbox.accept(&entry(3), &outbox), Accepted::Waiting);
        inbox.open(3, &outbox);
        assert_eq!(sent(&outbox), 1);
        assert_eq!(inbox.accept(&entry(6), &outbox), Accepted::Waiting);
        assert_eq!(inbox.accept(&entry(4), &outbox), Accepted::Done);
        assert_eq!(inbox.accept(&entry(5), &outbox), Accepted::Done);
        assert_eq!(sent(&outbox), 2);
    }

    #[test]
    fn an_entry_that_never_comes_is_noticed() {
        let outbox: SharedOutbox = Rc::new(RefCell::new(Outbox::new(Dialect::Centrifuge(Encoding::Json))));
        let mut inbox = Inbox::default();
        inbox.open(0, &outbox);
        assert_eq!(inbox.accept(&entry(2), &outbox), Accepted::Waiting);
        assert_eq!(
            (0..4).map(|_| inbox.is_stuck()).collect::<Vec<_>>(),
            [false, false, false, true]
        );
        inbox.accept(&entry(1), &outbox);
        assert!(!inbox.is_stuck());
    }
}
