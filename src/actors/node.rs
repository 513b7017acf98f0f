//! What every actor of this process shares.

use super::agent::ParkedLimits;
use super::channels::Channels;
use super::database::Database;
use super::directory::Directory;
use super::homes::Homes;
use super::lease::Leases;
use super::overload::Overload;
use super::peer::Peers;
use super::peer::message::{News, Presence};
use super::quarantine::Quarantine;
use super::region::{Destination, RegionMessage};
use super::rights::Rights;
use super::spectator::Spectators;
use crate::base::id::{AgentId, EventId, NodeId, SessionId, ShardId};
use crate::base::rate::{Gcra, Quota, RetryAfter};
use crate::base::time::{Tick, TickRate, Timestamp};
use crate::bus::Bus;
use crate::bus::mirror::Mirror;
use crate::config::{Bucket, Limits};
use crate::domain::agent::{Handle, Profile};
use crate::domain::refusal::{Code, Rate, Refusal};
use crate::host::clock::Clock;
use crate::host::entropy::Entropy;
use crate::store::agent::Counters;
use crate::telemetry::metric;
use dashmap::DashMap;
use std::sync::Arc;
use std::time::Duration;

/// How long a transport waits for an actor's answer.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// What every actor of this process shares. Cheap to share as `Arc`.
pub struct Node {
    /// This process.
    pub id: NodeId,
    /// The clock.
    pub clock: Clock,
    /// Chance and fresh ids.
    pub entropy: Entropy,
    /// How ticks and times go together.
    pub rate: TickRate,
    /// The database threads.
    pub database: Database,
    /// Channels with subscribers or a history on this node.
    pub channels: Channels,
    /// The rules of channels.
    pub rights: Rights,
    /// Who is where.
    pub directory: Directory,
    /// Commands that made actors fail.
    pub quarantine: Arc<Quarantine>,
    /// Whether this node falls behind.
    pub overload: Overload,
    /// The other nodes.
    pub peers: Arc<Peers>,
    /// Where the agents of this node's sockets are.
    pub homes: Arc<Homes>,
    /// The spectators that are connected to this node.
    pub spectators: Spectators,
    /// To other nodes and outside tools.
    pub bus: Bus,
    /// The copy of the world for outside tools.
    pub mirror: Mirror,
    /// Rates and counts.
    pub limits: Limits,
    /// Limits of agents without an actor.
    pub parked_limits: ParkedLimits,
    /// Whether its leases hold.
    pub leases: Arc<Leases>,
    /// How long a lease holds. Units: milliseconds.
    pub lease_ttl_ms: i64,
    /// How long a commit waits for company when the writer is idle; timers round up to whole milliseconds.
    pub company_wait: Duration,
    /// How often positions are saved.
    pub checkpoint_every: Duration,
    /// What is to be added to agents' counters; written every few seconds.
    pub counters: DashMap<AgentId, Counters>,
}

impl Node {
    /// The world's time: wall-clock time that never goes back. Tokens and ids go by the wall clock itself.
    pub fn now(&self) -> Timestamp {
        Timestamp(self.clock.steady_ms())
    }

    /// The world tick of now.
    pub fn tick(&self) -> Tick {
        self.rate.tick_at(self.now())
    }

    /// A fresh event id.
    pub fn event_id(&self) -> EventId {
        EventId(self.entropy.uuid_v7(self.clock.now_ms()))
    }

    /// A fresh session id.
    pub fn session_id(&self) -> SessionId {
        SessionId(self.entropy.uuid_v7(self.clock.now_ms()))
    }

    /// A limiter for a bucket; none when nothing is limited.
    pub fn limiter(&self, bucket: Bucket) -> Limiter {
        Limiter::new(bucket, self.limits.quota(bucket))
    }

    /// Notes, here and with the other nodes, that an agent is in a shard of a region, which this node runs.
    pub fn note_present(&self, profile: &Profile, (shard, region): (ShardId, &str), hop: i64) {
        let presence = Presence {
            handle: profile.handle.clone(),
            id: profile.id,
            hop,
            name: profile.name.clone(),
            region: region.into(),
            shard: Some(shard),
            is_public: profile.is_public,
        };
        self.peers.tell_all(|| News::Came(vec![presence.clone()]));
        self.place(presence, None);
    }

