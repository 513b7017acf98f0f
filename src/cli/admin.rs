//! `rookery admin`.

mod placement;

use clap::{Args, Subcommand};

use crate::app;
use crate::base::limit;
use crate::base::time::Timestamp;
use crate::config::{Config, StoreFlags};
use crate::domain::region::{GROUND_Z_M, RegionPlan};
use crate::domain::space::Vec3;
use crate::host::clock::Clock;
use crate::store::region::Created;
use crate::store::{Reader, Store, migrate};

/// Administer the world.
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Make and list regions.
    #[command(subcommand)]
    Region(Region),
    /// List the nodes of the stored world.
    Nodes {
        /// What names the store.
        #[command(flatten)]
        store: StoreFlags,
    },
    /// List the shards with the nodes that hold them.
    Shards {
        /// What names the store.
        #[command(flatten)]
        store: StoreFlags,
    },
    /// Have a node give all its shards to the others and take none until it stops.
    Drain(placement::Drain),
    /// Have a shard go to another node; where one node runs the world, all shards go.
    Move(placement::Move),
}

/// Make and list regions.
#[derive(Debug, Subcommand)]
pub enum Region {
    /// Add a region to the stored world; a running node has it after its next start.
    Create(CreateRegion),
    /// List the regions of the stored world.
    List {
        /// What names the store.
        #[command(flatten)]
        store: StoreFlags,
    },
}

/// A region to make.
#[derive(Debug, Args)]
pub struct CreateRegion {
    /// Unique name: 1-64 of a-z, 0-9, _ and -.
    pub name: String,
    /// The name for people [default: the name].
    #[arg(long, value_name = "TEXT")]
    pub display_name: Option<String>,
    /// What it is like.
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Length of a side in metres.
    #[arg(long, value_name = "METRES", default_value_t = 256,
          value_parser = clap::value_parser!(u32).range(size_range()))]
    pub size_m: u32,
    /// Agents that each shard holds.
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub capacity: u32,
    /// Shards that run it, each with a strip at least 16 m wide.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub shards: u32,
    /// Keep spectators out.
    #[arg(long)]
    pub private: bool,
    /// What names the store.
    #[command(flatten)]
    pub store: StoreFlags,
}

fn size_range() -> std::ops::RangeInclusive<i64> {
    i64::from(limit::REGION_SIZE_MIN_M)..=i64::from(limit::REGION_SIZE_MAX_M)
}

impl Admin {
    /// Runs the command.
    ///
    /// Errors: settings that are refused, and whatever the store answers.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Region(Region::Create(region)) => create(region),
            Self::Region(Region::List { store }) => list(store),
            Self::Nodes { store } => nodes(store),
            Self::Shards { store } => shards(store),
            Self::Drain(drain) => placement::drain(drain),
            Self::Move(order) => placement::move_shard(order),
        }
    }
}

fn create(region: CreateRegion) -> anyhow::Result<()> {
    let config = Config::load(&region.store.into())?;
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    anyhow::ensure!(
        (1..=limit::REGION_NAME_MAX_CHARS).contains(&region.name.len()) && region.name.chars().all(is_name),
        "a region's name is 1 to 64 of a-z, 0-9, _ and -"
    );
    let shards_max = limit::shards_max(region.size_m);
    anyhow::ensure!(
        (1..=shards_max).contains(&region.shards),
        "shards must be 1 to {shards_max}, not {}",
        region.shards
    );
    let middle_m = f64::from(region.size_m) / 2.0;
    let plan = RegionPlan {
        display_name: region.display_name.unwrap_or_else(|| region.name.clone()),
        name: region.name,
        description: region.description.unwrap_or_default(),
        size_m: f64::from(region.size_m),
        capacity: region.capacity,
        shards: region.shards,
        spawn: Vec3::new(middle_m, middle_m, GROUND_Z_M),
        weather: None,
        paths: Vec::new(),
        places: Vec::new(),
        objects: Vec::new(),
        pool: None,
        is_public: !region.private,
    };
    let (target, now) = (app::target_of(&config)?, now());
    migrate(&target, now)?;
    match Store::open(&target)?.create_region(&plan, now)? {
        Created::Done(shards) => {
            let ids: Vec<String> = shards.iter().map(|shard| shard.id.to_string()).collect();
            println!("region {} is {}", plan.name, ids.join(", "));
        }
        Created::AlreadyExists => anyhow::bail!("there is a region {} already", plan.name),
        Created::Elsewhere => anyhow::bail!("another node runs the world"),
        Created::Full => anyhow::bail!("a world has at most {} regions", limit::REGIONS_MAX),
    }
    Ok(())
}

fn list(store: StoreFlags) -> anyhow::Result<()> {
    let config = Config::load(&store.into())?;
    for region in Reader::open(&app::target_of(&config)?)?.regions()? {
        println!(
            "{}\t{}\t{} m\tcapacity {}",
            region.name, region.display_name, region.size_m, region.capacity
        );
    }
    Ok(())
}

fn nodes(store: StoreFlags) -> anyhow::Result<()> {
    let config = Config::load(&store.into())?;
    let mut reader = Reader::open(&app::target_of(&config)?)?;
    let holdings = reader.holdings(now())?;
    for node in reader.nodes()? {
        let shards = holdings.iter().filter(|held| held.owner == Some(node.id)).count();
        let seen_s = now().since_ms(node.seen_at) / 1_000;
        println!(
            "{}\t{}\t{}\t{}\t{}\tseen {seen_s} s ago\t{shards} shards",
            node.name, node.id, node.addr, node.version, node.state
        );
    }
    Ok(())
}

fn shards(store: StoreFlags) -> anyhow::Result<()> {
    let config = Config::load(&store.into())?;
    let mut reader = Reader::open(&app::target_of(&config)?)?;
    let (nodes, plans) = (reader.nodes()?, reader.shards()?);
    for held in reader.holdings(now())? {
        let region = plans.iter().find(|plan| plan.id == held.shard);
        let name = |id| nodes.iter().find(|node| node.id == id).map(|node| &*node.name);
        let goes_to = held.wish.and_then(name).map(|to| format!("\tgoes to {to}"));
        println!(
            "{}\t{}\t{}\tepoch {}\t{} agents{}",
            held.shard,
            region.map_or("", |plan| &plan.region),
            held.owner.and_then(name).unwrap_or("nobody"),
            held.epoch,
            held.agents,
            goes_to.unwrap_or_default()
        );
    }
    Ok(())
}

fn now() -> Timestamp {
    Timestamp(Clock::system().now_ms())
}
