//! The administrator's view of the invariants.

use super::bearer::Admin;
use super::reads::{Answer, ok};
use crate::actors::invariants::{Scope, check};
use crate::transport::web::Web;
use actix_web::web::Data;
use schemars::JsonSchema;
use serde::Serialize;

/// What was checked just now: the sums of money, debts, who stands where, one shard by replay, and the sockets of this node.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Invariants {
    /// What does not hold; empty is well.
    pub violations: Vec<Violated>,
    /// The shard whose tables were compared with its events; none when it has too many since its last snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replayed_shard: Option<i32>,
    /// Agents with an actor on this node.
    pub agent_actors: usize,
    /// Sockets of agents on this node.
    pub sockets: usize,
    /// The most that one agent has.
    pub sockets_most: usize,
    /// The most that one may have; none without limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sockets_max: Option<u32>,
}

/// An invariant that does not hold.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Violated {
    /// Its name, as `I10`.
    pub name: String,
    /// What was found.
    pub detail: String,
}

/// `GET /api/v1/admin/invariants`
pub async fn invariants(web: Data<Web>, _: Admin) -> Answer {
    let node = &web.gateway.node;
    let report = check(node, Scope::World).await?;
    let violated = |violation: crate::store::verify::Violation| Violated {
        name: violation.invariant.to_owned(),
        detail: violation.detail,
    };
    ok(&Invariants {
        violations: report.violations.into_iter().map(violated).collect(),
        replayed_shard: report.replayed.map(|shard| shard.0),
        agent_actors: report.agent_actors,
        sockets: report.sockets,
        sockets_most: report.sockets_most,
        sockets_max: node.limits.agent_sockets(),
    })
}
