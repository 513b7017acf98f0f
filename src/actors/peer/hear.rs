//! What other nodes say: taken batch by batch, in their order.

use super::message::{HubNews, News, Said, Slice};
use super::{PeerHub, answer, convert};
use crate::actors::agent::AgentMessage;
use crate::actors::channels::home;
use crate::actors::directory::{Hub, Watcher, Whereabouts};
use crate::actors::gateway::Gateway;
use crate::actors::hub::HubActor;
use crate::actors::node::Node;
use crate::actors::region::{RegionMessage, Settled};
use crate::actors::roster;
use crate::actors::spectator::SpectatorMessage;
use crate::actors::watch;
use crate::base::id::{NodeId, SessionId, ShardId};
use crate::bus::{Heard, Subscription};
use crate::domain::agent::Handle;
use crate::telemetry::metric;
use bytes::Bytes;
use std::collections::HashSet;
use std::sync::Arc;

/// Agents, or who follows one, in one piece of news.
const TOLD_AT_A_TIME: usize = 1_000;

/// Hears other nodes for as long as the node runs.
pub(super) async fn listen(gateway: Gateway, mut subscription: Subscription) {
    while let Some(heard) = subscription.recv().await {
        match heard {
            Heard::Message(_, batch) => take(&gateway, &batch),
            Heard::Gap { .. } => {
                for node in gateway.node.peers.all() {
                    recover(&gateway.node, node);
                }
            }
        }
    }
}

fn take(gateway: &Gateway, batch: &Bytes) {
    let node = &gateway.node;
    let Some(taken) = node.peers.take_in(batch) else {
        return;
    };
    let from = taken.from;
    if taken.is_new {
        welcome(node, from);
    }
    if taken.has_gap {
        recover(node, from);
    }
    for said in taken.said {
        match said {
            Said::Ask(number, question) => answer::answer(gateway, from, number, question),
            Said::Answer(number, answer) => node.peers.settle(from, number, answer),
            Said::News(news) => hear(gateway, from, news),
        }
    }
}

/// A node that was not there before: it gets a hub here, and tells who is with it.
pub fn welcome(node: &Arc<Node>, other: NodeId) {
    if node.directory.hub_of(other).is_none()
        && let Some(thread) = node.directory.first_thread()
    {
        let peers = Arc::clone(&node.peers);
        let hub = PeerHub { peers, node: other };
        let seat = watch::start_in(&thread, &node.quarantine, move || HubActor::There(hub));
        node.directory.put_hub(Hub::new(seat, Some(other)));
    }
    node.peers.tell(other, News::Recount);
    // It may be one that was thought to be gone.
    node.peers.tell(other, News::ChannelsLost);
}

/// A node that is gone: nothing of it is left here.
pub fn forget(node: &Arc<Node>, other: NodeId) {
    let directory = &node.directory;
    for (handle, session) in directory.foreign_sockets(other) {
        part(node, &handle, session);
    }
    directory.remove_all_online(other);
    directory.remove_all_watchers(other);
    directory.remove_guests(other);
    hub_gone(node, other);
    directory.free_hub(other);
    node.homes.call_all(other);
    home::lose(node, other);
}

/// Nobody of another node watches here any more, or not before it looks anew.
fn hub_gone(node: &Node, other: NodeId) {
    if let Some(hub) = node.directory.hub_of(other) {
        for (_, seats) in node.directory.shards() {
            seats.region.order(RegionMessage::HubGone(hub));
        }
    }
}

/// Something that a node said got lost: whatever may hang on it is done and told again.
fn recover(node: &Arc<Node>, other: NodeId) {
    metric::peer_gaps().increment(1);
    tracing::warn!(peer = %other, "a batch of node {other} got lost");
    hub_gone(node, other);
    node.homes.call_all(other);
    node.spectators.look_again(node.directory.shards_of(other));
    // It looks at what is here anew when it hears that.
    node.peers.tell(other, News::Recount);
    // What got lost may have been somebody who came to a channel of this node or left it.
    node.peers.tell(other, News::ChannelsLost);
    home::lose(node, other);
}

/// A socket that an agent here may have is gone.
pub fn part(node: &Node, handle: &Handle, session: SessionId) {
    node.directory.remove_socket(handle, session);
    if let Some(agent) = node.directory.agent(handle) {
        agent.seat.order(AgentMessage::Part(session));
    }
}

