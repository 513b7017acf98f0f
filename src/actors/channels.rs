//! Channels of this node: history, presence, and the order of publications. In memory; an epoch tells when it was lost.

use super::directory::Directory;
use super::hub::HubMessage;
use super::publication::{Publication, Publisher};
use crate::base::limit::{CHANNEL_HISTORY_MAX, CHANNEL_HISTORY_MS, CHANNELS_PER_NODE_MAX};
use crate::base::ring::Ring;
use crate::base::time::Timestamp;
use crate::domain::refusal::{Code, Refusal};
use crate::wire::push::{ClientInfo, Join, Leave, Push, PushBody};
use crate::wire::{self, Encoding, Reply};
use bytes::Bytes;
use dashmap::DashMap;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

struct Channel {
    history: Ring<Kept>,
    presence: BTreeMap<String, ClientInfo>,
}

/// Where a channel's stream is, and what of it a client asked for.
#[derive(Clone, Debug)]
pub struct Position {
    /// The offset of the latest publication.
    pub top: u64,
    /// What came after the asked offset; none when that is not known any more.
    pub missed: Option<Vec<Kept>>,
}

/// The channels of this node.
pub struct Channels {
    epoch: String,
    channels: DashMap<Arc<str>, Arc<Mutex<Channel>>>,
}

impl Channels {
    /// No channels yet, under a fresh epoch.
    pub fn new(epoch: String) -> Self {
        Self { epoch, channels: DashMap::new() }
    }

    /// The epoch of all streams of this node: a new one a start.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    fn channel(&self, name: &str) -> Result<Arc<Mutex<Channel>>, Refusal> {
        if let Some(channel) = self.channels.get(name) {
            return Ok(Arc::clone(&channel));
        }
        if self.channels.len() >= CHANNELS_PER_NODE_MAX {
            return Err(Refusal::new(Code::Overloaded, "too many channels").retry_after(5_000));
        }
        let fresh = || Arc::new(Mutex::new(Channel { history: Ring::new(CHANNEL_HISTORY_MAX), presence: BTreeMap::new() }));
        Ok(Arc::clone(&self.channels.entry(name.into()).or_insert_with(fresh)))
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
        let channel = self.channel(name)?;
        let mut channel = locked(&channel);
        let offset = channel.history.newest_offset().saturating_add(1);
        let publication = Publication::with_offset(name.into(), data, Some(offset), publisher);
        channel.history.push(Kept { offset, at: now, publication: Arc::clone(&publication) });
        // Under the lock, so that every hub sees the channel's publications in their order.
        directory.tell_hubs(|| HubMessage::Channel(Arc::clone(&publication)));
        Ok(Some(offset))
    }

    /// Where a channel is, and what came after an offset. Errors: `overloaded`.
    pub fn position(&self, name: &str, since: Option<u64>, now: Timestamp) -> Result<Position, Refusal> {
        let channel = self.channel(name)?;
        let channel = locked(&channel);
        let top = channel.history.newest_offset();
        let is_fresh = |kept: &Kept| now.since_ms(kept.at) <= CHANNEL_HISTORY_MS;
        let missed = since.and_then(|since| {
            let kept: Vec<Kept> = channel.history.since(since)?.map(|(_, kept)| kept.clone()).collect();
            kept.iter().all(is_fresh).then_some(kept)
        });
        Ok(Position { top, missed: missed.filter(|_| since.is_some_and(|since| since <= top)) })
    }

    /// The history of a channel, oldest first, as far as it is kept. Errors: `overloaded`.
    pub fn history(&self, name: &str, now: Timestamp) -> Result<(u64, Vec<Kept>), Refusal> {
        let channel = self.channel(name)?;
        let channel = locked(&channel);
        let top = channel.history.newest_offset();
        let oldest = channel.history.oldest_offset().map_or(top, |oldest| oldest.saturating_sub(1));
        let kept = channel.history.since(oldest).into_iter().flatten().map(|(_, kept)| kept.clone());
        Ok((top, kept.filter(|kept| now.since_ms(kept.at) <= CHANNEL_HISTORY_MS).collect()))
    }

    /// Notes that a client is on a channel and tells the others. Errors: `overloaded`.
    pub fn come(&self, directory: &Directory, name: &str, info: ClientInfo) -> Result<(), Refusal> {
        let channel = self.channel(name)?;
        let mut channel = locked(&channel);
        channel.presence.insert(info.client.clone(), info.clone());
        tell(directory, name, PushBody::Join(Box::new(Join { info: Some(info) })));
        Ok(())
    }

    /// Notes that a client left a channel and tells the others. A channel that nobody is on and that keeps nothing is forgotten.
    pub fn go(&self, directory: &Directory, name: &str, client: &str) {
        let Some(channel) = self.channels.get(name).map(|channel| Arc::clone(&channel)) else { return };
        {
            let mut channel = locked(&channel);
            let Some(info) = channel.presence.remove(client) else { return };
            tell(directory, name, PushBody::Leave(Box::new(Leave { info: Some(info) })));
        }
        self.channels.remove_if(name, |_, channel| {
            let channel = locked(channel);
            channel.presence.is_empty() && channel.history.newest_offset() == 0
        });
    }

    /// Who is on a channel, by client id. Errors: `overloaded`.
    pub fn presence(&self, name: &str) -> Result<BTreeMap<String, ClientInfo>, Refusal> {
        let channel = self.channel(name)?;
        let presence = locked(&channel).presence.clone();
        Ok(presence)
    }
}

fn locked(channel: &Mutex<Channel>) -> MutexGuard<'_, Channel> {
    channel.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tell(directory: &Directory, name: &str, body: PushBody) {
    let push = Reply::push(Push::of(name, body));
    let (json, protobuf) = (wire::encode_reply(Encoding::Json, &push), wire::encode_reply(Encoding::Protobuf, &push));
    let channel: Arc<str> = name.into();
    directory.tell_hubs(|| HubMessage::Presence {
        channel: Arc::clone(&channel),
        json: json.clone(),
        protobuf: protobuf.clone(),
    });
}
