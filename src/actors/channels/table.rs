//! The channels that are there, by name.

use super::Place;
use super::budget::{Budget, Turn};
use super::guests::Guests;
use super::history::Stream;
use super::home::{Chart, Home};
use super::presence::Presence;
use crate::base::limit::CHANNELS_PER_NODE_MAX;
use crate::base::time::Timestamp;
use crate::domain::refusal::{Code, Refusal};
use dashmap::DashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One channel.
pub(super) struct Channel {
    pub stream: Stream,
    pub presence: Presence,
    /// Sockets of other nodes that are on it.
    pub guests: Guests,
    /// Its place among the histories of the node.
    pub turn: Turn,
    /// Since when it is here.
    home: Option<Home>,
}

impl Channel {
    fn new(epoch: String, home: Option<Home>) -> Self {
        Self {
            stream: Stream::new(epoch),
            presence: Presence::default(),
            guests: Guests::default(),
            turn: Turn::default(),
            home,
        }
    }

    /// Nobody is on it.
    fn is_deserted(&self) -> bool {
        self.presence.is_empty() && self.guests.is_empty()
    }

    /// Nobody is on it and nothing was ever kept.
    fn is_unused(&self) -> bool {
        self.is_deserted() && self.stream.is_unused()
    }
}

/// All channels of a node.
pub(super) struct Table {
    epoch: String,
    // Goes up when a channel with a position is forgotten: its successor must not have the same epoch.
    generation: AtomicU64,
    channels: DashMap<Arc<str>, Channel>,
}

impl Table {
    pub fn new(epoch: String) -> Self {
        Self {
            epoch,
            generation: AtomicU64::new(0),
            channels: DashMap::new(),
        }
    }

    /// The epoch of a channel that would be made now.
    pub fn fresh_epoch(&self) -> String {
        format!("{}-{}", self.epoch, self.generation.load(Ordering::SeqCst))
    }

    /// Looks at a channel, if it is there.
    pub fn look<T>(&self, name: &str, look: impl FnOnce(&Channel) -> T) -> Option<T> {
        self.channels.get(name).map(|channel| look(&channel))
    }

    /// Works on a channel, if it is there.
    pub fn with_known<T>(&self, name: &str, work: impl FnOnce(&Arc<str>, &mut Channel) -> T) -> Option<T> {
        let mut row = self.channels.get_mut(name)?;
        let (name, channel) = row.pair_mut();
        Some(work(name, channel))
    }

    /// Works on all channels.
    pub fn with_all(&self, work: impl Fn(&Arc<str>, &mut Channel)) {
        for mut row in self.channels.iter_mut() {
            let (name, channel) = row.pair_mut();
            work(name, channel);
        }
    }

    /// Works on a channel, made when it is not there, and anew when it is there from another time. Errors: `overloaded`.
    pub fn with<T>(
        &self,
        budget: &Budget,
        place: &Place<'_>,
        work: impl FnOnce(&Arc<str>, &mut Channel) -> T,
    ) -> Result<T, Refusal> {
        if let Some(mut row) = self.channels.get_mut(place.name) {
            let (name, channel) = row.pair_mut();
            if channel.home != place.home {
                budget.resize(channel.turn, 0);
                self.generation.fetch_add(1, Ordering::SeqCst);
                *channel = Channel::new(self.fresh_epoch(), place.home);
            }
            return Ok(work(name, channel));
        }
        if self.channels.len() >= CHANNELS_PER_NODE_MAX {
            return Err(Refusal::new(Code::Overloaded, "too many channels").retry_after(5_000));
        }
        // The epoch is read under the lock of the entry, so after any sweep that forgot this name.
        let fresh = || Channel::new(self.fresh_epoch(), place.home);
        let mut row = self.channels.entry(place.name.into()).or_insert_with(fresh);
        let (name, channel) = row.pair_mut();
        Ok(work(name, channel))
    }

    /// Forgets channels that are not at home here any more. What is made from now on has a later epoch: who was here before may
    /// have missed what was published elsewhere.
    pub fn keep(&self, budget: &Budget, chart: &Chart) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.channels.retain(|name, channel| {
            let is_kept = channel.home == chart.home(name);
            if !is_kept {
                budget.resize(channel.turn, 0);
            }
            is_kept
        });
    }

    /// Forgets a channel that nobody is on and that never kept anything.
    pub fn forget_unused(&self, name: &str) {
        self.channels.remove_if(name, |_, channel| channel.is_unused());
    }

    /// Drops what is too old, and forgets channels that nobody is on and that keep nothing.
    pub fn sweep(&self, budget: &Budget, now: Timestamp) {
        let mut is_bumped = false;
        self.channels.retain(|_, channel| {
            channel.stream.drop_expired(now);
            budget.resize(channel.turn, channel.stream.weight());
            let is_kept = !channel.is_deserted() || !channel.stream.is_empty();
            if !is_kept && !channel.is_unused() && !std::mem::replace(&mut is_bumped, true) {
                // Before the entry is gone: whoever makes the channel again gets a later epoch.
                self.generation.fetch_add(1, Ordering::SeqCst);
            }
            is_kept
        });
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.channels.len()
    }
}