fn hear(gateway: &Gateway, from: NodeId, news: News) {
    let node = &gateway.node;
    match news {
        News::Part(handle, session) => part(node, &handle, session),
        News::Changed(handle) => gateway.read_again(handle),
        News::Unwatch(shard, session) => {
            if let Whereabouts::Here(seats) = node.directory.find(shard) {
                seats.region.order(RegionMessage::Unwatch(session));
            }
        }
        News::TargetMoved(session, to, at) => {
            if let Some(spectator) = node.spectators.get(session) {
                let to = to.map(Arc::from);
                spectator.order(SpectatorMessage::TargetMoved(to, at));
            }
        }
        News::Track(by, shard, agents) => tell_region(node, shard, RegionMessage::Track(by, agents)),
        News::Tracked(shard, by, agent, beyond) => {
            tell_region(node, shard, RegionMessage::Tracked(agent, by, beyond));
        }
        News::Sightings(shard, by, sightings) => {
            tell_region(node, shard, RegionMessage::Sightings(by, sightings));
        }
        News::AskSightings(shard, by) => tell_region(node, shard, RegionMessage::AskSightings(by)),
        News::Objects(shard, agent, changes) => {
            let settled = changes
                .into_iter()
                .map(|(object, change)| Settled::Object(object, change))
                .collect();
            order_region(node, shard, RegionMessage::Settled(agent, settled));
        }
        News::Reload(shard) => order_region(node, shard, RegionMessage::Reload),
        News::Limits(handle, idle_in_ms) => gateway.take_limits(&handle, idle_in_ms),
        News::Hub(news) => hub(node, from, *news),
        News::Take => node.leases.look(),
        News::Runs(shard, epoch) => {
            roster::runs(node, shard, from, epoch);
            // One of a region that was just made: the next turn reads of it.
            if !node
                .directory
                .world()
                .shards
                .iter()
                .any(|known| known.id == shard)
            {
                node.leases.look();
            }
        }
        News::Came(all) => all
            .into_iter()
            .for_each(|presence| node.place(presence, Some(from))),
        News::Went(handle, region) => node.directory.remove_online(&handle, &region, Some(from)),
        News::Watching(handle, session, is_on) => {
            if is_on {
                put_watchers(node, from, vec![(handle, session)]);
            } else {
                node.directory.remove_watcher(&handle, session);
            }
        }
        News::Beat(beat) => {
            for (shard, count) in beat.populations {
                if node.directory.owner(shard) == Some(from) {
                    node.directory.put_population(shard, count);
                }
            }
            compare(node, from, beat.digest);
        }
        News::Sockets(all) => compare_sockets(node, from, Slice::WHOLE, all),
        News::SocketsIn(slice, all) => compare_sockets(node, from, slice, all),
        News::Rehome(all) => all.into_iter().for_each(|handle| node.homes.call(handle)),
        News::Recount => {
            if let Some(hub) = node.directory.hub_of(from) {
                for (_, seats) in node.directory.shards() {
                    seats.region.order(RegionMessage::HubMissed(hub));
                }
            }
            // It missed what was asked of it, too.
            node.homes.call_all(from);
            node.spectators.look_again(node.directory.shards_of(from));
            for (shard, seats) in node.directory.shards() {
                node.peers.tell(from, News::Runs(shard, seats.lease.epoch()));
            }
            let watched = node.directory.watched_here();
            let (first, rest) = watched
                .split_at_checked(TOLD_AT_A_TIME)
                .unwrap_or((&watched, &[]));
            node.peers.tell(from, News::Census(first.to_vec()));
            tell_some(node, from, rest, News::Watched);
            tell_some(node, from, &node.directory.presences(), News::Came);
        }
        News::Census(watched) => {
            node.directory.remove_all_online(from);
            node.directory.remove_all_watchers(from);
            put_watchers(node, from, watched);
        }
        News::Watched(watched) => put_watchers(node, from, watched),
        News::Rights => node.rights.look(),
        News::RightsOf(channels) => node.rights.doubt(&channels),
        News::LeftChannel(name, session) => node.channels.part(&node.directory, &name, (from, session)),
        News::ChannelsLost => home::lose_home(node, from),
    }
}

fn hub(node: &Node, from: NodeId, news: HubNews) {
    if let HubNews::Channel { channel, .. } | HubNews::Presence { channel, .. } = &news {
        // What a channel's former home said last is not a part of the new one's stream.
        let home = node.channels.chart().home(channel);
        if home.is_none_or(|home| home.node != from) {
            return;
        }
    }
    let make = convert::hub_messages(news);
    node.directory.tell_own_hubs(make);
}

/// As here: losing it would leave memory wrong, and nobody repeats it.
fn order_region(node: &Node, shard: ShardId, message: RegionMessage) {
    if let Whereabouts::Here(seats) = node.directory.find(shard) {
        seats.region.order(message);
    }
}

fn tell_region(node: &Node, shard: ShardId, message: RegionMessage) {
    if let Whereabouts::Here(seats) = node.directory.find(shard) {
        // Bounded by what the other node's actors may say.
        let _ = seats.region.tell(message);
    }
}

fn put_watchers(node: &Node, from: NodeId, watched: Vec<(Handle, SessionId)>) {
    for (handle, session) in watched {
        let watcher = Watcher {
            session,
            node: Some(from),
        };
        node.directory.put_watcher(&handle, watcher);
    }
}

/// Tells a node of many, some at a time, so that none of it is too long for a batch.
fn tell_some<T: Clone>(node: &Node, to: NodeId, all: &[T], news: impl Fn(Vec<T>) -> News) {
    for some in all.chunks(TOLD_AT_A_TIME) {
        node.peers.tell(to, news(some.to_vec()));
    }
}

/// Whether the other node's agents add up to what is known of them here; asks for all when they do not for long.
fn compare(node: &Node, from: NodeId, digest: u64) {
    let is_odd = node.directory.digest(Some(from)) != digest;
    node.peers.compare(from, is_odd);
}

/// The sockets of a slice that another node believes to have their agents here: those that it does not name are gone, and those
/// that are not known here must look where their agent is.
fn compare_sockets(node: &Node, from: NodeId, slice: Slice, all: Vec<(Handle, Vec<SessionId>)>) {
    let named: HashSet<SessionId> = all
        .iter()
        .flat_map(|(_, sessions)| sessions.iter().copied())
        .collect();
    let mut known = node.directory.foreign_sockets(from);
    known.retain(|(_, session)| slice.has(*session));
    let known_sessions: HashSet<SessionId> = known.iter().map(|(_, session)| *session).collect();
    for (handle, session) in known {
        if !named.contains(&session) {
            part(node, &handle, session);
        }
    }
    let is_lost = |(handle, sessions): &(Handle, Vec<SessionId>)| {
        node.directory.agent(handle).is_none()
            || sessions.iter().any(|session| !known_sessions.contains(session))
    };
    let lost: Vec<Handle> = all
        .into_iter()
        .filter(is_lost)
        .map(|(handle, _)| handle)
        .collect();
    tell_some(node, from, &lost, News::Rehome);
}