    /// Notes that an agent is in a shard, here or with another node. A shard here that has it by an earlier hand-off is told.
    pub fn place(&self, presence: Presence, from: Option<NodeId>) {
        let (agent, hop) = (presence.id, presence.hop);
        let to = presence.shard.map(|shard| Destination {
            shard,
            region: Arc::clone(&presence.region),
        });
        let overtaken = self.directory.put_online(presence, from);
        if let Some(seats) = overtaken.and_then(|shard| self.directory.shard(shard))
            && let Some(to) = to
        {
            seats.region.order(RegionMessage::Overtaken(agent, hop, to));
        }
    }

    /// Notes, here and with the other nodes, that an agent left a region of this node, unless it is in another one already.
    pub fn note_absent(&self, handle: &Handle, region: &str) {
        self.directory.remove_online(handle, region, None);
        self.peers.tell_all(|| News::Went(handle.clone(), region.into()));
    }

    /// Adds to an agent's counters.
    pub fn count(&self, agent: AgentId, add: impl FnOnce(&mut Counters)) {
        add(&mut self.counters.entry(agent).or_default());
    }
}

/// A rate limit of one caller.
pub struct Limiter {
    bucket: Bucket,
    gcra: Option<Gcra>,
}

impl Limiter {
    /// A limiter for a bucket; without a quota nothing is limited.
    pub fn new(bucket: Bucket, quota: Option<Quota>) -> Self {
        Self {
            bucket,
            gcra: quota.map(Gcra::new),
        }
    }

    /// Counts one call. Errors: `rate_limited` with the time to wait and the headers' numbers.
    pub fn check(&mut self, clock: &Clock) -> Result<(), Refusal> {
        let Some(gcra) = &mut self.gcra else { return Ok(()) };
        let window_s = gcra.quota().window_ms.div_ceil(1_000);
        gcra.check(clock.monotonic_ms())
            .map(|_allowance| ())
            .map_err(|over| refuse(self.bucket, over, window_s))
    }

    /// What it lets pass; none when nothing is limited.
    pub fn quota(&self) -> Option<Quota> {
        self.gcra.map(|gcra| gcra.quota())
    }

    /// From when on it is as good as new. Units: milliseconds of the monotonic clock.
    pub fn idle_at_ms(&self) -> i64 {
        self.gcra.map_or(i64::MIN, |gcra| gcra.idle_at_ms())
    }

    /// A limiter that is as good as new from then on. Units: as `idle_at_ms`.
    pub fn idle_at(bucket: Bucket, quota: Option<Quota>, at_ms: i64) -> Self {
        let gcra = quota.map(|quota| Gcra::idle_at(quota, at_ms));
        Self { bucket, gcra }
    }

    /// Takes over what another limiter of the same bucket counted.
    pub fn merge(&mut self, other: &Self) {
        if let (Some(gcra), Some(other)) = (&mut self.gcra, &other.gcra) {
            gcra.merge(other);
        }
    }

    /// Whether it is as good as new, so that whoever keeps it in a map may forget it.
    pub fn is_idle(&self, clock: &Clock) -> bool {
        self.gcra.is_none_or(|gcra| gcra.is_idle(clock.monotonic_ms()))
    }
}

/// The refusal of a bucket that is empty.
pub fn refuse(bucket: Bucket, over: RetryAfter, window_s: u32) -> Refusal {
    metric::rate_limits_hit(bucket.name()).increment(1);
    let reset_s = u32::try_from(over.retry_after_s()).unwrap_or(u32::MAX);
    Refusal::new(Code::RateLimited, "over the rate limit")
        .retry_after(i64::try_from(over.retry_after_ms).unwrap_or(i64::MAX))
        .with_rate(Rate {
            bucket: bucket.name(),
            limit: over.limit,
            window_s,
            reset_s,
        })
}
