//! A copy of the world in Redis for outside tools: sessions, positions, neighbourhood, events, time and weather.
//!
//! Nothing in Rookery reads it back. Whoever runs a shard pushes all its agents about once a second; a second's
//! worth of a region is written in one pipeline. What is not pushed again expires, so an emptied Redis fills up again by
//! itself and a dead node's agents fade away. Keys, each behind the configured prefix:
//!
//! | Key | What | Life |
//! |---|---|---|
//! | `session:{agent_id}` | hash `token, region, position, status, connected_at` | 300 s |
//! | `pos:{region}:{agent_id}` | hash `x, y, z, tick` | 30 s |
//! | `region:{region}:agents` | sorted set, agent by last activity in ms | 300 s |
//! | `geo:{region}` | geo set of agents, see `METRES_PER_DEGREE` | 300 s |
//! | `events:{region}` | stream of about 1,000, field `event` | |
//! | `spectator:{session_id}:events` | stream of about 1,000, field `event` | 300 s |
//! | `ratelimit:{agent_id}:{action}` | counter | 60 s |
//! | `world:tick`, `world:time`, `world:weather:{region}` | number, JSON, JSON | 300 s |
//!
//! Each event is also published on the channel `events:{region}`, which has the name of the stream but nothing else
//! in common with it, and each position on `positions:{region}`. In a Cluster the channels are sharded ones, and each
//! key has the slot of its name: no command here has two keys.

mod channel;
mod pending;
mod refill;
mod write;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::task::AbortHandle;
use tokio::time::MissedTickBehavior;

use super::commands::Commands;
use super::{Bus, BusConfig, count};
use pending::Waiting;
use write::Manner;

pub use channel::ChannelCopy;
pub use refill::refill;
pub use write::METRES_PER_DEGREE;

/// Regions whose batches wait to be written.
pub const REGIONS_MAX: usize = 4_096;
/// Agents of one region in a batch; more are left out.
pub const AGENTS_MAX: usize = 10_000;
/// Events of one region that wait; the oldest give way. Also about the length of a stream.
pub const EVENTS_MAX: usize = 1_000;
/// Bytes of one event; a longer one is left out.
pub const EVENT_MAX_BYTES: usize = 16 * 1024;
/// Spectators of one event; more are left out.
pub const WATCHERS_MAX: usize = 256;

/// How often a region is written at most.
const WRITE_EVERY: Duration = Duration::from_secs(1);

/// What a shard tells about its part of a region.
#[derive(Clone, Debug, Default)]
pub struct MirrorBatch {
    /// The region's name.
    pub region: String,
    /// The world's tick.
    pub tick: i64,
    /// The time of day `{hour, minute, day_night}`; null leaves out.
    pub time: Value,
    /// The region's weather `{type, ...}`; null leaves out.
    pub weather: Value,
    /// Every agent of the shard, moving or not: who is not pushed for 30 s fades away.
    pub positions: Vec<MirrorPosition>,
    /// Sessions that live.
    pub sessions: Vec<MirrorSession>,
    /// Agents that left the shard since its last batch; one that is in `positions` too has come back.
    pub left: Vec<String>,
    /// Agents whose session is over, or went on where nobody may watch.
    pub ended: Vec<String>,
    /// Rate counters that changed.
    pub rates: Vec<MirrorRate>,
    /// What happened, in order.
    pub events: Vec<MirrorEvent>,
}

/// Where an agent is. Units: metres from the region's corner; not finite or beyond 9,000 km is left out.
#[derive(Clone, Debug, PartialEq)]
pub struct MirrorPosition {
    /// The agent's handle.
    pub agent_id: String,
    /// Eastwards.
    pub x: f64,
    /// Northwards.
    pub y: f64,
    /// Upwards.
    pub z: f64,
    /// When the agent last did something. Units: milliseconds since 1970.
    pub activity_ms: i64,
}

