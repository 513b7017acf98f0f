//! The administrator's view of nodes and of who holds which shard, as the database knows it.

use super::bearer::Admin;
use super::reads::{Answer, ok};
use crate::base::time::Timestamp;
use crate::store::lease::{Holding, NodeRow};
use crate::transport::web::Web;
use actix_web::web::Data;
use schemars::JsonSchema;
use serde::Serialize;

/// Nodes, the one that was heard of last first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NodeList {
    /// At most 1,000.
    pub nodes: Vec<NodeView>,
}

/// A node.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NodeView {
    /// Its id, made anew at each start.
    pub node_id: String,
    /// Its configured name.
    pub name: String,
    /// Where it listens.
    pub addr: String,
    /// Of the program.
    pub version: String,
    /// `active`, `draining` while it gives its shards away and takes none, or `gone`. One that was killed stays as it was; `seen_at`
    /// tells.
    pub state: String,
    /// When it was last heard of. Units: milliseconds since 1970.
    #[schemars(with = "i64")]
    pub seen_at: Timestamp,
    /// How many shards it holds.
    pub shards: usize,
    /// How many agents are in them, as of their last checkpoints.
    pub agents: i64,
}

/// All shards of the world.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ShardList {
    /// In the order of their numbers.
    pub shards: Vec<ShardView>,
}

/// A shard with its lease.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ShardView {
    /// Its number.
    pub shard: i32,
    /// Its region.
    pub region: String,
    /// The node that holds it; none while nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// The epoch of its last lease.
    pub epoch: i64,
    /// The node that it should go to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired_node_id: Option<String>,
    /// How many agents are in it, as of its last checkpoint.
    pub agents: i32,
}

/// `GET /api/v1/admin/nodes`
pub async fn nodes(web: Data<Web>, _: Admin) -> Answer {
    let (database, now) = (&web.gateway.node.database, web.gateway.node.now());
    let (nodes, holdings) = database
        .read(move |reader| Ok((reader.nodes()?, reader.holdings(now)?)))
        .await?;
    let its = |node: &NodeRow| {
        let its = holdings.iter().filter(|held| held.owner == Some(node.id));
        its.fold((0_usize, 0_i64), |(shards, agents), held| {
            (
                shards.saturating_add(1),
                agents.saturating_add(i64::from(held.agents)),
            )
        })
    };
    let view = |node: NodeRow| NodeView {
        shards: its(&node).0,
        agents: its(&node).1,
        node_id: node.id.to_string(),
        name: node.name,
        addr: node.addr,
        version: node.version,
        state: node.state,
        seen_at: node.seen_at,
    };
    ok(&NodeList {
        nodes: nodes.into_iter().map(view).collect(),
    })
}

/// `GET /api/v1/admin/shards`
pub async fn shards(web: Data<Web>, _: Admin) -> Answer {
    let (database, now) = (&web.gateway.node.database, web.gateway.node.now());
    let (plans, holdings) = database
        .read(move |reader| Ok((reader.shards()?, reader.holdings(now)?)))
        .await?;
    let view = |held: &Holding| {
        let plan = plans.iter().find(|plan| plan.id == held.shard);
        ShardView {
            shard: held.shard.0,
            region: plan.map(|plan| plan.region.clone()).unwrap_or_default(),
            node_id: held.owner.map(|owner| owner.to_string()),
            epoch: held.epoch,
            desired_node_id: held.wish.map(|wish| wish.to_string()),
            agents: held.agents,
        }
    };
    ok(&ShardList {
        shards: holdings.iter().map(view).collect(),
    })
}
