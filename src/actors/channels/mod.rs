//! Channels: history, presence, and the order of publications, each at the channel's home. In memory; an epoch tells when it was lost.

mod budget;
mod desk;
mod guests;
mod history;
pub mod home;
mod label;
mod latest;
mod meter;
mod posting;
mod presence;
mod publishers;
mod table;
#[cfg(test)]
mod tests;
mod timers;
mod wrapper;

pub use desk::{Desk, Draft, count, keep_latest, leave, publish, serve};
pub use history::{History, Kept, Position};
pub use home::{Home, Way, way};
pub use label::namespace_label;
pub use latest::latest_key;
pub use meter::Published;
pub use posting::{check_schema, publish_as, publish_raw};
pub use publishers::{Counted, count_change, count_everywhere, count_here, count_publish};
pub use timers::{Timers, keep_timing};
pub use wrapper::wrap;

use super::directory::Directory;
use super::hub::HubMessage;
use super::publication::Publication;
use crate::base::id::{NodeId, SessionId};
use crate::base::time::Timestamp;
use crate::config::ChannelSettings;
use crate::domain::refusal::{Code, Refusal};
use crate::host::clock::Clock;
use crate::telemetry::metric;
use crate::wire::push::ClientInfo;
use crate::wire::request::StreamPosition;
use budget::Budget;
use guests::Guests;
use home::Chart;
use latest::{Latest, Offer};
use meter::Meter;
use publishers::Publishers;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use table::Table;

/// The channels whose home is this node, and where the others are. Only subscribing and publishing make a channel; questions about
/// one that is not there are answered empty.
pub struct Channels {
    table: Table,
    budget: Budget,
    publishers: Publishers,
    meter: Meter,
    latest: Latest,
    chart: RwLock<Arc<Chart>>,
}

/// A channel at its home.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// By which its subscribers are reached.
    pub directory: &'a Directory,
    /// Its name.
    pub name: &'a str,
    /// Its home; none on a node that is alone.
    pub home: Option<Home>,
}

/// Somebody who comes to a channel.
pub struct Comer {
    /// As the others see it; none on a channel without presence.
    pub info: Option<ClientInfo>,
    /// A socket of another node.
    pub guest: Option<(NodeId, SessionId)>,
}

impl Channels {
    /// No channels yet, under a fresh epoch; all their histories together will weigh so many bytes at the most.
    pub fn new(epoch: String, histories_max_bytes: usize, settings: ChannelSettings) -> Self {
        Self {
            table: Table::new(epoch),
            budget: Budget::new(histories_max_bytes),
            publishers: Publishers::default(),
            meter: Meter::default(),
            latest: Latest::new(settings),
            chart: RwLock::default(),
        }
    }

