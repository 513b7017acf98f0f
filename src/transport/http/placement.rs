//! The administrator says where shards run.

use super::Json;
use super::bearer::Admin;
use super::reads::{Answer, ok};
use crate::base::id::{NodeId, ShardId};
use crate::domain::refusal::{Code, Refusal};
use crate::store::lease::{NodeState, Wished};
use crate::transport::web::Web;
use actix_web::web::{Data, Path};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a shard should run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// The id or the name of a node that takes shards.
    pub node: String,
}

/// What goes on from now on.
#[derive(Debug, Serialize)]
struct Status {
    status: &'static str,
}

/// `POST /api/v1/admin/nodes/{node_id}/drain`
pub async fn drain(web: Data<Web>, _: Admin, path: Path<String>) -> Answer {
    let node = node_called(&web, &path).await?.ok_or_else(no_node)?;
    let database = &web.gateway.node.database;
    let is_set = database.write(move |store| store.set_node_state(node, NodeState::Draining));
    is_set.await?.then_some(()).ok_or_else(no_node)?;
    tracing::info!(node.id = %node, "node {node} gives its shards away");
    web.gateway.node.leases.look();
    ok(&Status { status: "draining" })
}

/// `POST /api/v1/admin/shards/{shard}/move`
pub async fn move_shard(web: Data<Web>, _: Admin, path: Path<String>, Json(body): Json<Move>) -> Answer {
    let no_shard = || Refusal::new(Code::NotFound, "no such shard");
    let takes_none = || Refusal::invalid("no node of that id or name takes shards");
    let shard = path.parse().map(ShardId).map_err(|_not_a_number| no_shard())?;
    let node = node_called(&web, &body.node).await?.ok_or_else(takes_none)?;
    let (ttl_ms, now) = (web.gateway.node.lease_ttl_ms, web.gateway.node.now());
    let database = &web.gateway.node.database;
    let wished = database.write(move |store| store.wish_shard(shard, node, ttl_ms, now));
    match wished.await? {
        Wished::Done => {}
        Wished::NoShard => return Err(no_shard().into()),
        Wished::NoNode => return Err(takes_none().into()),
    }
    tracing::info!(shard.id = %shard, node.id = %node, "shard {shard} should go to node {node}");
    web.gateway.node.leases.look();
    ok(&Status { status: "moving" })
}

async fn node_called(web: &Web, called: &str) -> Result<Option<NodeId>, Refusal> {
    let (called, ttl_ms, now) = (
        called.to_owned(),
        web.gateway.node.lease_ttl_ms,
        web.gateway.node.now(),
    );
    let database = &web.gateway.node.database;
    database
        .read(move |reader| reader.node_called(&called, ttl_ms, now))
        .await
}

fn no_node() -> Refusal {
    Refusal::new(Code::NotFound, "no node of that id or name is there")
}
