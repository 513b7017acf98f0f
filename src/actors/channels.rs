//! Channels of this node: history, presence, and the order of publications. In memory; an epoch tells when it was lost.

use super::directory::Directory;
use super::hub::HubMessage;
use super::node::Limiter;
use super::publication::{Publication, Publisher};
use crate::base::limit::{
    CHANNEL_HISTORY_MAX, CHANNEL_HISTORY_MAX_BYTES, CHANNEL_HISTORY_MS, CHANNELS_PER_NODE_MAX,
    PUBLISHERS_PER_NODE_MAX, RECOVERY_MAX_BYTES,
};
use crate::base::ring::Ring;
use crate::base::time::Timestamp;
use crate::domain::refusal::{Code, Refusal};
use crate::host::clock::Clock;
use crate::wire::push::{ClientInfo, Join, Leave, Push, PushBody};
use crate::wire::request::StreamPosition;
use crate::wire::{self, Encoding, Reply};
use bytes::Bytes;
use dashmap::DashMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A publication that a channel remembers.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its place in the stream.
    pub offset: u64,
    /// When it was published.
    pub at: Timestamp,
    /// What.
    pub publication: Arc<Publication>,
}

impl Kept {
    /// Bytes of its payload and of what is told of its publisher.
    pub fn bytes(&self) -> usize {
        let info = self
            .publication
            .publisher
            .as_ref()
            .map_or(0, |info| info.conn_info.len());
        self.publication.data.len().saturating_add(info)
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        now.since_ms(self.at) <= CHANNEL_HISTORY_MS
    }
}

struct Channel {
    epoch: String,
    history: Ring<Kept>,
    bytes: usize,
    presence: BTreeMap<String, ClientInfo>,
}