/// A connected agent.
#[derive(Clone, Debug, PartialEq)]
pub struct MirrorSession {
    /// The agent's handle.
    pub agent_id: String,
    /// The id of its token for the field `token`. Never the token: whoever reads Redis could act with it.
    pub token_id: String,
    /// Its position `x, y, z`. Units: metres.
    pub position: [f64; 3],
    /// Its status.
    pub status: String,
    /// When it connected. Units: milliseconds since 1970.
    pub connected_at_ms: i64,
}

/// How often an agent did something in the running minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorRate {
    /// The agent's handle.
    pub agent_id: String,
    /// The action's name.
    pub action: String,
    /// How often.
    pub count: u64,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorEvent {
    /// JSON `{type, source, content, tick}`; public events only, since anyone at Redis reads them.
    pub payload: String,
    /// The ids of the spectator sessions that watch the event's agent.
    pub watchers: Vec<String>,
}

/// Writes batches to Redis behind the caller's back. Clones share one queue; on a local bus it does nothing.
#[derive(Clone)]
pub struct Mirror(Option<Arc<Owned>>);

struct Owned {
    waiting: Arc<Mutex<Waiting>>,
    commands: Arc<Commands>,
    prefix: String,
    task: AbortHandle,
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Mirror {
    /// A mirror on the bus's Redis, on the bus's runtime.
    #[must_use]
    pub fn new(bus: &Bus, config: &BusConfig) -> Self {
        let Bus::Redis(redis) = bus else {
            return Self(None);
        };
        if !config.is_mirror_on {
            return Self(None);
        }
        let waiting = Arc::new(Mutex::new(Waiting::default()));
        let commands = redis.commands();
        let writer = Writer {
            waiting: Arc::clone(&waiting),
            commands: Arc::clone(&commands),
            prefix: config.prefix.clone(),
            settled: HashSet::new(),
            tick_max: i64::MIN,
        };
        let task = redis.io().spawn(writer.run()).abort_handle();
        Self(Some(Arc::new(Owned {
            waiting,
            commands,
            prefix: config.prefix.clone(),
            task,
        })))
    }

    /// Whether batches are written at all; when not, they need not be made.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Queues a batch and returns at once. Within a second, batches of one region melt into one: the latest position
    /// of an agent wins, events add up to `EVENTS_MAX`. What is too much is left out and counted.
    pub fn push(&self, batch: MirrorBatch) {
        if let Some(owned) = &self.0 {
            let left_out = locked(&owned.waiting).add(batch);
            if left_out > 0 {
                count::dropped("mirror", left_out);
            }
        }
    }
}

fn locked(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Writer {
    waiting: Arc<Mutex<Waiting>>,
    commands: Arc<Commands>,
    prefix: String,
    /// Regions whose sets were begun anew by this process and have missed nothing since.
    settled: HashSet<String>,
    tick_max: i64,
}

impl Writer {
    async fn run(mut self) {
        let mut second = tokio::time::interval(WRITE_EVERY);
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            second.tick().await;
            let regions = locked(&self.waiting).regions();
            for region in regions {
                if !self.write(region).await {
                    // The other regions wait: newer positions replace theirs while Redis is away.
                    break;
                }
            }
        }
    }

    /// Writes what waits for a region; whether Redis took it.
    async fn write(&mut self, region: String) -> bool {
        let Some(mut pending) = locked(&self.waiting).take(&region) else {
            return true;
        };
        self.tick_max = self.tick_max.max(pending.tick);
        pending.tick = self.tick_max;
        let manner = if self.settled.contains(&region) {
            Manner::Next
        } else {
            Manner::First
        };
        for pipeline in write::pipelines(&self.prefix, &region, &pending, manner, self.commands.verbs()) {
            if self.commands.run(&pipeline).await.is_err() {
                count::dropped("mirror", pending.events.len().saturating_add(1));
                // Agents may have left unseen, here and in regions that were not reached: all sets begin anew.
                self.settled.clear();
                return false;
            }
        }
        if self.settled.len() < REGIONS_MAX {
            self.settled.insert(region);
        }
        true
    }
}
