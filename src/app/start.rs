//! The start: store, leases, shards.

use super::plan::plans_of;
use crate::actors::agent::ParkedLimits;
use crate::actors::channels::Channels;
use crate::actors::database::Database;
use crate::actors::directory::Directory;
use crate::actors::gateway::Gateway;
use crate::actors::node::Node;
use crate::actors::quarantine::Quarantine;
use crate::actors::shard;
use crate::base::id::NodeId;
use crate::base::limit::{CHANNEL_HISTORIES_MAX_BYTES, PARKED_LIMITS_MAX, POISON_REMEMBERED_MAX};
use crate::base::time::{TickRate, Timestamp};
use crate::bus::mirror::Mirror;
use crate::bus::{Bus, BusConfig};
use crate::config::Config;
use crate::domain::region::{ShardPlan, World};
use crate::host::clock::Clock;
use crate::host::entropy::Entropy;
use crate::host::thread;
use crate::store::commit::Poison;
use crate::store::region::WorldRow;
use crate::store::shard::Claim;
use crate::store::{Reader, Store, Target, migrate};
use crate::transport::ws::Berth;
use actix_rt::Arbiter;
use anyhow::Context;
use dashmap::DashMap;
use std::sync::Arc;
use std::time::Duration;

/// A store that is open, with the leases of this node.
pub struct Opened {
    stores: Vec<Store>,
    readers: Vec<Reader>,
    world: World,
    claims: Vec<Claim>,
    poison: Vec<Poison>,
    pub(super) node: NodeId,
}

/// A node whose actors run.
pub struct NodeParts {
    /// The door to them.
    pub gateway: Gateway,
    /// The threads that shards and sockets run on.
    pub arbiters: Vec<Arbiter>,
    /// The doors of these threads for sockets.
    pub berths: Vec<Berth>,
}

/// Migrates and opens the database, makes the world if it is new, and claims its shards.
/// Errors: the database does not answer in time; another process holds the shards.
pub fn open_store(
    config: &Config,
    target: &Target,
    clock: &Clock,
    entropy: &Entropy,
) -> anyhow::Result<Opened> {
    let now = || Timestamp(clock.now_ms());
    let mut store = wait_for(config, clock, || {
        migrate(target, now())?;
        Store::open_waiting(target, config.store.busy_timeout_ms)
    })
    .with_context(|| match target {
        Target::Sqlite(path) => format!("could not open the database {}", path.display()),
        // Its URL may hold a password.
        Target::SqliteMemory(_) | Target::Postgres(_) => "could not open the database".to_owned(),
    })?;
    let world = store.ensure_world(
        i64::from(config.world.tick_ms),
        Some(i64::from(config.world.seed)),
        now(),
    )?;
    store.ensure_regions(&plans_of(&config.world_file()?), now())?;
    let node = NodeId(entropy.uuid_v7(clock.now_ms()));
    store.register_node(
        node,
        &config.server.node,
        &config.server.listen.to_string(),
        env!("CARGO_PKG_VERSION"),
        now(),
    )?;
    take_over(config, target, clock, store, (world, node))
        .inspect_err(|_not_started| give_back(target, node, clock))
}

/// Gives the leases of a node back that does not come to run, so that the next start need not wait for their end.
/// Not for a thread with a tokio runtime.
pub(super) fn give_back(target: &Target, node: NodeId, clock: &Clock) {
    let given =
        Store::open(target).and_then(|mut store| store.release_leases(node, Timestamp(clock.now_ms())));
    if let Err(error) = given {
        let error = anyhow::Error::new(error);
        tracing::warn!(error = format!("{error:#}"), "leases could not be given back");
    }
}

/// Claims every shard for a node that is known, reads what they need, and connects for all threads.
fn take_over(
    config: &Config,
    target: &Target,
    clock: &Clock,
    mut store: Store,
    (world, node): (WorldRow, NodeId),
) -> anyhow::Result<Opened> {
    let now = || Timestamp(clock.now_ms());
    let lock_wait_ms = config.store.busy_timeout_ms;
    let is_forced = matches!(target, Target::Sqlite(_) | Target::SqliteMemory(_));
    let mut reader = Reader::open_waiting(target, lock_wait_ms)?;
    let claims = claim_all(
        (&mut store, &mut reader),
        node,
        is_forced,
        lease_ttl_ms(config),
        clock,
    )?;
    // Only now: whoever held the shards before may have written until it lost them.
    let poison = reader.poisoned_commands(POISON_REMEMBERED_MAX)?;
    // Read after the claim: a region may have been made just before it.
    let (regions, shards) = (reader.regions()?, reader.shards()?);
    store.close_all_sessions(now())?;
    store.close_all_spectators(now())?;
    let rate = TickRate {
        epoch: world.epoch,
        tick_ms: world.tick_ms,
    };
    let seed = u64::try_from(world.seed).unwrap_or_default();
    let threads = |n: u32| usize::try_from(n.max(1)).unwrap_or(1);
    // SQLite has one writer at a time; more threads would only wait for each other.
    let writer_count = if is_forced {
        1
    } else {
        threads(config.store.writer_threads)
    };
    let mut stores = vec![store];
    while stores.len() < writer_count {
        stores.push(Store::open_waiting(target, lock_wait_ms)?);
    }
    let mut readers = vec![reader];
    while readers.len() < threads(config.store.reader_threads) {
        readers.push(Reader::open_waiting(target, lock_wait_ms)?);
    }
    Ok(Opened {
        stores,
        readers,
        world: World {
            rate,
            seed,
            regions,
            shards,
        },
        claims,
        poison,
        node,
    })
}

