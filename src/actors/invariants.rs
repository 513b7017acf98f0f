//! The invariants, checked while the world runs: what is cheap to read, one shard at a time by replay, and what only this node knows.
//! `rookery verify` reads everything.

#[cfg(test)]
mod tests;

use super::node::Node;
use crate::base::id::ShardId;
use crate::domain::refusal::Refusal;
use crate::store::replay::Checked;
use crate::store::verify::Violation;
use crate::telemetry::metric;
use std::sync::Arc;

/// Events that a replay may read here; a shard with more is left to `rookery verify`.
const REPLAY_MAX: i64 = 5_000;
/// A socket that another has taken the place of is closed within this time. Units: milliseconds.
const CLOSING_MS: i64 = 15_000;

/// What was found.
#[derive(Clone, Debug)]
pub struct Report {
    /// What does not hold; empty: all that was looked at does.
    pub violations: Vec<Violation>,
    /// The shard whose tables were compared with its events; none when there is none, or it has too many events since its snapshot.
    pub replayed: Option<ShardId>,
    /// Agents with an actor on this node; each has one.
    pub agent_actors: usize,
    /// Sockets of agents on this node.
    pub sockets: usize,
    /// The most that one agent has.
    pub sockets_most: usize,
}

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What all nodes share, and what is this node's.
    World,
    /// One of this node's shards, and its sockets.
    Node,
}

impl Scope {
    /// A node's part of what all nodes check together: what they share is read by one of them.
    pub fn of(node: &Node) -> Self {
        if node.directory.runs_first() {
            Self::World
        } else {
            Self::Node
        }
    }
}

/// Checks what can be checked in a moment, counts and logs what does not hold.
/// Errors: `unavailable`, `busy`.
pub async fn check(node: &Arc<Node>, scope: Scope) -> Result<Report, Refusal> {
    let shards = node.directory.shards();
    let dice = usize::try_from(node.entropy.u64() >> 32).unwrap_or(0);
    let sample = dice
        .checked_rem(shards.len())
        .and_then(|index| shards.get(index))
        .map(|(shard, _)| *shard);
    let (mut violations, replayed) = node
        .database
        .read(move |reader| {
            let mut found = match scope {
                Scope::World => reader.verify_quickly()?,
                Scope::Node => Vec::new(),
            };
            let Some(shard) = sample else {
                return Ok((found, None));
            };
            let replayed = match reader.verify_shard(shard, REPLAY_MAX) {
                Ok(Checked::Told(told)) => {
                    found.extend(told);
                    Some(shard)
                }
                Ok(Checked::Not(_)) => None,
                // Rows that cannot be read are most likely what was found already: that is told.
                Err(_) if !found.is_empty() => None,
                Err(error) => return Err(error),
            };
            Ok((found, replayed))
        })
        .await?;
    let mut report = Report {
        violations: Vec::new(),
        replayed,
        agent_actors: node.directory.agent_count(),
        sockets: 0,
        sockets_most: 0,
    };
    count_sockets(node, &mut report, &mut violations);
    for violation in &violations {
        metric::invariant_violations(violation.invariant).increment(1);
        tracing::error!(
            invariant = violation.invariant,
            "{} does not hold: {}",
            violation.invariant,
            violation.detail
        );
    }
    report.violations = violations;
    Ok(report)
}

fn count_sockets(node: &Node, report: &mut Report, violations: &mut Vec<Violation>) {
    let now = node.now();
    let most = node
        .limits
        .agent_sockets()
        .map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
    for (handle, sockets) in node.directory.all_sockets() {
        report.sockets = report.sockets.saturating_add(sockets.len());
        report.sockets_most = report.sockets_most.max(sockets.len());
        let settled = sockets
            .iter()
            .filter(|socket| now.0.saturating_sub(socket.connected_at.0) > CLOSING_MS);
        let settled = settled.count();
        if settled > most {
            violations.push(Violation {
                invariant: "I10",
                detail: format!("agent {handle} has {settled} sockets, may have {most}"),
            });
        }
    }
}
