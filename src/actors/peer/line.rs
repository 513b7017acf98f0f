//! The stream to and from one node: batches with numbers.

use super::message::{Head, Said};
use crate::base::id::NodeId;
use crate::bus::PAYLOAD_MAX_BYTES;
use crate::guard::seal::{SEAL_LEN, Seal};
use bytes::Bytes;
use std::time::Duration;
use uuid::Uuid;

/// Bytes of a batch's head, behind its seal: the sender and the number.
const HEAD_LEN: usize = 24;
/// Bytes of an entry's length.
const LENGTH_LEN: usize = 4;
/// Bytes after which a batch takes no more.
const BATCH_BYTES: usize = 256 * 1024;
/// A node that says nothing for so long is not asked anything: it beats each second.
const SILENCE: Duration = Duration::from_secs(3);
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
    /// When anything was heard last, by the monotonic clock.
    heard_at: Option<Duration>,
    /// Beats in a row whose digest was not ours.
    pub(super) odd_beats: u32,
}

/// How a batch comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coming {
    /// After the one before it.
    Next,
    /// One before it is missing.
    Gap,
    /// It was heard before.
    Old,
}

impl Line {
    /// A stream whose batches are numbered from the one after this.
    pub(super) fn new(sent: u64) -> Self {
        Self {
            sent,
            ..Self::default()
        }
    }

