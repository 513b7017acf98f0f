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
    /// `active` or `gone`. One that was killed stays `active`; `seen_at` tells.
    pub state: String,
    /// When it was last heard of. Units: milliseconds since 1970.
    #[schemars(with = "i64")]
    pub seen_at: Timestamp,
    /// How many shards it holds.
    pub shards: usize,
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
}

/// `GET /api/v1/admin/nodes`
pub async fn nodes(web: Data<Web>, _: Admin) -> Answer {
    let (database, now) = (&web.gateway.node.database, web.gateway.node.now());
    let (nodes, holdings) = database
        .read(move |reader| Ok((reader.nodes()?, reader.holdings(now)?)))
        .await?;
    let view = |node: NodeRow| NodeView {
        shards: count(&holdings, &node),
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

/// How many shards a node holds.
fn count(holdings: &[Holding], node: &NodeRow) -> usize {
    let its = holdings.iter().filter(|held| held.owner == Some(node.id));
    its.count()
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
        }
    };
    ok(&ShardList {
        shards: holdings.iter().map(view).collect(),
    })
}
