//! The stop: no new work, sockets told to come back, everything committed, leases given back.

use super::farewell;
use super::http::Servers;
use super::keepers::flush_counters;
use super::start::NodeParts;
use crate::actors::committer::CommitterMessage;
use crate::actors::node::Node;
use crate::actors::quarantine;
use crate::actors::region::RegionMessage;
use crate::actors::shard;
use crate::bus::Topic;
use crate::config::Config;
use crate::store::lease::{Claiming, NodeState, Turn};
use bytes::Bytes;
use futures_util::future::{join, join_all};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// How long a shard may take for its last commits, and again for its last positions.
const SAVE_DEADLINE: Duration = Duration::from_secs(5);

/// How long sockets may take to hear of the stop when the grace is over.
const FAREWELL: Duration = Duration::from_secs(1);

/// What tells a node to stop.
pub struct Asked {
    terminate: Signal,
    interrupt: Signal,
}

impl Asked {
    /// Listens from now on: a signal that comes while the actors start is not lost and stops the start in order. `open_store` ran
    /// before, while a signal still had its default action: it ends the process at once, and leases that were claimed on
    /// PostgreSQL run out.
    /// Errors: signals cannot be listened for.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for SIGTERM or SIGINT.
    pub async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => tracing::info!("told to terminate"),
            _ = self.interrupt.recv() => tracing::info!("interrupted"),
        }
    }
}

/// Stops a node in order.
pub async fn stop(servers: Servers, parts: &mut NodeParts, config: &Config) {
    let node = Arc::clone(&parts.gateway.node);
    let grace = Duration::from_secs(u64::from(config.server.shutdown_timeout_s));
    let began = node.clock.monotonic();
    node.leases.leave();
    if node.leases.how() == Claiming::Shared {
        // What nobody takes in time is given back below.
        let _ = tokio::time::timeout(grace, hand_over_all(&node, &mut parts.turns)).await;
    }
    for handle in &servers.handles {
        // Stops accepting at once; open sockets are closed next.
        handle.pause().await;
    }
    let farewell = r#"{"message":"the server is going down","priority":"high"}"#;
    // Tools hear of it as they can; nothing here depends on it.
    let _ = node
        .bus
        .publish(Topic::Broadcast, Bytes::from_static(farewell.as_bytes()));
    let left = || grace.saturating_sub(node.clock.monotonic().saturating_sub(began));
    farewell::tell(&node, servers.connections.open(), left()).await;
    let left = left();
    let stopped = join_all(servers.handles.iter().map(|handle| handle.stop(true)));
    // Requests that do not end in time are cut, sockets when their threads end. One grace for all.
    let _ = tokio::time::timeout(left.max(FAREWELL), join(stopped, servers.connections.emptied())).await;
    // What was acknowledged is committed already; what was only asked for, the last positions and counters follow.
    save_shards(&node).await;
    flush_counters(Arc::clone(&node)).await;
    if !quarantine::save(&node).await {
        tracing::warn!("quarantined commands could not be written");
    }
    let (id, now) = (node.id, node.now());
    // Else the next turn of another node does it.
    let _ = node
        .database
        .write(move |store| store.close_sessions_of(id, now))
        .await;
    if let Err(refusal) = node.leases.give_back(SAVE_DEADLINE).await {
        tracing::warn!("leases could not be given back: {refusal}");
    }
    for arbiter in &parts.arbiters {
        arbiter.stop();
    }
}

/// Gives every shard to the other nodes, as long as there are any, while everything goes on.
async fn hand_over_all(node: &Arc<Node>, turns: &mut watch::Receiver<Turn>) {
    let id = node.id;
    let set = node
        .database
        .write(move |store| store.set_node_state(id, NodeState::Draining));
    if !matches!(set.await, Ok(true)) {
        return;
    }
    node.leases.look();
    while node.directory.runs_any() && turns.changed().await.is_ok() {
        let turn = turns.borrow_and_update().clone();
        if turn.leaving.contains(&id) && turn.nodes.is_empty() {
            return;
        }
        shard::follow(node, &turn).await;
    }
}

/// Has every shard finish its commits, then save its positions: both need the lease, which is given back after this.
async fn save_shards(node: &Node) {
    let each = node.directory.shards().into_iter().map(async |(shard, seats)| {
        let closed = seats
            .committer
            .demand(SAVE_DEADLINE, CommitterMessage::Close)
            .await;
        // The region has heard of every outcome by now, so it saves what follows from them too.
        let saved = seats.region.demand(SAVE_DEADLINE, RegionMessage::Save).await;
        if let Err(refusal) = closed.and(saved) {
            tracing::warn!(shard.id = %shard, "{shard} did not finish before the stop: {refusal}");
        }
    });
    join_all(each).await;
}
