//! Channels of which only the newest publication of each key is sent, one in an interval. The first goes out at once, later ones
//! take the place of one another, and the newest goes out when the interval ends.
//!
//! It happens at a channel's home, so it is the same for all subscribers, and what is left out never goes to other nodes. What is
//! sent has no offset: its subscribers look for no gaps.

use super::home::{Chart, Home};
use super::label::namespace_label;
use crate::actors::publication::Publication;
use crate::base::limit::{CHANNEL_KEYS_MAX, KEYS_PER_NODE_MAX};
use crate::config::ChannelSettings;
use crate::telemetry::metric;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// What was sent lately, and what waits.
pub(super) struct Latest {
    settings: ChannelSettings,
    // Locked while a channel of the table is, and never the other way round; held while hubs are told, so that they hear a key's
    // publications in their order.
    waiting: Mutex<Waiting>,
    /// Something is due sooner than anything before.
    news: Notify,
}

/// Invariant: `due` has each key of each channel once, with its own time.
#[derive(Default)]
struct Waiting {
    channels: HashMap<Arc<str>, Keys>,
    due: BTreeSet<Due>,
}

/// When the interval of a key of a channel ends. Units: milliseconds of the monotonic clock.
type Due = (i64, Arc<str>, Arc<str>);

struct Keys {
    home: Option<Home>,
    by_key: HashMap<Arc<str>, Slot>,
}

/// A key whose interval runs.
struct Slot {
    due_ms: i64,
    newest: Option<Arc<Publication>>,
}

/// A publication with what decides when it is sent.
pub(super) struct Offer<'a> {
    pub home: Option<Home>,
    pub key: &'a str,
    pub interval_ms: i64,
    pub now_ms: i64,
    pub publication: &'a Arc<Publication>,
}

/// What a publication is the newest of: the key that it names, else its sender. No key is anybody's name.
pub fn latest_key(named: &str, sender: &str) -> String {
    if named.is_empty() {
        format!("@{sender}")
    } else {
        format!("={named}")
    }
}

impl Latest {
    pub fn new(settings: ChannelSettings) -> Self {
        Self {
            settings,
            waiting: Mutex::default(),
            news: Notify::new(),
        }
    }

    /// The interval of a channel, if it has one. Units: milliseconds.
    pub fn interval_ms(&self, channel: &str) -> Option<i64> {
        let period = self.settings.of(channel)?.latest_only?;
        i64::try_from(period.as_ms()).ok()
    }

    /// Sends a publication at once, or notes it as the newest of its key.
    pub fn offer(&self, offer: &Offer<'_>, send: impl Fn(&Arc<Publication>)) {
        let mut waiting = self.lock();
        if !waiting.note(offer) {
            return;
        }
        send(offer.publication);
        let is_first = |due: &Due| due.1 == offer.publication.channel && due.2.as_ref() == offer.key;
        if waiting.due.first().is_some_and(is_first) {
            self.news.notify_one();
        }
    }

    /// When the next interval ends. Units: milliseconds of the monotonic clock.
    pub fn next_ms(&self) -> Option<i64> {
        self.lock().due.first().map(|due| due.0)
    }

    /// Waits until something is due sooner than before.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// The channels with intervals that have ended, and where they were at home.
    pub fn due(&self, now_ms: i64) -> Vec<(Arc<str>, Option<Home>)> {
        let waiting = self.lock();
        let due = waiting.due.iter().take_while(|due| due.0 <= now_ms);
        let names: BTreeSet<&Arc<str>> = due.map(|due| &due.1).collect();
        let of = |name: &Arc<str>| Some((Arc::clone(name), waiting.channels.get(name)?.home));
        names.into_iter().filter_map(of).collect()
    }

