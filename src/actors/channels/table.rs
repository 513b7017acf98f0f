//! The channels that are there, by name.

use super::budget::{Budget, Turn};
use super::history::Stream;
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
    /// Its place among the histories of the node.
    pub turn: Turn,
}

impl Channel {
    /// Nobody is on it and nothing was ever kept.
    fn is_unused(&self) -> bool {
        self.presence.is_empty() && self.stream.is_unused()
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

    /// Works on a channel, made when it is not there. Errors: `overloaded`.
    pub fn with<T>(&self, name: &str, work: impl FnOnce(&Arc<str>, &mut Channel) -> T) -> Result<T, Refusal> {
        if let Some(mut row) = self.channels.get_mut(name) {
            let (name, channel) = row.pair_mut();
            return Ok(work(name, channel));
        }
        if self.channels.len() >= CHANNELS_PER_NODE_MAX {
            return Err(Refusal::new(Code::Overloaded, "too many channels").retry_after(5_000));
        }
        // The epoch is read under the lock of the entry, so after any sweep that forgot this name.
        let fresh = || Channel {
            stream: Stream::new(self.fresh_epoch()),
            presence: Presence::default(),
            turn: Turn::default(),
        };
        let mut row = self.channels.entry(name.into()).or_insert_with(fresh);
        let (name, channel) = row.pair_mut();
        Ok(work(name, channel))
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
            let is_kept = !channel.presence.is_empty() || !channel.stream.is_empty();
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
