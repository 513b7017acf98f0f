//! A small node to test actors on: regions on a database in memory, and agents that come when asked.

use super::agent::{Joiner, ParkedLimits};
use super::channels::Channels;
use super::database::Database;
use super::directory::{Directory, ShardSeats};
use super::gateway::{Caller, Gateway};
use super::lease::{LeaseKeeper, Leases};
use super::node::Node;
use super::request::Receipt;
use super::shard;
use crate::base::id::{AgentId, NodeId, ShardId};
use crate::base::limit::{CHANNEL_HISTORIES_MAX_BYTES, PARKED_LIMITS_MAX};
use crate::base::time::{TickRate, Timestamp};
use crate::bus::mirror::Mirror;
use crate::bus::{Bus, BusConfig};
use crate::config::Limits;
use crate::domain::agent::{Handle, Name, Permissions};
use crate::domain::refusal::Refusal;
use crate::domain::region::{RegionPlan, World};
use crate::host::clock::Clock;
use crate::host::entropy::Entropy;
use crate::store::agent::{NewAgent, Registered};
use crate::store::lease::{Claiming, Turn};
use crate::store::{Reader, Store, StoreError, Target, migrate};
use dashmap::DashMap;
use serde_json::{Value, json};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// When tests take place: the middle of a month.
pub const NOW: Timestamp = Timestamp(1_789_500_000_000);
/// Nobody renews leases here, and tests set the clock forward. Units: milliseconds.
const LEASE_MS: i64 = 30 * 86_400_000;
/// With a keeper, which looks at a part of this. Units: milliseconds.
const KEPT_LEASE_MS: i64 = 600;
/// How long a state is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running node.
pub struct TestNode {
    /// The door to its actors.
    pub gateway: Gateway,
    /// What the turns of its leases see, when they are kept.
    pub turns: Option<watch::Receiver<Turn>>,
    /// Stands still unless a test sets it forward. Timers sleep by the real time.
    pub clock: Clock,
    arbiter: actix_rt::Arbiter,
}

/// Runs a test in an actor system of its own, without rates and counts.
pub fn run<F: Future<Output = ()>>(body: impl FnOnce(TestNode) -> F) {
    let unlimited = Limits {
        unlimited: true,
        ..Limits::default()
    };
    run_with(unlimited, body);
}

/// Runs a test in an actor system of its own, with these rates and counts.
pub fn run_with<F: Future<Output = ()>>(limits: Limits, body: impl FnOnce(TestNode) -> F) {
    run_in(&[plan("plaza"), plan("forest")], limits, 7, body);
}

/// Runs a test in an actor system of its own, in a world of these regions. `seed`: what all chance starts from.
pub fn run_in<F: Future<Output = ()>>(
    plans: &[RegionPlan],
    limits: Limits,
    seed: u64,
    body: impl FnOnce(TestNode) -> F,
) {
    actix::System::new().block_on(async { body(TestNode::start(plans, limits, seed, None)).await });
}

/// Runs a test in an actor system of its own, with leases that are kept.
pub fn run_kept<F: Future<Output = ()>>(how: Claiming, body: impl FnOnce(TestNode) -> F) {
    let plans = [plan("plaza"), plan("forest")];
    let unlimited = Limits {
        unlimited: true,
        ..Limits::default()
    };
    actix::System::new().block_on(async { body(TestNode::start(&plans, unlimited, 7, Some(how))).await });
}

/// A region of 256 m without anything in it.
pub fn plan(name: &str) -> RegionPlan {
    let spawn = json!({"x": 128.0, "y": 128.0, "z": 25.0});
    serde_json::from_value(
        json!({"name": name, "display_name": name, "size_m": 256.0, "capacity": 500, "spawn": spawn}),
    )
    .unwrap()
}

