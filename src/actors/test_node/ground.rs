//! What a test's nodes stand on, and how one starts.

use super::{LEASE_MS, NOW, TestNode};
use crate::actors::agent::ParkedLimits;
use crate::actors::channels::Channels;
use crate::actors::database::Database;
use crate::actors::directory::Directory;
use crate::actors::gateway::Gateway;
use crate::actors::lease::{LeaseKeeper, Leases};
use crate::actors::node::Node;
use crate::actors::peer::Peers;
use crate::base::id::NodeId;
use crate::base::limit::{CHANNEL_HISTORIES_MAX_BYTES, PARKED_LIMITS_MAX};
use crate::base::time::TickRate;
use crate::bus::mirror::Mirror;
use crate::bus::{Bus, BusConfig};
use crate::config::{ChannelSettings, Limits};
use crate::domain::region::{RegionPlan, World};
use crate::guard::seal::Seal;
use crate::host::clock::Clock;
use crate::host::entropy::Entropy;
use crate::store::lease::Claiming;
use crate::store::{Reader, Store, Target, migrate};
use dashmap::DashMap;
use std::sync::Arc;
use std::time::Duration;

/// With a keeper, which looks at a part of this. Units: milliseconds.
const KEPT_LEASE_MS: i64 = 600;

/// What the nodes of a world have in common.
pub(super) struct Ground {
    target: Target,
    bus: Bus,
    clock: Clock,
    limits: Limits,
    pub(super) channel: ChannelSettings,
    seed: u64,
    is_shared: bool,
    /// A database on disk, for a world that several nodes write to.
    _folder: Option<tempfile::TempDir>,
}

impl Ground {
    fn seal(&self) -> Option<Seal> {
        Seal::new("test").filter(|_| self.is_shared)
    }

    /// `shared_by`: how several nodes reach one another.
    pub(super) fn new(
        target: Target,
        folder: Option<tempfile::TempDir>,
        limits: Limits,
        seed: u64,
        shared_by: Option<&BusConfig>,
    ) -> Self {
        migrate(&target, NOW).unwrap();
        let clock = Clock::manual(NOW.0);
        let alone = BusConfig::default();
        let io = tokio::runtime::Handle::current();
        let config = shared_by.unwrap_or(&alone);
        let bus = Bus::start(config, clock.clone(), Entropy::seeded(seed), &io).unwrap();
        Self {
            target,
            bus,
            clock,
            limits,
            channel: ChannelSettings::default(),
            seed,
            is_shared: shared_by.is_some(),
            _folder: folder,
        }
    }
}

impl TestNode {
    pub(super) fn start(
        ground: &Ground,
        plans: &[RegionPlan],
        has_all: bool,
        kept: Option<Claiming>,
    ) -> Self {
        let Ground {
            target,
            clock,
            bus,
            limits,
            channel,
            seed,
            ..
        } = ground;
        // A second node must not draw the same ids.
        let entropy = Entropy::seeded(if has_all { *seed } else { seed.wrapping_add(1) });
        let mut store = Store::open(target).unwrap();
        let made = store.ensure_world(100, i64::try_from(*seed).ok(), NOW).unwrap();
        store.ensure_regions(plans, NOW).unwrap();
        let id = NodeId(entropy.uuid_v7(NOW.0));
        store.register_node(id, "test", "127.0.0.1", "0", NOW).unwrap();
        let claims = if has_all {
            store.claim_shards(id, LEASE_MS, NOW).unwrap()
        } else {
            Vec::new()
        };
        let mut reader = Reader::open(target).unwrap();
        let kept = kept.map(|how| {
            let keeper = LeaseKeeper {
                store: Store::open(target).unwrap(),
                node: id,
                ttl_ms: KEPT_LEASE_MS,
                clock: clock.clone(),
                is_shared: false,
                how,
            };
            keeper.start().unwrap()
        });
        let (leases, turns) = match kept {
            Some((leases, turns)) => (leases, Some(turns)),
            None => (Arc::new(Leases::lasting()), None),
        };
        let rate = TickRate {
            epoch: made.epoch,
            tick_ms: made.tick_ms,
        };
        let world = World {
            rate,
            seed: *seed,
            regions: reader.regions().unwrap(),
            shards: reader.shards().unwrap(),
        };
        let (bus_config, epoch) = (BusConfig::default(), entropy.token_base62(8));
        let node = Arc::new(Node {
            id,
            clock: clock.clone(),
            entropy,
            rate,
            database: Database::start(vec![store], vec![reader]),
            channels: Channels::new(epoch, CHANNEL_HISTORIES_MAX_BYTES, channel.clone()),
            rights: Default::default(),
            directory: Directory::new(world.clone()),
            quarantine: Arc::default(),
            overload: Default::default(),
            mirror: Mirror::new(bus, &bus_config),
            // Beats sleep by the real time, so silence is judged by it too.
            peers: Arc::new(Peers::new(id, bus.clone(), Clock::system(), ground.seal())),
            homes: Arc::default(),
            spectators: Default::default(),
            bus: bus.clone(),
            limits: limits.clone(),
            parked_limits: ParkedLimits::new(PARKED_LIMITS_MAX),
            leases,
            lease_ttl_ms: if turns.is_some() { KEPT_LEASE_MS } else { LEASE_MS },
            company_wait: Duration::from_millis(1),
            checkpoint_every: Duration::from_secs(1),
            counters: DashMap::new(),
        });
        let arbiter = actix_rt::Arbiter::new();
        node.directory.set_threads([arbiter.handle()]);
        let made = Self {
            gateway: Gateway::new(node),
            turns,
            clock: clock.clone(),
            arbiter,
        };
        claims.into_iter().for_each(|lease| made.run_shard(lease));
        made
    }
}
