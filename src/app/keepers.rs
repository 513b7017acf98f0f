//! What runs beside the actors, mostly at intervals: credentials, counters, quarantine, retention, channels, timers, parked limits,
//! invariants, metrics.

use crate::actors::channels;
use crate::actors::gateway::Gateway;
use crate::actors::invariants::{self, Scope};
use crate::actors::node::Node;
use crate::actors::quarantine;
use crate::actors::rights;
use crate::base::id::AgentId;
use crate::config::Config;
use crate::store::agent::Counters;
use crate::telemetry::metric::Recorder;
use crate::transport::access::Access;
use std::cell::Cell;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How often counters are written.
const COUNTERS_EVERY: Duration = Duration::from_secs(15);
/// Under overload only every so many times: they are sums, and lose nothing by coming later.
const COUNTERS_SPARED: u32 = 4;
/// Agents whose counters are written at a time: commits wait for no more than these.
const COUNTERS_AT_A_TIME: usize = 256;

/// How often the invariants are checked.
const INVARIANTS_EVERY: Duration = Duration::from_secs(300);

/// Starts all of them on this thread.
pub fn start(gateway: &Gateway, access: &Arc<Access>, config: &Arc<Config>, recorder: Recorder) {
    let spared = Cell::new(0_u32);
    keep(&gateway.node, COUNTERS_EVERY, move |node| {
        let is_overloaded = node.overload.is_on(node.clock.monotonic_ms());
        let is_spared = is_overloaded && spared.get() < COUNTERS_SPARED - 1;
        spared.set(if is_spared {
            spared.get().saturating_add(1)
        } else {
            0
        });
        async move {
            if !is_spared {
                flush_counters(node).await;
            }
        }
    });
    actix_web::rt::spawn(rights::keep_fresh(Arc::clone(&gateway.node)));
    actix_web::rt::spawn(quarantine::keep_saved(Arc::clone(&gateway.node)));
    actix_web::rt::spawn(channels::keep_timing(Arc::clone(&gateway.node)));
    actix_web::rt::spawn(channels::keep_latest(Arc::clone(&gateway.node)));
    let sweep_every = Duration::from_secs(u64::from(config.retention.sweep_min.max(1)) * 60);
    let settings = Arc::clone(config);
    keep(&gateway.node, sweep_every, move |node| {
        retain(node, Arc::clone(&settings))
    });
    keep(&gateway.node, Duration::from_secs(60), |node| async move {
        node.channels.sweep(&node.clock);
        node.parked_limits.sweep(&node.clock);
    });
    keep(&gateway.node, INVARIANTS_EVERY, |node| async move {
        // Who stands by has no world of its own.
        if node.directory.runs_any()
            && let Err(refusal) = invariants::check(&node, Scope::of(&node)).await
        {
            tracing::warn!("the invariants could not be checked: {refusal}");
        }
    });
    let access = Arc::clone(access);
    keep(&gateway.node, Duration::from_secs(1), move |_| {
        let access = Arc::clone(&access);
        async move { access.keep_fresh().await }
    });
    keep(&gateway.node, Duration::from_secs(5), move |_| {
        recorder.run_upkeep();
        async {}
    });
}

/// Calls something at intervals; a late call is not made up for.
fn keep<F: Future<Output = ()> + 'static>(
    node: &Arc<Node>,
    period: Duration,
    work: impl Fn(Arc<Node>) -> F + 'static,
) {
    let node = Arc::clone(node);
    actix_web::rt::spawn(async move {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            work(Arc::clone(&node)).await;
        }
    });
}

/// Writes what agents did to their counters; what cannot be written is kept for the next time.
pub async fn flush_counters(node: Arc<Node>) {
    let agents: Vec<AgentId> = node.counters.iter().map(|row| *row.key()).collect();
    let additions: Vec<(AgentId, Counters)> = agents
        .into_iter()
        .filter_map(|agent| node.counters.remove(&agent))
        .collect();
    for part in additions.chunks(COUNTERS_AT_A_TIME) {
        let rows = part.to_vec();
        let written = node.database.write(move |store| store.add_counters(&rows)).await;
        if written.is_err() {
            part.iter().for_each(|(agent, add)| put_back(&node, *agent, add));
        }
    }
}

fn put_back(node: &Node, agent: AgentId, add: &Counters) {
    node.count(agent, |counters| {
        counters.messages = counters.messages.saturating_add(add.messages);
        counters.actions = counters.actions.saturating_add(add.actions);
        counters.online_seconds = counters.online_seconds.saturating_add(add.online_seconds);
        counters.last_seen = counters.last_seen.max(add.last_seen);
    });
}

async fn retain(node: Arc<Node>, config: Arc<Config>) {
    let now = node.now();
    if let Err(refusal) = node
        .database
        .write(move |store| store.retain(now, &config.retention))
        .await
    {
        tracing::warn!("old records could not be removed: {refusal}");
    }
}
