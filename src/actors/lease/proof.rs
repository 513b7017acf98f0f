//! What the last turn of the leases proved, and what is on its way to other nodes.

use super::ShardLease;
use crate::base::id::{NodeId, ShardId};
use crate::store::lease::Turn;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Shards that a node hands over at the same time. Source: durability.md §2.6.
const HAND_OVERS_MAX: usize = 4;

/// What the last turn proved, shared with the keeper's thread.
pub(super) struct Proof {
    /// Until when, by the monotonic clock. Units: milliseconds.
    pub(super) until_ms: AtomicI64,
    seen: Mutex<Seen>,
    /// No shard is claimed any more: the node stops.
    pub(super) is_leaving: AtomicBool,
    /// Nor while it gives its shards away.
    pub(super) is_draining: AtomicBool,
    /// A call waits for the keeper.
    pub(super) is_called: AtomicBool,
}

/// What runs here, and what the last turn saw.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) running: HashMap<ShardId, Weak<ShardLease>>,
    /// The epochs that this node holds; none of a shard that it does not hold.
    pub(super) held: HashMap<ShardId, Option<i64>>,
    /// The nodes that were there.
    present: BTreeSet<NodeId>,
    /// One of them has gone.
    pub(super) has_vanished: bool,
    handing: HashSet<ShardId>,
}

impl Seen {
    /// Whether the last turn speaks against this node holding the shard under this epoch.
    pub(super) fn denies(&self, shard: ShardId, epoch: i64) -> bool {
        self.held.get(&shard).is_some_and(|held| *held != Some(epoch))
    }
}

impl Proof {
    pub(super) fn new(until_ms: i64) -> Self {
        Self {
            until_ms: AtomicI64::new(until_ms),
            seen: Mutex::default(),
            is_leaving: AtomicBool::new(false),
            is_draining: AtomicBool::new(false),
            is_called: AtomicBool::new(false),
        }
    }

    /// Takes note of a turn: first what is not held any more under the epoch that it runs under, then for how long the rest is.
    pub(super) fn note(&self, turn: &Turn, node: NodeId, until_ms: i64) {
        let mut seen = self.seen();
        seen.held = turn
            .holdings
            .iter()
            .map(|held| (held.shard, held.lease_of(node).map(|lease| lease.epoch)))
            .collect();
        seen.running.retain(|_, lease| lease.strong_count() > 0);
        for (shard, lease) in &seen.running {
            if let Some(lease) = lease.upgrade()
                && seen.denies(*shard, lease.epoch())
            {
                lease.lose(lease.epoch());
            }
        }
        let present: BTreeSet<NodeId> = turn.present().collect();
        let has_vanished = !seen.present.is_subset(&present);
        seen.has_vanished |= has_vanished;
        seen.present = present;
        self.is_draining
            .store(turn.leaving.contains(&node), Ordering::Release);
        self.until_ms.store(until_ms, Ordering::Release);
    }

    /// A shard is about to be given back: nothing is done under its lease any more. `false`: it is not closed under this epoch.
    pub(super) fn let_go(&self, shard: ShardId, epoch: i64) -> bool {
        let mut seen = self.seen();
        let lease = seen.running.get(&shard).and_then(Weak::upgrade);
        let Some(lease) = lease.filter(|lease| lease.is_closed() && lease.epoch() == epoch) else {
            return false;
        };
        lease.lose(epoch);
        seen.held.insert(shard, None);
        true
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A shard on its way to another node, until this is dropped.
pub struct HandOver {
    proof: Arc<Proof>,
    shard: ShardId,
}

impl HandOver {
    pub(super) fn begin(proof: &Arc<Proof>, shard: ShardId) -> Option<Self> {
        let mut seen = proof.seen();
        let has_room = seen.handing.len() < HAND_OVERS_MAX;
        (has_room && seen.handing.insert(shard)).then(|| Self {
            proof: Arc::clone(proof),
            shard,
        })
    }
}

impl Drop for HandOver {
    fn drop(&mut self) {
        self.proof.seen().handing.remove(&self.shard);
    }
}