    /// Adds an entry. Whether somebody must be called to send it.
    pub(super) fn say(&mut self, said: &Said) -> bool {
        let was_empty = self.waiting_bytes == 0;
        // Plain values always encode.
        let Ok(entry) = rmp_serde::to_vec_named(said) else {
            self.skip();
            return false;
        };
        let is_too_long = entry.len().saturating_add(SEAL_LEN + HEAD_LEN + LENGTH_LEN) > PAYLOAD_MAX_BYTES;
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

    /// Takes the batches that wait, with their heads and sealed for a node.
    pub(super) fn take(&mut self, me: NodeId, to: NodeId, seal: &Seal) -> Vec<Bytes> {
        if !self.filling.is_empty() {
            self.full.push(std::mem::take(&mut self.filling));
        }
        self.waiting_bytes = 0;
        let full = std::mem::take(&mut self.full);
        full.into_iter()
            .map(|entries| self.close(me, to, seal, &entries))
            .collect()
    }

    fn close(&mut self, me: NodeId, to: NodeId, seal: &Seal, entries: &[u8]) -> Bytes {
        self.sent = self.sent.saturating_add(1);
        let mut batch = Vec::with_capacity((SEAL_LEN + HEAD_LEN).saturating_add(entries.len()));
        batch.resize(SEAL_LEN, 0);
        batch.extend_from_slice(me.0.as_bytes());
        batch.extend_from_slice(&self.sent.to_le_bytes());
        batch.extend_from_slice(entries);
        if let Some((place, message)) = batch.split_at_mut_checked(SEAL_LEN) {
            place.copy_from_slice(&seal.of(to, message));
        }
        Bytes::from(batch)
    }

    /// Whether the node is there, as far as can be heard at a time of the monotonic clock.
    pub(super) fn is_heard(&self, now: Duration) -> bool {
        self.heard_at.is_some_and(|at| now.saturating_sub(at) < SILENCE)
    }

    /// Notes that a batch was heard, at a time of the monotonic clock.
    pub(super) fn hear(&mut self, number: u64, now: Duration) -> Coming {
        let coming = match self.heard {
            Some(heard) if number <= heard => return Coming::Old,
            Some(heard) if number != heard.saturating_add(1) => Coming::Gap,
            // What came before the first one is told anew to whoever comes.
            Some(_) | None => Coming::Next,
        };
        (self.heard, self.heard_at) = (Some(number), Some(now));
        coming
    }
}

/// Reads a batch to a node: its head and its entries. None: it is none of ours, or not for this node. Entries that cannot be read are left out: a newer version
/// may say what this one does not know.
pub(super) fn open(batch: &[u8], me: NodeId, seal: &Seal) -> Option<(Head, Vec<Said>)> {
    let (sealed, batch) = batch.split_at_checked(SEAL_LEN)?;
    if !seal.is_of(sealed, me, batch) {
        return None;
    }
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

    const ME: NodeId = NodeId(Uuid::from_u128(1));
    const YOU: NodeId = NodeId(Uuid::from_u128(2));

    fn seal() -> Seal {
        Seal::new("secret").unwrap()
    }

    fn hear(line: &mut Line, number: u64) -> Coming {
        line.hear(number, Duration::ZERO)
    }

    fn take(line: &mut Line) -> Vec<Bytes> {
        line.take(ME, YOU, &seal())
    }

    fn read(batch: &[u8]) -> (Head, Vec<Said>) {
        open(batch, YOU, &seal()).unwrap()
    }

    #[test]
    fn what_was_said_comes_out_in_order_and_a_lost_batch_is_noticed() {
        let (mut line, mut there) = (Line::new(0), Line::new(0));
        let called: Vec<bool> = (0..3).map(|number| line.say(&news(number))).collect();
        assert_eq!(called, [true, false, false]);
        let batches = take(&mut line);
        let (head, all) = read(&batches[0]);
        assert_eq!((batches.len(), head), (1, Head { from: ME, number: 1 }));
        let sessions: Vec<String> = all.iter().map(|said| format!("{said:?}")).collect();
        assert_eq!(
            sessions,
            (0..3).map(|n| format!("{:?}", news(n))).collect::<Vec<_>>()
        );
        assert_eq!(hear(&mut there, head.number), Coming::Next, "the first of all");
        let next = |line: &mut Line| {
            line.say(&news(4));
            read(&take(line)[0]).0.number
        };
        let second = next(&mut line);
        assert_eq!(hear(&mut there, second), Coming::Next);
        next(&mut line);
        let fourth = next(&mut line);
        assert_eq!(hear(&mut there, fourth), Coming::Gap);
        assert_eq!(
            (hear(&mut there, fourth), hear(&mut there, second)),
            (Coming::Old, Coming::Old)
        );
        assert!(take(&mut line).is_empty());
    }

    #[test]
    fn who_says_nothing_for_three_seconds_is_not_there() {
        let (mut line, second) = (Line::new(0), Duration::from_secs(1));
        assert!(!line.is_heard(second));
        line.hear(1, second);
        assert!(line.is_heard(second * 4 - Duration::from_millis(1)));
        assert!(!line.is_heard(second * 4));
        line.hear(1, second * 4);
        assert!(!line.is_heard(second * 4), "a repeat is no sign of life");
    }

    #[test]
    fn a_batch_has_a_bound_and_what_is_too_much_leaves_a_gap() {
        let mut line = Line::new(100);
        let long = |length| {
            let handle = crate::domain::agent::Handle::new("a").unwrap();
            Said::News(News::Went(handle, "x".repeat(length).into()))
        };
        for _ in 0..5 {
            line.say(&long(100_000));
        }
        let batches = take(&mut line);
        assert_eq!(batches.len(), 3);
        assert!(
            batches
                .iter()
                .all(|batch| batch.len() <= BATCH_BYTES + HEAD_LEN + SEAL_LEN)
        );
        assert!(!line.say(&long(PAYLOAD_MAX_BYTES)));
        assert!(line.say(&news(1)));
        assert_eq!(
            read(&take(&mut line)[0]).0.number,
            105,
            "104 would have been next"
        );
    }

    #[test]
    fn what_no_node_sealed_for_this_one_is_not_read() {
        let mut line = Line::new(0);
        line.say(&news(1));
        let batch = take(&mut line).remove(0);
        assert!(open(&batch, ME, &seal()).is_none(), "for another node");
        assert!(open(&batch, YOU, &Seal::new("guess").unwrap()).is_none());
        let mut forged = batch.to_vec();
        *forged.last_mut().unwrap() ^= 1;
        assert!(open(&forged, YOU, &seal()).is_none());
        for bytes in [b"".as_slice(), b"{}", &[0; 23], &[0; 60], &[255; 90]] {
            assert!(open(bytes, YOU, &seal()).is_none());
        }
        let short = |message: &[u8]| [seal().of(YOU, message).as_slice(), message].concat();
        assert!(open(&short(&[0; 27]), YOU, &seal()).is_none());
        assert!(open(&short(&[0; 24]), YOU, &seal()).is_some_and(|(_, all)| all.is_empty()));
    }
}