/// Repeats until the database answers or the time for it is over.
fn wait_for<T, E>(config: &Config, clock: &Clock, mut body: impl FnMut() -> Result<T, E>) -> anyhow::Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let deadline = clock.monotonic() + Duration::from_secs(u64::from(config.store.connect_timeout_s));
    loop {
        match body() {
            Ok(done) => return Ok(done),
            Err(error) if clock.monotonic() > deadline || config.store.database.is_none() => {
                return Err(error.into());
            }
            Err(error) => {
                let error = anyhow::Error::new(error);
                tracing::warn!(error = format!("{error:#}"), "the database does not answer yet");
            }
        }
        pause(Duration::from_secs(1));
    }
}

/// Claims every shard. After a crash on PostgreSQL the last owner's leases must run out first.
fn claim_all(
    (store, reader): (&mut Store, &mut Reader),
    node: NodeId,
    is_forced: bool,
    ttl_ms: i64,
    clock: &Clock,
) -> anyhow::Result<Vec<Claim>> {
    let deadline =
        clock.monotonic() + Duration::from_millis(u64::try_from(ttl_ms * 4).unwrap_or(24_000).max(5_000));
    let mut claims: Vec<Claim> = Vec::new();
    loop {
        claims.extend(store.claim_shards(node, ttl_ms, is_forced, Timestamp(clock.now_ms()))?);
        let shards = reader.shards()?;
        let is_ours = |shard: &&ShardPlan| claims.iter().any(|claim| claim.lease.shard == shard.id);
        let missing = shards.iter().filter(|shard| !is_ours(shard)).count();
        if missing == 0 {
            return Ok(claims);
        }
        anyhow::ensure!(
            clock.monotonic() < deadline,
            "another node holds {missing} of {} shards",
            shards.len()
        );
        store.renew_leases(node, ttl_ms, Timestamp(clock.now_ms()))?;
        // Close to the moment when the old leases run out, whatever their length.
        pause(Duration::from_millis(50));
    }
}

/// How long a lease holds. Units: milliseconds. Source: durability.md §2.4.
fn lease_ttl_ms(config: &Config) -> i64 {
    i64::try_from(config.store.lease_ttl_ms).unwrap_or(i64::MAX)
}

/// Waits on a plain thread, before there is any actor to keep waiting.
fn pause(time: Duration) {
    std::thread::park_timeout(time);
}

/// Starts the database threads and the actors of every claimed shard. Must run inside the actix system.
/// Errors: a bad Redis address.
pub fn start_node(
    config: &Config,
    opened: Opened,
    clock: &Clock,
    entropy: &Entropy,
    io: &tokio::runtime::Handle,
) -> anyhow::Result<NodeParts> {
    let bus_config = BusConfig {
        redis_url: config.bus.redis.as_ref().map(|url| url.expose().to_owned()),
        prefix: config.bus.key_prefix.clone(),
        is_mirror_on: config.bus.mirror,
        pool_size: config.bus.pool_size,
        command_timeout: Duration::from_millis(config.bus.timeout_ms),
        node: opened.node.0,
    };
    let bus = Bus::start(&bus_config, clock.clone(), entropy.clone(), io)?;
    let node = Arc::new(Node {
        id: opened.node,
        clock: clock.clone(),
        entropy: entropy.clone(),
        rate: opened.world.rate,
        database: Database::start(opened.stores, opened.readers),
        channels: Channels::new(entropy.token_base62(8), CHANNEL_HISTORIES_MAX_BYTES),
        directory: Directory::new(opened.world),
        quarantine: Arc::new(Quarantine::remembering(opened.poison)),
        overload: Default::default(),
        mirror: Mirror::new(&bus, &bus_config),
        bus,
        limits: config.limits.clone(),
        parked_limits: ParkedLimits::new(PARKED_LIMITS_MAX),
        lease_ttl_ms: lease_ttl_ms(config),
        company_wait: Duration::from_micros(config.store.batch_wait_us),
        checkpoint_every: Duration::from_millis(config.store.checkpoint_ms),
        counters: DashMap::new(),
    });
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let count = usize::try_from(config.server.shard_threads)
        .ok()
        .filter(|n| *n > 0)
        .unwrap_or(cores);
    let arbiters = shard_threads(count)?;
    let berths = arbiters
        .iter()
        .map(|arbiter| Berth::open(&node, &arbiter.handle()))
        .collect();
    let world = node.directory.world();
    for (claim, arbiter) in opened.claims.iter().zip(arbiters.iter().cycle()) {
        let plan = world.shards.iter().find(|shard| shard.id == claim.lease.shard);
        let Some((shard, region)) =
            plan.and_then(|shard| world.region(&shard.region).map(|region| (shard, region)))
        else {
            continue;
        };
        shard::start(
            &node,
            &arbiter.handle(),
            region.clone(),
            shard.clone(),
            claim.lease,
        );
    }
    Ok(NodeParts {
        gateway: Gateway::new(node),
        arbiters,
        berths,
    })
}

/// Threads for shards and sockets.
/// Errors: a runtime that cannot be built.
fn shard_threads(count: usize) -> anyhow::Result<Vec<Arbiter>> {
    let runtimes: std::io::Result<Vec<_>> = (0..count).map(|_| thread::runtime()).collect();
    let runtimes = runtimes.context("could not build a runtime")?;
    Ok(runtimes
        .into_iter()
        .map(|runtime| Arbiter::with_tokio_rt(move || runtime))
        .collect())
}

impl NodeParts {
    /// Waits until every shard has loaded; a shard that cannot is retried by itself.
    pub async fn when_ready(&self) {
        for (shard, seats) in self.gateway.node.directory.shards() {
            let looked = crate::actors::region::look(&seats.region, |_, _| ()).await;
            if let Err(refusal) = looked {
                tracing::warn!(shard.id = %shard, "shard {shard} does not answer yet: {refusal}");
            }
        }
    }
}
