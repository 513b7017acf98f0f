//! The stream to and from one node: batches with numbers.

use super::message::{Head, Said};
use crate::base::id::NodeId;
use crate::bus::PAYLOAD_MAX_BYTES;
use bytes::Bytes;
use uuid::Uuid;

/// Bytes of a batch's head: the sender and the number.
const HEAD_LEN: usize = 24;
/// Bytes of an entry's length.
const LENGTH_LEN: usize = 4;
/// Bytes after which a batch takes no more.
const BATCH_BYTES: usize = 256 * 1024;
/// Bytes that wait to be sent to one node; more are dropped, and noticed there as a gap.
const WAITING_MAX_BYTES: usize = 32 * 1024 * 1024;

/// The stream to and from one node.
#[derive(Default)]
pub(super) struct Line {
    /// Whole batches, without their heads.
    full: Vec<Vec<u8>>,
    /// The batch that is being filled.
    filling: Vec<u8>,
    waiting_bytes: usize,
    /// The number of the last batch that was sent.
    sent: u64,
    /// The number of the last batch that was heard; none before the first.
    heard: Option<u64>,
    /// Beats in a row whose digest was not ours.
    pub(super) odd_beats: u32,
}

impl Line {
    /// Adds an entry. Whether somebody must be called to send it.
    pub(super) fn say(&mut self, said: &Said) -> bool {
        let was_empty = self.waiting_bytes == 0;
        // Plain values always encode.
        let Ok(entry) = rmp_serde::to_vec_named(said) else {
            self.skip();
            return false;
        };
        let is_too_long = entry.len().saturating_add(HEAD_LEN + LENGTH_LEN) > PAYLOAD_MAX_BYTES;
        if is_too_long || self.waiting_bytes.saturating_add(entry.len()) > WAITING_MAX_BYTES {
            self.skip();
            return false;
        }
        let length = u32::try_from(entry.len()).unwrap_or(u32::MAX);
        let room = BATCH_BYTES.saturating_sub(entry.len());
        if !self.filling.is_empty() && self.filling.len() > room {
            self.full.push(std::mem::take(&mut self.filling));
        }
        self.filling.extend_from_slice(&length.to_le_bytes());
        self.filling.extend_from_slice(&entry);
        self.waiting_bytes = self.waiting_bytes.saturating_add(entry.len() + LENGTH_LEN);
        was_empty
    }

    /// Leaves a number out: the other side notices that something is missing.
    fn skip(&mut self) {
        self.sent = self.sent.saturating_add(1);
    }

    /// Takes the batches that wait, with their heads.
    pub(super) fn take(&mut self, me: NodeId) -> Vec<Bytes> {
        if !self.filling.is_empty() {
            self.full.push(std::mem::take(&mut self.filling));
        }
        self.waiting_bytes = 0;
        let full = std::mem::take(&mut self.full);
        full.into_iter().map(|entries| self.seal(me, &entries)).collect()
    }

    fn seal(&mut self, me: NodeId, entries: &[u8]) -> Bytes {
        self.sent = self.sent.saturating_add(1);
        let mut batch = Vec::with_capacity(HEAD_LEN.saturating_add(entries.len()));
        batch.extend_from_slice(me.0.as_bytes());
        batch.extend_from_slice(&self.sent.to_le_bytes());
        batch.extend_from_slice(entries);
        Bytes::from(batch)
    }

    /// Notes that a batch was heard. Whether one before it is missing.
    pub(super) fn hear(&mut self, number: u64) -> bool {
        let expected = self.heard.map_or(1, |heard| heard.saturating_add(1));
        self.heard = Some(number);
        number != expected
    }
}

/// Reads a batch: its head and its entries. None: it is none of ours. Entries that cannot be read are left out: a newer version
/// may say what this one does not know.
pub(super) fn open(batch: &[u8]) -> Option<(Head, Vec<Said>)> {
    let (head, mut rest) = batch.split_at_checked(HEAD_LEN)?;
    let (from, number) = head.split_at_checked(16)?;
    let head = Head {
        from: NodeId(Uuid::from_slice(from).ok()?),
        number: u64::from_le_bytes(number.try_into().ok()?),
    };
    let mut all = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_at_checked(LENGTH_LEN)?;
        let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
        let (entry, after) = after.split_at_checked(length)?;
        rest = after;
        match rmp_serde::from_slice(entry) {
            Ok(said) => all.push(said),
            Err(error) => tracing::warn!(error = %error, "a node said what this one does not understand"),
        }
    }
    Some((head, all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::peer::message::News;
    use crate::base::id::{SessionId, ShardId};

    fn news(number: u128) -> Said {
        Said::News(News::Unwatch(ShardId(7), SessionId(Uuid::from_u128(number))))
    }

    #[test]
    fn what_was_said_comes_out_in_order_and_a_lost_batch_is_noticed() {
        let me = NodeId(Uuid::from_u128(1));
        let (mut line, mut there) = (Line::default(), Line::default());
        let called: Vec<bool> = (0..3).map(|number| line.say(&news(number))).collect();
        assert_eq!(called, [true, false, false]);
        let batches = line.take(me);
        let (head, all) = open(&batches[0]).unwrap();
        assert_eq!((batches.len(), head), (1, Head { from: me, number: 1 }));
        let sessions: Vec<String> = all.iter().map(|said| format!("{said:?}")).collect();
        assert_eq!(
            sessions,
            (0..3).map(|n| format!("{:?}", news(n))).collect::<Vec<_>>()
        );
        assert!(!there.hear(head.number));
        assert!(line.say(&news(4)) && line.take(me).len() == 1, "lost");
        line.say(&news(5));
        let (head, _) = open(&line.take(me)[0]).unwrap();
        assert!(there.hear(head.number));
        assert!(line.take(me).is_empty());
    }

    #[test]
    fn a_batch_has_a_bound_and_what_is_too_much_leaves_a_gap() {
        let me = NodeId(Uuid::nil());
        let mut line = Line::default();
        let long = || {
            Said::News(News::Went(
                crate::domain::agent::Handle::new("a").unwrap(),
                "x".repeat(100_000).into(),
            ))
        };
        (0..5).for_each(|_| {
            line.say(&long());
        });
        let batches = line.take(me);
        assert_eq!(batches.len(), 3);
        assert!(batches.iter().all(|batch| batch.len() <= BATCH_BYTES + HEAD_LEN));
        let too_long = Said::News(News::Went(
            crate::domain::agent::Handle::new("a").unwrap(),
            "x".repeat(PAYLOAD_MAX_BYTES).into(),
        ));
        assert!(!line.say(&too_long));
        assert!(line.say(&news(1)));
        assert_eq!(
            open(&line.take(me)[0]).unwrap().0.number,
            5,
            "four would have been next"
        );
    }

    #[test]
    fn what_is_no_batch_is_not_read() {
        for bytes in [b"".as_slice(), b"{}", &[0; 23], &[0; 27], &[255; 40]] {
            assert!(open(bytes).is_none());
        }
        assert!(open(&[0; 24]).is_some_and(|(_, all)| all.is_empty()));
    }
}
