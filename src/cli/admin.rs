//! `rookery admin`.

use clap::{Args, Subcommand};

use crate::base::limit;
use crate::config::StoreFlags;

/// Administer the world.
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Make and list regions.
    #[command(subcommand)]
    Region(Region),
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
        anyhow::bail!("admin is not part of this build")
    }
}
