//! The history of one channel: a bounded stream of publications, in which an epoch and an offset are a place.

use crate::actors::publication::Publisher;
use crate::base::limit::{
    CHANNEL_HISTORY_MAX, CHANNEL_HISTORY_MAX_BYTES, CHANNEL_HISTORY_MS, RECOVERY_MAX_BYTES,
};
use crate::base::ring::Ring;
use crate::base::time::Timestamp;
use crate::wire::request::StreamPosition;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// What a kept publication takes beside its payload, rounded up. Units: bytes.
const KEPT_OVERHEAD_BYTES: usize = 512;

/// A publication that a channel remembers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kept {
    /// Its place in the stream.
    pub offset: u64,
    /// When it was published.
    pub at: Timestamp,
    /// What: JSON text.
    pub data: Bytes,
    /// Who published it.
    #[serde(with = "publisher")]
    pub publisher: Option<Publisher>,
}

impl Kept {
    /// Bytes of its payload and of what is told of its publisher.
    pub fn bytes(&self) -> usize {
        let info = self.publisher.as_ref().map_or(0, |info| info.conn_info.len());
        self.data.len().saturating_add(info)
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        now.since_ms(self.at) <= CHANNEL_HISTORY_MS
    }
}

/// The history of a channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct History {
    /// Names the stream.
    pub epoch: String,
    /// The offset of the latest publication.
    pub top: u64,
    /// What is kept, oldest first.
    pub kept: Vec<Kept>,
}

/// Where a channel's stream is, and what of it a client asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Position {
    /// Names the stream; offsets of another epoch mean nothing in it.
    pub epoch: String,
    /// The offset of the latest publication.
    pub top: u64,
    /// What came after the asked position; none when that is not known any more, or too much for one answer.
    pub missed: Option<Vec<Kept>>,
}

/// What a channel keeps. Dropping publications leaves its place, so that readers notice the gap.
pub(super) struct Stream {
    epoch: String,
    kept: Ring<Kept>,
    bytes: usize,
}

impl Stream {
    pub fn new(epoch: String) -> Self {
        Self {
            epoch,
            kept: Ring::new(CHANNEL_HISTORY_MAX),
            bytes: 0,
        }
    }

    /// The offset that the next publication gets.
    pub fn next_offset(&self) -> u64 {
        self.kept.newest_offset().saturating_add(1)
    }

    /// Keeps a publication, which has the next offset.
    pub fn keep(&mut self, kept: Kept) {
        self.bytes = self.bytes.saturating_add(kept.bytes());
        if self.kept.len() >= CHANNEL_HISTORY_MAX {
            self.drop_oldest();
        }
        self.kept.push(kept);
        while self.bytes > CHANNEL_HISTORY_MAX_BYTES && self.kept.len() > 1 {
            self.drop_oldest();
        }
    }

    pub fn drop_expired(&mut self, now: Timestamp) {
        while self.kept.oldest().is_some_and(|kept| !kept.is_fresh(now)) {
            self.drop_oldest();
        }
    }

    pub fn clear(&mut self) {
        self.kept.clear();
        self.bytes = 0;
    }

    /// What it takes of the node's memory. Units: bytes.
    pub fn weight(&self) -> usize {
        self.kept
            .len()
            .saturating_mul(KEPT_OVERHEAD_BYTES)
            .saturating_add(self.bytes)
    }

    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Whether nothing was ever kept.
    pub fn is_unused(&self) -> bool {
        self.kept.newest_offset() == 0
    }

    /// Where it is, with what a client missed.
    pub fn position(&self, missed: Option<Vec<Kept>>) -> Position {
        Position {
            epoch: self.epoch.clone(),
            top: self.kept.newest_offset(),
            missed,
        }
    }

    /// What came after a position; none when not all of it is known, or it is too much for one answer.
    pub fn since(&self, since: &StreamPosition, now: Timestamp) -> Option<Vec<Kept>> {
        if !since.epoch.is_empty() && since.epoch != self.epoch {
            return None;
        }
        let kept: Vec<Kept> = self
            .kept
            .since(since.offset)?
            .map(|(_, kept)| kept.clone())
            .collect();
        let bytes = kept
            .iter()
            .fold(0_usize, |sum, kept| sum.saturating_add(kept.bytes()));
        (bytes <= RECOVERY_MAX_BYTES && kept.iter().all(|kept| kept.is_fresh(now))).then_some(kept)
    }

    /// All that is kept and not too old.
    pub fn history(&self, now: Timestamp) -> History {
        let top = self.kept.newest_offset();
        let oldest = self.kept.oldest_offset();
        let before = oldest.map_or(top, |oldest| oldest.saturating_sub(1));
        let kept = self
            .kept
            .since(before)
            .into_iter()
            .flatten()
            .map(|(_, kept)| kept);
        History {
            epoch: self.epoch.clone(),
            top,
            kept: kept.filter(|kept| kept.is_fresh(now)).cloned().collect(),
        }
    }

    fn drop_oldest(&mut self) {
        let bytes = self.kept.drop_oldest().map_or(0, |kept| kept.bytes());
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

/// A publisher on its way to another node.
mod publisher {
    use super::Publisher;
    use crate::actors::peer::message::Client;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        publisher: &Option<Publisher>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        publisher.clone().map(Client::from).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Publisher>, D::Error> {
        Ok(Option::<Client>::deserialize(deserializer)?.map(Publisher::from))
    }
}