    /// Who holds which shard, as this node knows it.
    pub fn chart(&self) -> Arc<Chart> {
        Arc::clone(&self.chart.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Draws the chart anew and forgets channels that are not at home here any more. None: it is as it was.
    fn redraw(&self, directory: &Directory) -> Option<Arc<Chart>> {
        let chart = {
            let mut known = self.chart.write().unwrap_or_else(PoisonError::into_inner);
            // Under the lock, so that what is older never replaces what is newer.
            let chart = Chart::of(directory);
            if **known == chart {
                return None;
            }
            *known = Arc::new(chart);
            Arc::clone(&known)
        };
        self.table.keep(&self.budget, &chart);
        self.latest.keep(&chart);
        Some(chart)
    }

    /// Whether a subscriber gets only the newest publications of a channel: such subscriptions have no position in its stream.
    pub fn is_latest_only(&self, name: &str) -> bool {
        self.latest.interval_ms(name).is_some()
    }

    /// Publishes: keeps it when the channel has a history, and sends it to its subscribers on all nodes. Gives where the channel is
    /// then, when it has a history. Errors: `overloaded`.
    pub fn publish(
        &self,
        place: &Place<'_>,
        draft: Draft,
        clock: &Clock,
    ) -> Result<Option<Position>, Refusal> {
        let Draft {
            data,
            publisher,
            key,
            is_kept,
        } = draft;
        let now_ms = clock.monotonic_ms();
        if !is_kept {
            let publication = Publication::with_offset(place.name.into(), data, None, publisher);
            // On a node that is alone there are no guests to look for.
            let told = place.home.and_then(|_| {
                self.table.with_known(place.name, |_, channel| {
                    self.deliver(place, &key, &publication, Some(&channel.guests), now_ms);
                })
            });
            if told.is_none() {
                self.deliver(place, &key, &publication, None, now_ms);
            }
            return Ok(None);
        }
        let is_latest_only = self.is_latest_only(place.name);
        let position = self.table.with(&self.budget, place, |name, channel| {
            let offset = channel.stream.next_offset();
            // Kept without its encodings: they are for those who are there now.
            channel.stream.keep(Kept {
                offset,
                at: Timestamp(clock.steady_ms()),
                data: data.clone(),
                publisher: publisher.clone(),
            });
            channel.turn = self.budget.published(name, channel.turn, channel.stream.weight());
            let shown = Some(offset).filter(|_| !is_latest_only);
            let publication = Publication::with_offset(Arc::clone(name), data, shown, publisher);
            // Under the lock, so that every hub sees the channel's publications in their order.
            self.deliver(place, &key, &publication, Some(&channel.guests), now_ms);
            channel.stream.position(None)
        })?;
        self.make_room();
        Ok(Some(position))
    }

    /// Sends a publication to the subscribers of a channel, or keeps it back for a newer one.
    fn deliver(
        &self,
        place: &Place<'_>,
        key: &str,
        publication: &Arc<Publication>,
        guests: Option<&Guests>,
        now_ms: i64,
    ) {
        let Some(interval_ms) = self.latest.interval_ms(place.name) else {
            return send(place.directory, guests, publication);
        };
        let offer = Offer {
            home: place.home,
            key,
            interval_ms,
            now_ms,
            publication,
        };
        self.latest.offer(&offer, |publication| {
            send(place.directory, guests, publication);
        });
    }

    /// Sends what was kept back on a channel and is due.
    fn send_latest(&self, place: &Place<'_>, now_ms: i64) {
        let flush = |guests: Option<&Guests>| {
            self.latest.flush(place.name, now_ms, |publication| {
                send(place.directory, guests, publication);
            });
        };
        let known = self
            .table
            .with_known(place.name, |_, channel| flush(Some(&channel.guests)));
        if known.is_none() {
            flush(None);
        }
    }

    /// Notes that a client is on a channel, tells the others, and says where the channel is and what came after a position.
    /// None: not all of that is known any more, and the client comes only when it is. Errors: `overloaded`.
    pub fn come(
        &self,
        place: &Place<'_>,
        comer: Comer,
        since: Option<&StreamPosition>,
        must_recover: bool,
        now: Timestamp,
    ) -> Result<Option<Position>, Refusal> {
        let came = self.table.with(&self.budget, place, |name, channel| {
            let missed = since.and_then(|since| channel.stream.since(since, now));
            if must_recover && missed.is_none() {
                return Ok(None);
            }
            if let Some((node, session)) = comer.guest
                && !channel.guests.put(node, session)
            {
                return Err(Refusal::new(Code::Overloaded, "too many on one channel").retry_after(5_000));
            }
            if let Some(info) = comer.info {
                channel
                    .presence
                    .come(place.directory, &channel.guests, name, info);
            }
            Ok(Some(channel.stream.position(missed)))
        })?;
        if !matches!(came, Ok(Some(_))) {
            self.table.forget_unused(place.name);
        }
        came
    }

    /// Notes that a client left a channel and tells the others. A channel that nobody is on and that never kept anything is forgotten.
    pub fn go(&self, directory: &Directory, name: &str, client: &str) {
        self.table.with_known(name, |name, channel| {
            channel.presence.go(directory, &channel.guests, name, client);
        });
        self.table.forget_unused(name);
    }

    /// Notes that a socket of another node left a channel, as `go`.
    pub fn part(&self, directory: &Directory, name: &str, (node, session): (NodeId, SessionId)) {
        self.table
            .with_known(name, |_, channel| channel.guests.remove(node, session));
        self.go(directory, name, &session.to_string());
    }

    /// Notes that all sockets of another node left all channels.
    fn forget_guests(&self, directory: &Directory, node: NodeId) {
        self.table.with_all(|name, channel| {
            for session in channel.guests.take(node) {
                channel
                    .presence
                    .go(directory, &channel.guests, name, &session.to_string());
            }
        });
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

    /// What was published at the channels of this node.
    pub fn published(&self, now: Timestamp) -> Published {
        self.meter.read(now)
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

/// Tells the hubs of this node, and those of the nodes that have sockets on the channel.
fn send(directory: &Directory, guests: Option<&Guests>, publication: &Arc<Publication>) {
    let message = || HubMessage::Channel(Arc::clone(publication));
    match guests {
        Some(guests) => directory.tell_hubs_of(|node| guests.has(node), message),
        None => directory.tell_own_hubs(message),
    }
}
