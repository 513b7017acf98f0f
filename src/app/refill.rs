//! Filling the mirror in Redis from the store.

use super::start::{bus_config, rate_of};
use super::target_of;
use crate::actors::region::bodies;
use crate::actors::rights::channel_copy;
use crate::base::id::NodeId;
use crate::base::time::{Tick, TickRate, Timestamp};
use crate::bus::mirror::{
    ChannelCopy, EVENTS_MAX, MirrorBatch, MirrorEvent, MirrorPosition, MirrorSession, refill as write,
};
use crate::config::Config;
use crate::domain::region::weather::{time_at, weather_at};
use crate::domain::region::{Body, RegionPlan};
use crate::host::clock::Clock;
use crate::store::Reader;
use crate::store::session::OpenSession;
use anyhow::{Context, ensure};
use std::collections::HashMap;

/// Channels that are read together.
const CHANNELS_AT_A_TIME: i64 = 500;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refilled {
    /// Public regions.
    pub regions: usize,
    /// Agents in them.
    pub agents: usize,
    /// Those of them that are connected.
    pub sessions: usize,
    /// Events of their streams.
    pub events: usize,
    /// Channels with locks, grants or adverts.
    pub channels: usize,
}

/// Writes what follows from the store: where agents are, by their rows and the last checkpoints; their sessions that are not closed; the
/// last public events; time and weather. What only a running node knows, rates and streams of spectators, is left alone.
/// Not for a thread with a tokio runtime.
/// Errors: no Redis is configured, or the store or Redis does not answer.
pub fn refill(config: &Config) -> anyhow::Result<Refilled> {
    let bus = bus_config(config, NodeId(uuid::Uuid::nil()))?;
    ensure!(
        bus.redis.is_some(),
        "no Redis is configured: give --redis, or redis in [bus]"
    );
    ensure!(bus.is_mirror_on, "the mirror is switched off: mirror in [bus]");
    let clock = Clock::system();
    let now = Timestamp(clock.now_ms());
    let mut reader = Reader::open(&target_of(config)?)?;
    let world = reader.world()?.context("there is no world yet")?;
    let moment = Moment {
        rate: rate_of(&world),
        now,
        seed: u64::try_from(world.seed).unwrap_or_default(),
    };
    let mut sessions: HashMap<_, _> = reader
        .open_sessions()?
        .into_iter()
        .map(|open| (open.agent, open))
        .collect();
    let shards = reader.shards()?;
    let mut batches = Vec::new();
    for plan in reader.regions()?.into_iter().filter(|plan| plan.is_public) {
        let mut all = Vec::new();
        for shard in shards.iter().filter(|shard| shard.region == plan.name) {
            let loaded = reader.load_shard(shard.id)?.context("a shard is gone")?;
            all.extend(bodies(
                loaded.checkpoint.as_ref(),
                loaded.carried,
                loaded.agents,
                plan.spawn,
                moment.tick(),
            ));
        }
        let events = reader.public_events_of(&plan.name, i64::try_from(EVENTS_MAX).unwrap_or(i64::MAX))?;
        batches.push(moment.batch(&plan, &all, &mut sessions, events));
    }
    let channels = channels_of(&mut reader)?;
    let refilled = Refilled {
        regions: batches.len(),
        agents: batches.iter().map(|batch| batch.positions.len()).sum(),
        sessions: batches.iter().map(|batch| batch.sessions.len()).sum(),
        events: batches.iter().map(|batch| batch.events.len()).sum(),
        channels: channels.len(),
    };
    let io = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    io.block_on(write(&bus, clock, batches, &channels))?;
    Ok(refilled)
}

/// What is stored of channels.
fn channels_of(reader: &mut Reader) -> anyhow::Result<Vec<ChannelCopy>> {
    let mut copies = Vec::new();
    let mut after = String::new();
    loop {
        let names = reader.known_channels(&after, CHANNELS_AT_A_TIME)?;
        let Some(last) = names.last() else {
            return Ok(copies);
        };
        after.clone_from(last);
        let mut rules = reader.channel_rules(&names)?;
        for name in names {
            let rule = rules.remove(&name).unwrap_or_default();
            let advert = reader.advert(&name)?;
            copies.extend(channel_copy(&name, &rule, advert.as_ref()));
        }
    }
}

/// When the mirror is filled.
struct Moment {
    rate: TickRate,
    now: Timestamp,
    seed: u64,
}

impl Moment {
    fn tick(&self) -> Tick {
        self.rate.tick_at(self.now)
    }

    fn batch(
        &self,
        plan: &RegionPlan,
        bodies: &[Body],
        sessions: &mut HashMap<crate::base::id::AgentId, OpenSession>,
        events: Vec<String>,
    ) -> MirrorBatch {
        let mut batch = MirrorBatch {
            region: plan.name.clone(),
            tick: self.tick().0,
            time: time_at(self.now),
            weather: weather_at(self.seed, &plan.name, plan.weather.as_deref(), self.now),
            ..MirrorBatch::default()
        };
        for body in bodies {
            let agent_id = body.profile.handle.to_string();
            let at = body.trajectory.at(self.tick(), &self.rate).0.rounded();
            if let Some(open) = sessions.remove(&body.profile.id) {
                batch.sessions.push(MirrorSession {
                    agent_id: agent_id.clone(),
                    token_id: open.token_id,
                    position: [at.x, at.y, at.z],
                    status: body.status.clone(),
                    connected_at_ms: open.connected_at.0,
                });
            }
            batch.positions.push(MirrorPosition {
                agent_id,
                x: at.x,
                y: at.y,
                z: at.z,
                activity_ms: self.now.0,
            });
        }
        let event = |payload| MirrorEvent {
            payload,
            watchers: Vec::new(),
        };
        batch.events = events.into_iter().map(event).collect();
        batch
    }
}