impl Channel {
    fn keep(&mut self, kept: Kept) {
        self.bytes = self.bytes.saturating_add(kept.bytes());
        if self.history.len() >= CHANNEL_HISTORY_MAX {
            self.drop_oldest();
        }
        self.history.push(kept);
        while self.bytes > CHANNEL_HISTORY_MAX_BYTES && self.history.len() > 1 {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let bytes = self.history.drop_oldest().map_or(0, |kept| kept.bytes());
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    fn drop_expired(&mut self, now: Timestamp) {
        while self.history.oldest().is_some_and(|kept| !kept.is_fresh(now)) {
            self.drop_oldest();
        }
    }

    /// Nobody is on it and nothing was ever kept.
    fn is_unused(&self) -> bool {
        self.presence.is_empty() && self.history.newest_offset() == 0
    }

    fn missed(&self, since: &StreamPosition, now: Timestamp) -> Option<Vec<Kept>> {
        if !since.epoch.is_empty() && since.epoch != self.epoch {
            return None;
        }
        let kept: Vec<Kept> = self
            .history
            .since(since.offset)?
            .map(|(_, kept)| kept.clone())
            .collect();
        let bytes = kept
            .iter()
            .fold(0_usize, |sum, kept| sum.saturating_add(kept.bytes()));
        (bytes <= RECOVERY_MAX_BYTES && kept.iter().all(|kept| kept.is_fresh(now))).then_some(kept)
    }
}

/// Where a channel's stream is, and what of it a client asked for.
#[derive(Clone, Debug)]
pub struct Position {
    /// Names the stream; offsets of another epoch mean nothing in it.
    pub epoch: String,
    /// The offset of the latest publication.
    pub top: u64,
    /// What came after the asked position; none when that is not known any more, or too much for one answer.
    pub missed: Option<Vec<Kept>>,
}

/// The history of a channel.
#[derive(Clone, Debug)]
pub struct History {
    /// Names the stream.
    pub epoch: String,
    /// The offset of the latest publication.
    pub top: u64,
    /// What is kept, oldest first.
    pub kept: Vec<Kept>,
}

/// The channels of this node. Only subscribing and publishing make a channel; questions about one that is not there are answered empty.
pub struct Channels {
    epoch: String,
    // Goes up when a channel with a position is forgotten: its successor must not have the same epoch.
    generation: AtomicU64,
    channels: DashMap<Arc<str>, Channel>,
    publishers: DashMap<String, Limiter>,
}

impl Channels {
    /// No channels yet, under a fresh epoch.
    pub fn new(epoch: String) -> Self {
        Self {
            epoch,
            generation: AtomicU64::new(0),
            channels: DashMap::new(),
            publishers: DashMap::new(),
        }
    }

    /// The epoch of a channel that would be made now.
    fn fresh_epoch(&self) -> String {
        format!("{}-{}", self.epoch, self.generation.load(Ordering::SeqCst))
    }

    /// Works on a channel, made when it is not there. Errors: `overloaded`.
    fn with<T>(&self, name: &str, work: impl FnOnce(&mut Channel) -> T) -> Result<T, Refusal> {
        if let Some(mut channel) = self.channels.get_mut(name) {
            return Ok(work(&mut channel));
        }
        if self.channels.len() >= CHANNELS_PER_NODE_MAX {
            return Err(Refusal::new(Code::Overloaded, "too many channels").retry_after(5_000));
        }
        // The epoch is read under the lock of the entry, so after any sweep that forgot this name.
        let fresh = || Channel {
            epoch: self.fresh_epoch(),
            history: Ring::new(CHANNEL_HISTORY_MAX),
            bytes: 0,
            presence: BTreeMap::new(),
        };
        Ok(work(&mut self.channels.entry(name.into()).or_insert_with(fresh)))
    }

    /// Publishes: keeps it when the channel has a history, and sends it to this node's subscribers.
    /// Errors: `overloaded`.
    pub fn publish(
        &self,
        directory: &Directory,
        name: &str,
        data: Bytes,
        publisher: Option<Publisher>,
        is_kept: bool,
        now: Timestamp,
    ) -> Result<Option<u64>, Refusal> {
        if !is_kept {
            let publication = Publication::with_offset(name.into(), data, None, publisher);
            directory.tell_hubs(|| HubMessage::Channel(Arc::clone(&publication)));
            return Ok(None);
        }
        self.with(name, |channel| {
            let offset = channel.history.newest_offset().saturating_add(1);
            let publication = Publication::with_offset(name.into(), data, Some(offset), publisher);
            channel.keep(Kept {
                offset,
                at: now,
                publication: Arc::clone(&publication),
            });
            // Under the lock, so that every hub sees the channel's publications in their order.
            directory.tell_hubs(|| HubMessage::Channel(Arc::clone(&publication)));
            Some(offset)
        })
    }

    /// Counts a publication of a user, over all sockets. Errors: `rate_limited`, `overloaded`.
    pub fn count_publish(
        &self,
        user: &str,
        clock: &Clock,
        fresh: impl FnOnce() -> Limiter,
    ) -> Result<(), Refusal> {
        if let Some(mut limiter) = self.publishers.get_mut(user) {
            return limiter.check(clock);
        }
        if self.publishers.len() >= PUBLISHERS_PER_NODE_MAX {
            return Err(Refusal::new(Code::Overloaded, "too many publish at once").retry_after(5_000));
        }
        self.publishers
            .entry(user.to_owned())
            .or_insert_with(fresh)
            .check(clock)
    }

    /// Notes that a client is on a channel, tells the others, and says where the channel is and what came after a position.
    /// None: not all of that is known any more, and the client comes only when it is. Errors: `overloaded`.
    pub fn come(
        &self,
        directory: &Directory,
        name: &str,
        info: ClientInfo,
        since: Option<&StreamPosition>,
        must_recover: bool,
        now: Timestamp,
    ) -> Result<Option<Position>, Refusal> {
        let position = self.with(name, |channel| {
            let missed = since.and_then(|since| channel.missed(since, now));
            if must_recover && missed.is_none() {
                return None;
            }
            channel.presence.insert(info.client.clone(), info.clone());
            tell(
                directory,
                name,
                PushBody::Join(Box::new(Join { info: Some(info) })),
            );
            Some(Position {
                epoch: channel.epoch.clone(),
                top: channel.history.newest_offset(),
                missed,
            })
        })?;
        if position.is_none() {
            self.channels.remove_if(name, |_, channel| channel.is_unused());
        }
        Ok(position)
    }

    /// Notes that a client left a channel and tells the others. A channel that nobody is on and that never kept anything is forgotten.
    pub fn go(&self, directory: &Directory, name: &str, client: &str) {
        if let Some(mut channel) = self.channels.get_mut(name) {
            let Some(info) = channel.presence.remove(client) else {
                return;
            };
            tell(
                directory,
                name,
                PushBody::Leave(Box::new(Leave { info: Some(info) })),
            );
        }
        self.channels.remove_if(name, |_, channel| channel.is_unused());
    }

    /// The history of a channel, as far as it is kept.
    pub fn history(&self, name: &str, now: Timestamp) -> History {
        let Some(channel) = self.channels.get(name) else {
            return History {
                epoch: self.fresh_epoch(),
                top: 0,
                kept: Vec::new(),
            };
        };
        let top = channel.history.newest_offset();
        let oldest = channel
            .history
            .oldest_offset()
            .map_or(top, |oldest| oldest.saturating_sub(1));
        let kept = channel
            .history
            .since(oldest)
            .into_iter()
            .flatten()
            .map(|(_, kept)| kept);
        let kept = kept.filter(|kept| kept.is_fresh(now)).cloned().collect();
        History {
            epoch: channel.epoch.clone(),
            top,
            kept,
        }
    }

    /// Who is on a channel, by client id.
    pub fn presence(&self, name: &str) -> BTreeMap<String, ClientInfo> {
        self.channels
            .get(name)
            .map(|channel| channel.presence.clone())
            .unwrap_or_default()
    }

    /// Drops what is too old, forgets channels that nobody is on and that keep nothing, and publishers at rest.
    pub fn sweep(&self, clock: &Clock) {
        let now = Timestamp(clock.now_ms());
        let mut is_bumped = false;
        self.channels.retain(|_, channel| {
            channel.drop_expired(now);
            let is_kept = !channel.presence.is_empty() || !channel.history.is_empty();
            if !is_kept && !channel.is_unused() && !std::mem::replace(&mut is_bumped, true) {
                // Before the entry is gone: whoever makes the channel again gets a later epoch.
                self.generation.fetch_add(1, Ordering::SeqCst);
            }
            is_kept
        });
        self.publishers.retain(|_, limiter| !limiter.is_idle(clock));
    }
}

fn tell(directory: &Directory, name: &str, body: PushBody) {
    let push = Reply::push(Push::of(name, body));
    let (json, protobuf) = (
        wire::encode_reply(Encoding::Json, &push),
        wire::encode_reply(Encoding::Protobuf, &push),
    );
    let channel: Arc<str> = name.into();
    directory.tell_hubs(|| HubMessage::Presence {
        channel: Arc::clone(&channel),
        json: json.clone(),
        protobuf: protobuf.clone(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::TickRate;
    use crate::config::{Bucket, Limits};
    use crate::domain::region::World;

    const ROOM: &str = "public.room";

    struct Stage {
        channels: Channels,
        directory: Directory,
        clock: Clock,
    }

    impl Stage {
        fn new() -> Self {
            let rate = TickRate {
                epoch: Timestamp(0),
                tick_ms: 100,
            };
            let directory = Directory::new(World {
                rate,
                seed: 0,
                regions: Vec::new(),
                shards: Vec::new(),
            });
            Self {
                channels: Channels::new("e".to_owned()),
                directory,
                clock: Clock::manual(1_700_000_000_000),
            }
        }

        fn now(&self) -> Timestamp {
            Timestamp(self.clock.now_ms())
        }

        fn publish(&self, size: usize) -> u64 {
            let data = Bytes::from(vec![b'1'; size]);
            self.channels
                .publish(&self.directory, ROOM, data, None, true, self.now())
                .unwrap()
                .unwrap()
        }

        fn come(&self, since: Option<(&str, u64)>, must_recover: bool) -> Option<Position> {
            let info = ClientInfo {
                client: "c".to_owned(),
                ..ClientInfo::default()
            };
            let since = since.map(|(epoch, offset)| StreamPosition {
                offset,
                epoch: epoch.to_owned(),
            });
            self.channels
                .come(
                    &self.directory,
                    ROOM,
                    info,
                    since.as_ref(),
                    must_recover,
                    self.now(),
                )
                .unwrap()
        }

        fn go(&self) {
            self.channels.go(&self.directory, ROOM, "c");
        }
    }

    #[test]
    fn questions_make_no_channel() {
        let stage = Stage::new();
        let history = stage.channels.history(ROOM, stage.now());
        assert_eq!((history.top, history.kept.len()), (0, 0));
        assert!(stage.channels.presence(ROOM).is_empty());
        assert!(
            stage.come(Some(("another", 4)), true).is_none(),
            "refused, so not there either"
        );
        assert!(stage.channels.channels.is_empty());
        stage.come(None, false).unwrap();
        assert_eq!(
            (stage.channels.channels.len(), stage.channels.presence(ROOM).len()),
            (1, 1)
        );
        stage.go();
        assert!(stage.channels.channels.is_empty());
    }

    #[test]
    fn a_channel_that_was_forgotten_comes_back_as_another_stream() {
        let stage = Stage::new();
        let first = stage.come(None, false).unwrap();
        assert_eq!(stage.publish(1), 1);
        stage.go();
        stage.channels.sweep(&stage.clock);
        let again = stage.come(Some((&first.epoch, 0)), false).unwrap();
        assert_eq!(
            (again.top, again.missed.map(|missed| missed.len())),
            (1, Some(1)),
            "not old yet"
        );
        stage.go();
        stage
            .clock
            .advance(u64::try_from(CHANNEL_HISTORY_MS).unwrap() + 1);
        stage.channels.sweep(&stage.clock);
        assert!(stage.channels.channels.is_empty());
        let other = stage.come(Some((&first.epoch, 0)), false).unwrap();
        assert_eq!((other.top, other.missed.is_none()), (0, true));
        assert_ne!(other.epoch, first.epoch);
        assert_eq!(stage.channels.history(ROOM, stage.now()).epoch, other.epoch);
    }

    #[test]
    fn a_channel_with_somebody_on_it_loses_what_is_old_and_keeps_its_place() {
        let stage = Stage::new();
        let first = stage.come(None, false).unwrap();
        stage.publish(10);
        stage
            .clock
            .advance(u64::try_from(CHANNEL_HISTORY_MS).unwrap() + 1);
        stage.channels.sweep(&stage.clock);
        assert_eq!(
            stage
                .channels
                .channels
                .get(ROOM)
                .map(|channel| (channel.history.len(), channel.bytes)),
            Some((0, 0))
        );
        assert_eq!(stage.publish(10), 2);
        let history = stage.channels.history(ROOM, stage.now());
        assert_eq!(
            (history.epoch, history.top, history.kept.len()),
            (first.epoch, 2, 1)
        );
    }

    #[test]
    fn a_history_has_bounded_entries_and_bytes_and_the_oldest_go_first() {
        let stage = Stage::new();
        let count = CHANNEL_HISTORY_MAX_BYTES / 16_000 + 3;
        (0..count).for_each(|_| {
            stage.publish(16_000);
        });
        let kept = stage.channels.history(ROOM, stage.now()).kept;
        let bytes: usize = kept.iter().map(Kept::bytes).sum();
        assert!(bytes <= CHANNEL_HISTORY_MAX_BYTES && bytes + 16_000 > CHANNEL_HISTORY_MAX_BYTES);
        assert_eq!(kept.last().map(|kept| kept.offset), u64::try_from(count).ok());
        (0..CHANNEL_HISTORY_MAX + 5).for_each(|_| {
            stage.publish(1);
        });
        assert_eq!(
            stage
                .channels
                .channels
                .get(ROOM)
                .map(|it| (it.history.len(), it.bytes)),
            Some((CHANNEL_HISTORY_MAX, CHANNEL_HISTORY_MAX))
        );
    }

    #[test]
    fn publications_of_a_user_are_counted_over_all_sockets_until_it_rests() {
        let stage = Stage::new();
        let limits = Limits::default();
        let count = |user: &str| {
            stage.channels.count_publish(user, &stage.clock, || {
                Limiter::new(Bucket::Publishes, limits.quota(Bucket::Publishes))
            })
        };
        for _ in 0..limits.publishes_burst {
            count("alice").unwrap();
        }
        assert_eq!(count("alice").unwrap_err().code, Code::RateLimited);
        count("bob").unwrap();
        stage.channels.sweep(&stage.clock);
        assert_eq!(stage.channels.publishers.len(), 2);
        stage.clock.advance(60_000);
        stage.channels.sweep(&stage.clock);
        assert!(stage.channels.publishers.is_empty());
        count("alice").unwrap();
    }
}
