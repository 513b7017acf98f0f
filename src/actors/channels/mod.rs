//! Channels of this node: history, presence, and the order of publications. In memory; an epoch tells when it was lost.

mod budget;
mod history;
mod presence;
mod publishers;
mod table;
#[cfg(test)]
mod tests;

pub use history::{History, Kept, Position};

use super::directory::Directory;
use super::hub::HubMessage;
use super::node::Limiter;
use super::publication::{Publication, Publisher};
use crate::base::time::Timestamp;
use crate::domain::refusal::Refusal;
use crate::host::clock::Clock;
use crate::telemetry::metric;
use crate::wire::push::ClientInfo;
use crate::wire::request::StreamPosition;
use budget::Budget;
use bytes::Bytes;
use publishers::Publishers;
use std::collections::BTreeMap;
use std::sync::Arc;
use table::Table;

/// The channels of this node. Only subscribing and publishing make a channel; questions about one that is not there are answered empty.
pub struct Channels {
    table: Table,
    budget: Budget,
    publishers: Publishers,
}

impl Channels {
    /// No channels yet, under a fresh epoch; all their histories together will weigh so many bytes at the most.
    pub fn new(epoch: String, histories_max_bytes: usize) -> Self {
        Self {
            table: Table::new(epoch),
            budget: Budget::new(histories_max_bytes),
            publishers: Publishers::default(),
        }
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
        let offset = self.table.with(name, |name, channel| {
            let offset = channel.stream.next_offset();
            // Kept without its encodings: they are for those who are there now.
            channel.stream.keep(Kept {
                offset,
                at: now,
                data: data.clone(),
                publisher: publisher.clone(),
            });
            channel.turn = self.budget.published(name, channel.turn, channel.stream.weight());
            let publication = Publication::with_offset(Arc::clone(name), data, Some(offset), publisher);
            // Under the lock, so that every hub sees the channel's publications in their order.
            directory.tell_hubs(|| HubMessage::Channel(Arc::clone(&publication)));
            offset
        })?;
        self.make_room();
        Ok(Some(offset))
    }

    /// Counts a publication of a user, over all sockets. Errors: `rate_limited`, `overloaded`.
    pub fn count_publish(
        &self,
        user: &str,
        clock: &Clock,
        fresh: impl FnOnce() -> Limiter,
    ) -> Result<(), Refusal> {
        self.publishers.count(user, clock, fresh)
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
        let position = self.table.with(name, |name, channel| {
            let missed = since.and_then(|since| channel.stream.since(since, now));
            if must_recover && missed.is_none() {
                return None;
            }
            channel.presence.come(directory, name, info);
            Some(channel.stream.position(missed))
        })?;
        if position.is_none() {
            self.table.forget_unused(name);
        }
        Ok(position)
    }

    /// Notes that a client left a channel and tells the others. A channel that nobody is on and that never kept anything is forgotten.
    pub fn go(&self, directory: &Directory, name: &str, client: &str) {
        self.table.with_known(name, |name, channel| {
            channel.presence.go(directory, name, client);
        });
        self.table.forget_unused(name);
    }

    /// The history of a channel, as far as it is kept.
    pub fn history(&self, name: &str, now: Timestamp) -> History {
        let known = self.table.look(name, |channel| channel.stream.history(now));
        known.unwrap_or_else(|| History {
            epoch: self.table.fresh_epoch(),
            top: 0,
            kept: Vec::new(),
        })
    }

    /// Who is on a channel, by client id.
    pub fn presence(&self, name: &str) -> BTreeMap<String, ClientInfo> {
        let known = self.table.look(name, |channel| channel.presence.all());
        known.unwrap_or_default()
    }

    /// Drops what is too old, forgets channels that nobody is on and that keep nothing, and publishers at rest.
    pub fn sweep(&self, clock: &Clock) {
        self.table.sweep(&self.budget, Timestamp(clock.steady_ms()));
        self.publishers.sweep(clock);
    }

    /// Takes histories away until the rest fits. A channel keeps its place: whoever recovers in it is told of the gap.
    fn make_room(&self) {
        while let Some((name, turn)) = self.budget.evict() {
            self.table.with_known(&name, |_, channel| {
                // Published to since it was chosen, it has a later turn and is counted again.
                if channel.turn == turn {
                    channel.stream.clear();
                    metric::channel_histories_evicted().increment(1);
                }
            });
        }
    }
}
