//! A small node to test actors on: regions on a database in memory, and agents that come when asked.

use super::agent::ParkedLimits;
use super::channels::Channels;
use super::database::Database;
use super::directory::{Directory, ShardSeats};
use super::gateway::{Caller, Gateway, Guest};
use super::lease::{LeaseKeeper, Leases};
use super::node::Node;
use super::peer::{self, Peers};
use super::request::Receipt;
use super::roster;
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
use crate::guard::seal::Seal;
use crate::host::clock::Clock;
use crate::host::entropy::Entropy;
use crate::store::agent::{NewAgent, Registered};
use crate::store::commit::Lease;
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
    one(plans, limits, seed, None, body);
}

/// Runs a test in an actor system of its own, with leases that are kept.
pub fn run_kept<F: Future<Output = ()>>(how: Claiming, body: impl FnOnce(TestNode) -> F) {
    let plans = [plan("plaza"), plan("forest")];
    let unlimited = Limits {
        unlimited: true,
        ..Limits::default()
    };
    one(&plans, unlimited, 7, Some(how), body);
}

fn one<F: Future<Output = ()>>(
    plans: &[RegionPlan],
    limits: Limits,
    seed: u64,
    kept: Option<Claiming>,
    body: impl FnOnce(TestNode) -> F,
) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    actix::System::new().block_on(async {
        let name = format!("test_node_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let ground = Ground::new(Target::SqliteMemory(name), None, limits, seed, false);
        body(TestNode::start(&ground, plans, true, kept)).await;
    });
}

/// A region of 256 m without anything in it.
pub fn plan(name: &str) -> RegionPlan {
    let spawn = json!({"x": 128.0, "y": 128.0, "z": 25.0});
    serde_json::from_value(
        json!({"name": name, "display_name": name, "size_m": 256.0, "capacity": 500, "spawn": spawn}),
    )
    .unwrap()
}

/// What the nodes of a world have in common.
struct Ground {
    target: Target,
    bus: Bus,
    clock: Clock,
    limits: Limits,
    seed: u64,
    is_shared: bool,
    /// A database on disk, for a world that several nodes write to.
    _folder: Option<tempfile::TempDir>,
}

/// Runs a test with two nodes that share a world: the first has all of its shards but those that are granted to the second.
pub fn run_pair<F: Future<Output = ()>>(plans: &[RegionPlan], body: impl FnOnce(TestNode, TestNode) -> F) {
    let unlimited = Limits {
        unlimited: true,
        ..Limits::default()
    };
    actix::System::new().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let target = Target::Sqlite(folder.path().join("world.sqlite"));
        let ground = Ground::new(target, Some(folder), unlimited, 7, true);
        let first = TestNode::start(&ground, plans, true, None);
        let second = TestNode::start(&ground, plans, false, None);
        let both = [first.node().id, second.node().id];
        for node in [&first, &second] {
            peer::serve(&node.gateway);
        }
        for node in [&first, &second] {
            roster::note_turn(node.node(), &[], &both);
        }
        for (shard, seats) in first.node().directory.shards() {
            roster::announce(first.node(), shard, seats.lease.epoch());
        }
        body(first, second).await;
        drop(ground);
    });
}

impl Ground {
    fn seal(&self) -> Option<Seal> {
        Seal::new("test").filter(|_| self.is_shared)
    }

    fn new(
        target: Target,
        folder: Option<tempfile::TempDir>,
        limits: Limits,
        seed: u64,
        is_shared: bool,
    ) -> Self {
        migrate(&target, NOW).unwrap();
        let clock = Clock::manual(NOW.0);
        let config = BusConfig::default();
        let io = tokio::runtime::Handle::current();
        let bus = Bus::start(&config, clock.clone(), Entropy::seeded(seed), &io).unwrap();
        Self {
            target,
            bus,
            clock,
            limits,
            seed,
            is_shared,
            _folder: folder,
        }
    }
}

impl TestNode {
    fn start(ground: &Ground, plans: &[RegionPlan], has_all: bool, kept: Option<Claiming>) -> Self {
        let Ground {
            target,
            clock,
            bus,
            limits,
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
            store.claim_shards(id, LEASE_MS, true, NOW).unwrap()
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
            channels: Channels::new(epoch, CHANNEL_HISTORIES_MAX_BYTES),
            directory: Directory::new(world.clone()),
            quarantine: Arc::default(),
            overload: Default::default(),
            mirror: Mirror::new(bus, &bus_config),
            peers: Arc::new(Peers::new(id, bus.clone(), clock.clone(), ground.seal())),
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
        claims.iter().for_each(|claim| made.run_shard(claim.lease));
        made
    }

    /// Runs the shard of a lease.
    pub fn run_shard(&self, lease: Lease) {
        let world = self.node().directory.world();
        let plan = world.shards.iter().find(|shard| shard.id == lease.shard).unwrap();
        let region = world.region(&plan.region).unwrap().clone();
        shard::start(self.node(), &self.arbiter.handle(), region, plan.clone(), lease);
    }

    /// Takes a shard from another node, as a lease that ran out does.
    pub async fn take_shard(&self, from: &TestNode, shard: ShardId) {
        let (id, now) = (self.node().id, self.node().now());
        let granted = self
            .node()
            .database
            .write(move |store| store.grant_shard(shard, id, LEASE_MS, now));
        let lease = granted.await.unwrap();
        if let Some(seats) = from.node().directory.shard(shard) {
            seats.keeper.order(shard::ShardMessage::End);
        }
        wait_until("it ended there", || async {
            from.node().directory.shard(shard).is_none()
        })
        .await;
        self.run_shard(lease);
        wait_until("both know who has it", || async {
            [self, from]
                .iter()
                .all(|node| node.node().directory.owner(shard) == Some(id))
        })
        .await;
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
        let caller = self.register(name).await;
        self.gateway
            .join(&caller.handle, Guest::Rest, None)
            .await
            .unwrap();
        self.stand(&caller, x, y).await;
        caller
    }

    /// Registers an agent.
    pub async fn register(&self, name: &str) -> Caller {
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
        Caller {
            handle,
            id,
            permissions: Permissions::of_new_agent(),
        }
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