    /// Ends the intervals of a channel that are over: sends the newest of each key, with which a new interval begins.
    pub fn flush(&self, channel: &str, now_ms: i64, send: impl Fn(&Arc<Publication>)) {
        let interval_ms = self.interval_ms(channel).unwrap_or_default();
        let mut waiting = self.lock();
        let due = waiting.due.iter().take_while(|due| due.0 <= now_ms);
        let over: Vec<Due> = due.filter(|due| *due.1 == *channel).cloned().collect();
        for (due_ms, name, key) in over {
            let keys = waiting.channels.get_mut(&name);
            let newest = keys.and_then(|keys| keys.by_key.get_mut(&key)?.newest.take());
            match newest {
                Some(newest) => {
                    send(&newest);
                    waiting.set_due((due_ms, name, key), now_ms.saturating_add(interval_ms));
                }
                None => waiting.forget((due_ms, name, key)),
            }
        }
    }

    /// Forgets a channel with all that waits.
    pub fn forget(&self, channel: &str) {
        self.lock().forget_channel(channel);
    }

    /// Forgets channels that are not at home here any more.
    pub fn keep(&self, chart: &Chart) {
        let mut waiting = self.lock();
        let gone = waiting.channels.iter();
        let gone = gone.filter(|(name, keys)| keys.home != chart.home(name));
        let gone: Vec<Arc<str>> = gone.map(|(name, _)| Arc::clone(name)).collect();
        gone.iter().for_each(|name| waiting.forget_channel(name));
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Whether it is to be sent at once. What is sent begins an interval, unless there are too many keys.
    fn note(&mut self, offer: &Offer<'_>) -> bool {
        let name = &offer.publication.channel;
        if self
            .channels
            .get(name)
            .is_some_and(|keys| keys.home != offer.home)
        {
            // From another time of this home: another one was the channel's meanwhile.
            self.forget_channel(name);
        }
        let slot = self
            .channels
            .get_mut(name)
            .and_then(|keys| keys.by_key.get_mut(offer.key));
        let next_ms = offer.now_ms.saturating_add(offer.interval_ms);
        match slot {
            Some(slot) if slot.due_ms > offer.now_ms => {
                let older = slot.newest.replace(Arc::clone(offer.publication));
                note_replaced(older.as_deref());
                return false;
            }
            Some(slot) => {
                // Over, and nobody came yet to end it: this is newer than what waits.
                note_replaced(slot.newest.take().as_deref());
                let due = (slot.due_ms, Arc::clone(name), Arc::from(offer.key));
                self.set_due(due, next_ms);
            }
            None => self.begin(offer, next_ms),
        }
        true
    }

    fn begin(&mut self, offer: &Offer<'_>, due_ms: i64) {
        let name = &offer.publication.channel;
        let count = self.channels.get(name).map_or(0, |keys| keys.by_key.len());
        if count >= CHANNEL_KEYS_MAX || self.due.len() >= KEYS_PER_NODE_MAX {
            return;
        }
        let key: Arc<str> = offer.key.into();
        let keys = self.channels.entry(Arc::clone(name)).or_insert_with(|| Keys {
            home: offer.home,
            by_key: HashMap::new(),
        });
        let newest = None;
        keys.by_key.insert(Arc::clone(&key), Slot { due_ms, newest });
        self.due.insert((due_ms, Arc::clone(name), key));
    }

    fn set_due(&mut self, due: Due, next_ms: i64) {
        self.due.remove(&due);
        let (_, name, key) = due;
        let keys = self.channels.get_mut(&name);
        if let Some(slot) = keys.and_then(|keys| keys.by_key.get_mut(&key)) {
            slot.due_ms = next_ms;
            self.due.insert((next_ms, name, key));
        }
    }

    fn forget(&mut self, due: Due) {
        self.due.remove(&due);
        if let Some(keys) = self.channels.get_mut(&due.1) {
            keys.by_key.remove(&due.2);
            if keys.by_key.is_empty() {
                self.channels.remove(&due.1);
            }
        }
    }

    fn forget_channel(&mut self, name: &str) {
        if let Some((name, keys)) = self.channels.remove_entry(name) {
            for (key, slot) in keys.by_key {
                self.due.remove(&(slot.due_ms, Arc::clone(&name), key));
            }
        }
    }
}

fn note_replaced(older: Option<&Publication>) {
    if let Some(older) = older {
        metric::channel_messages_replaced(namespace_label(&older.channel)).increment(1);
    }
}

#[cfg(test)]
mod tests;
