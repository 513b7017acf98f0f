//! Where shards run: `rookery admin drain`, `rookery admin move`. The nodes do it, with their next turn of the leases.

use super::now;
use crate::app;
use crate::base::id::{NodeId, ShardId};
use crate::config::{Config, StoreFlags};
use crate::store::Store;
use crate::store::lease::{NodeState, Wished};
use anyhow::Context;
use clap::Args;

/// A node to drain.
#[derive(Debug, Args)]
pub struct Drain {
    /// Its id or its name.
    pub node: String,
    /// What names the store.
    #[command(flatten)]
    pub store: StoreFlags,
}

/// A shard to move.
#[derive(Debug, Args)]
pub struct Move {
    /// Its number.
    pub shard: i32,
    /// The id or the name of the node that it should go to.
    pub node: String,
    /// What names the store.
    #[command(flatten)]
    pub store: StoreFlags,
}

/// Has a node give its shards away and take none.
pub(super) fn drain(drain: Drain) -> anyhow::Result<()> {
    let (mut store, ttl_ms) = open(drain.store)?;
    let node = node_called(&mut store, &drain.node, ttl_ms)?;
    let is_set = store.set_node_state(node, NodeState::Draining)?;
    anyhow::ensure!(is_set, "node {} is gone", drain.node);
    println!("node {node} is draining");
    Ok(())
}

/// Has a shard go to a node.
pub(super) fn move_shard(order: Move) -> anyhow::Result<()> {
    let (mut store, ttl_ms) = open(order.store)?;
    let node = node_called(&mut store, &order.node, ttl_ms)?;
    match store.wish_shard(ShardId(order.shard), node, ttl_ms, now())? {
        Wished::Done => println!("shard {} goes to node {node}", order.shard),
        Wished::NoShard => anyhow::bail!("there is no shard {}", order.shard),
        Wished::NoNode => anyhow::bail!("node {} takes no shards", order.node),
    }
    Ok(())
}

/// The store, and how long a lease holds in milliseconds.
fn open(store: StoreFlags) -> anyhow::Result<(Store, i64)> {
    let config = Config::load(&store.into())?;
    let ttl_ms = i64::try_from(config.store.lease_ttl_ms).unwrap_or(i64::MAX);
    Ok((Store::open(&app::target_of(&config)?)?, ttl_ms))
}

fn node_called(store: &mut Store, called: &str, ttl_ms: i64) -> anyhow::Result<NodeId> {
    let found = store.node_called(called, ttl_ms, now())?;
    found.with_context(|| format!("no node {called} is there"))
}
