//! The start: store, leases, shards.

use super::plan::plans_of;
use crate::actors::agent::ParkedLimits;
use crate::actors::channels::Channels;
use crate::actors::database::Database;
use crate::actors::directory::Directory;
use crate::actors::gateway::Gateway;
use crate::actors::lease::{LeaseKeeper, Leases};
use crate::actors::node::Node;
use crate::actors::peer::{self, Peers};
use crate::actors::shard;
use crate::base::id::NodeId;
use crate::base::limit::{CHANNEL_HISTORIES_MAX_BYTES, PARKED_LIMITS_MAX};
use crate::base::time::{TickRate, Timestamp};
use crate::bus::mirror::Mirror;
use crate::bus::{Bus, BusConfig, Certificates};
use crate::config::Config;
use crate::domain::region::World;
use crate::guard::seal::Seal;
use crate::host::clock::Clock;
use crate::host::entropy::Entropy;
use crate::host::thread;
use crate::store::lease::{Claiming, Turn};
use crate::store::region::WorldRow;
use crate::store::{Reader, Store, Target, migrate};
use crate::transport::ws::Berth;
use actix_rt::Arbiter;
use anyhow::Context;
use dashmap::DashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Characters of the secret that nodes seal with: 256 bits and some.
const BUS_KEY_CHARS: usize = 43;

/// A store that is open, and the leases of this node, which are kept from now on.
pub struct Opened {
    stores: Vec<Store>,
    readers: Vec<Reader>,
    lookout: Reader,
    world: World,
    leases: Arc<Leases>,
    turns: watch::Receiver<Turn>,
    /// With what it seals what it tells other nodes; none when it has the world alone.
    seal: Option<Seal>,
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
    /// What the last turn of the leases saw.
    pub turns: watch::Receiver<Turn>,
}

/// Migrates and opens the database, makes the world if it is new, and claims its shards unless another node holds them.
/// Errors: the database does not answer in time.
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
    let seal = match claiming(config) {
        Claiming::Shared => Seal::new(&store.ensure_bus_key(&entropy.token_base62(BUS_KEY_CHARS))?),
        Claiming::Alone | Claiming::None => None,
    };
    open_rest(config, target, clock, store, (world, node), seal)
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

/// Begins to keep the leases of a node that is known, reads the world, and connects for all threads.
fn open_rest(
    config: &Config,
    target: &Target,
    clock: &Clock,
    mut store: Store,
    (world, node): (WorldRow, NodeId),
    seal: Option<Seal>,
) -> anyhow::Result<Opened> {
    let now = || Timestamp(clock.now_ms());
    let lock_wait_ms = config.store.busy_timeout_ms;
    let is_forced = matches!(target, Target::Sqlite(_) | Target::SqliteMemory(_));
    let ttl_ms = lease_ttl_ms(config);
    if is_forced {
        store.claim_shards(node, ttl_ms, now())?;
    }
    // Units: seconds; a third of a lease.
    let hasty = target.hasty(u64::try_from(ttl_ms / 3_000).unwrap_or(1).max(1));
    let keeper = LeaseKeeper {
        store: Store::open_waiting(&hasty, lock_wait_ms)?,
        node,
        ttl_ms,
        clock: clock.clone(),
        is_shared: !is_forced,
        how: claiming(config),
    };
    let (leases, turns) = keeper.start()?;
    // Read after the claim: a region may have been made just before it.
    let mut reader = Reader::open_waiting(target, lock_wait_ms)?;
    let (regions, shards) = (reader.regions()?, reader.shards()?);
    let rate = rate_of(&world);
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
    let lookout = Reader::open_waiting(target, lock_wait_ms)?;
    Ok(Opened {
        stores,
        readers,
        lookout,
        world: World {
            rate,
            seed,
            regions,
            shards,
        },
        leases,
        turns,
        seal,
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

/// How nodes have the world: those on one PostgreSQL that reach one another through one Redis share its shards. Without Redis one
/// node has it alone, and others on the same database stand by.
fn claiming(config: &Config) -> Claiming {
    if config.store.database.is_some() && config.bus.redis.is_some() {
        Claiming::Shared
    } else {
        Claiming::Alone
    }
}

/// How the settings want the bus of a node.
/// Errors: an address or certificates that cannot be used.
pub(super) fn bus_config(config: &Config, node: NodeId) -> anyhow::Result<BusConfig> {
    Ok(BusConfig {
        redis: config.bus.address()?,
        certificates: Certificates::read(&config.bus)?,
        sentinel_password: config.bus.sentinel_password.clone(),
        prefix: config.bus.key_prefix.clone(),
        is_mirror_on: config.bus.mirror,
        pool_size: config.bus.pool_size,
        command_timeout: Duration::from_millis(config.bus.timeout_ms),
        node: node.0,
    })
}

/// The ticks of a world.
pub(super) fn rate_of(world: &WorldRow) -> TickRate {
    TickRate {
        epoch: world.epoch,
        tick_ms: world.tick_ms,
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

/// Starts the database threads and the actors of every shard that this node holds. Must run inside the actix system.
/// Errors: an address or certificates of Redis that cannot be used.
pub async fn start_node(
    config: &Config,
    opened: Opened,
    clock: &Clock,
    entropy: &Entropy,
    io: &tokio::runtime::Handle,
) -> anyhow::Result<NodeParts> {
    let bus_config = bus_config(config, opened.node)?;
    let bus = Bus::start(&bus_config, clock.clone(), entropy.clone(), io)?;
    let node = Arc::new(Node {
        id: opened.node,
        clock: clock.clone(),
        entropy: entropy.clone(),
        rate: opened.world.rate,
        database: Database::start(opened.stores, opened.readers).with_lookout(opened.lookout),
        channels: Channels::new(
            entropy.token_base62(8),
            CHANNEL_HISTORIES_MAX_BYTES,
            config.channel.clone(),
        ),
        rights: Default::default(),
        directory: Directory::new(opened.world),
        quarantine: Arc::default(),
        overload: Default::default(),
        mirror: Mirror::new(&bus, &bus_config),
        peers: Arc::new(Peers::new(opened.node, bus.clone(), clock.clone(), opened.seal)),
        homes: Arc::default(),
        spectators: Default::default(),
        bus,
        limits: config.limits.clone(),
        parked_limits: ParkedLimits::new(PARKED_LIMITS_MAX),
        leases: opened.leases,
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
    node.directory.set_threads(arbiters.iter().map(Arbiter::handle));
    let gateway = Gateway::new(Arc::clone(&node));
    // First, so that it hears what others say of the shards that it starts.
    peer::serve(&gateway);
    let mut turns = opened.turns;
    let turn = turns.borrow_and_update().clone();
    shard::follow(&node, &turn).await;
    Ok(NodeParts {
        gateway,
        arbiters,
        berths,
        turns,
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

/// Waits until every shard has loaded; a shard that cannot is retried by itself.
pub async fn when_ready(gateway: &Gateway) {
    for (shard, seats) in gateway.node.directory.shards() {
        let looked = crate::actors::region::look(&seats.region, |_, _| ()).await;
        if let Err(refusal) = looked {
            tracing::warn!(shard.id = %shard, "shard {shard} does not answer yet: {refusal}");
        }
    }
}
