//! A small node to test actors on: regions on a database in memory, and agents that come when asked.

mod agents;
mod ground;

use super::directory::ShardSeats;
use super::gateway::Gateway;
use super::node::Node;
use super::peer;
use super::roster;
use super::shard;
use crate::base::id::ShardId;
use crate::base::time::Timestamp;
use crate::bus::BusConfig;
use crate::config::{ChannelSettings, Limits};
use crate::domain::region::RegionPlan;
use crate::host::clock::Clock;
use crate::store::commit::Lease;
use crate::store::lease::{Claiming, Turn};
use crate::store::{Reader, StoreError, Target};
use ground::Ground;
use serde_json::json;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// When tests take place: the middle of a month.
pub const NOW: Timestamp = Timestamp(1_789_500_000_000);
/// Nobody renews leases here, and tests set the clock forward. Units: milliseconds.
const LEASE_MS: i64 = 30 * 86_400_000;
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
        let ground = Ground::new(Target::SqliteMemory(name), None, limits, seed, None);
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

/// Runs a test with two nodes that share a world: the first has all of its shards but those that are granted to the second.
pub fn run_pair<F: Future<Output = ()>>(plans: &[RegionPlan], body: impl FnOnce(TestNode, TestNode) -> F) {
    run_pair_on(&BusConfig::default(), plans, body);
}

/// As `run_pair`, with nodes that reach one another in this way.
pub fn run_pair_on<F: Future<Output = ()>>(
    bus: &BusConfig,
    plans: &[RegionPlan],
    body: impl FnOnce(TestNode, TestNode) -> F,
) {
    let unlimited = Limits {
        unlimited: true,
        ..Limits::default()
    };
    run_pair_with(bus, unlimited, ChannelSettings::default(), plans, body);
}

/// As `run_pair_on`, with these rates and counts, and channels that are so.
pub fn run_pair_with<F: Future<Output = ()>>(
    bus: &BusConfig,
    limits: Limits,
    channel: ChannelSettings,
    plans: &[RegionPlan],
    body: impl FnOnce(TestNode, TestNode) -> F,
) {
    actix::System::new().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let target = Target::Sqlite(folder.path().join("world.sqlite"));
        let mut ground = Ground::new(target, Some(folder), limits, 7, Some(bus));
        ground.channel = channel;
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

impl TestNode {
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