impl TestNode {
    fn start(plans: &[RegionPlan], limits: Limits, seed: u64, kept: Option<Claiming>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let target = Target::SqliteMemory(format!("test_node_{}", COUNT.fetch_add(1, Ordering::Relaxed)));
        migrate(&target, NOW).unwrap();
        let clock = Clock::manual(NOW.0);
        let entropy = Entropy::seeded(seed);
        let mut store = Store::open(&target).unwrap();
        let made = store.ensure_world(100, i64::try_from(seed).ok(), NOW).unwrap();
        store.ensure_regions(plans, NOW).unwrap();
        let id = NodeId(entropy.uuid_v7(NOW.0));
        store.register_node(id, "test", "127.0.0.1", "0", NOW).unwrap();
        let claims = store.claim_shards(id, LEASE_MS, true, NOW).unwrap();
        let mut reader = Reader::open(&target).unwrap();
        let kept = kept.map(|how| {
            let keeper = LeaseKeeper {
                store: Store::open(&target).unwrap(),
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
            seed,
            regions: reader.regions().unwrap(),
            shards: reader.shards().unwrap(),
        };
        let bus_config = BusConfig::default();
        let bus = Bus::start(
            &bus_config,
            clock.clone(),
            entropy.clone(),
            &tokio::runtime::Handle::current(),
        )
        .unwrap();
        let node = Arc::new(Node {
            id,
            clock: clock.clone(),
            entropy,
            rate,
            database: Database::start(vec![store], vec![reader]),
            channels: Channels::new("test".into(), CHANNEL_HISTORIES_MAX_BYTES),
            directory: Directory::new(world.clone()),
            quarantine: Arc::default(),
            overload: Default::default(),
            mirror: Mirror::new(&bus, &bus_config),
            bus,
            limits,
            parked_limits: ParkedLimits::new(PARKED_LIMITS_MAX),
            leases,
            lease_ttl_ms: if turns.is_some() { KEPT_LEASE_MS } else { LEASE_MS },
            company_wait: Duration::from_millis(1),
            checkpoint_every: Duration::from_secs(1),
            counters: DashMap::new(),
        });
        let arbiter = actix_rt::Arbiter::new();
        node.directory.set_threads([arbiter.handle()]);
        for claim in &claims {
            let plan = world
                .shards
                .iter()
                .find(|shard| shard.id == claim.lease.shard)
                .unwrap()
                .clone();
            let region = world.region(&plan.region).unwrap().clone();
            shard::start(&node, &arbiter.handle(), region, plan, claim.lease);
        }
        Self {
            gateway: Gateway::new(node),
            turns,
            clock,
            arbiter,
        }
    }

    /// What its actors share.
    pub fn node(&self) -> &Arc<Node> {
        &self.gateway.node
    }

    /// The thread that the shards run on.
    pub fn arbiter(&self) -> actix_rt::ArbiterHandle {
        self.arbiter.handle()
    }

    /// The seats of a region's only shard.
    pub fn shard(&self, region: &str) -> (ShardId, ShardSeats) {
        let spawn = plan(region).spawn;
        self.node().directory.shard_at(region, spawn).unwrap()
    }

    /// Registers an agent and brings it to a point of the plaza.
    pub async fn join(&self, name: &str, x: f64, y: f64) -> Caller {
        let handle = Handle::new(name).unwrap();
        let id = AgentId(self.node().entropy.uuid_v7(NOW.0));
        let agent = NewAgent {
            id,
            handle: handle.clone(),
            name: Name::new(name).unwrap(),
            owner_id: None,
            description: None,
            avatar: json!({}),
            skills_map: json!({}),
            default_region: "plaza".to_owned(),
            permissions: Permissions::of_new_agent(),
            key_id: None,
            key_hash: None,
            inbox_epoch: "test".to_owned(),
        };
        let registered = self
            .node()
            .database
            .write(move |store| store.register_agent(&agent, NOW))
            .await;
        assert_eq!(registered.unwrap(), Registered::Done);
        self.gateway.join(&handle, Joiner::Rest, None).await.unwrap();
        let caller = Caller {
            handle,
            id,
            permissions: Permissions::of_new_agent(),
        };
        self.stand(&caller, x, y).await;
        caller
    }

    /// Puts an agent on a point of the plaza at once.
    pub async fn stand(&self, caller: &Caller, x: f64, y: f64) {
        self.act(caller, "teleport", json!({"region": "plaza", "x": x, "y": y}))
            .await
            .unwrap();
    }

    /// Does an action.
    pub async fn act(&self, caller: &Caller, name: &str, params: Value) -> Result<Receipt, Refusal> {
        self.gateway.act(caller, name, &params.to_string(), None).await
    }

    /// Does an action under a command id.
    pub async fn act_as(
        &self,
        caller: &Caller,
        name: &str,
        params: Value,
        id: &str,
    ) -> Result<Receipt, Refusal> {
        self.gateway
            .act(caller, name, &params.to_string(), Some(id.to_owned()))
            .await
    }

    /// Reads from the database.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.node().database.read(work).await.unwrap()
    }
}

impl Drop for TestNode {
    fn drop(&mut self) {
        self.arbiter.stop();
    }
}

/// Waits for a state.
pub async fn wait_until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(tokio::time::Instant::now() < deadline, "never came: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
