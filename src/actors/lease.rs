//! The leases of this node. They are kept on a thread and a connection of their own, so that neither a busy actor nor a full
//! pool costs them; whether they hold is judged by the monotonic clock, without asking anybody.

mod keeper;
mod proof;
#[cfg(test)]
mod tests;

pub use keeper::{KeeperError, Keeping, LeaseKeeper};
pub use proof::HandOver;

use super::mailbox::Reply;
use crate::base::id::{NodeId, ShardId};
use crate::domain::refusal::{Code, Refusal};
use crate::host::fault;
use crate::store::commit::Lease;
use crate::store::lease::Claiming;
use keeper::{Call, Release};
use proof::Proof;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::Duration;

/// Whether this node's leases hold.
pub struct Leases {
    proof: Arc<Proof>,
    keeper: Option<SyncSender<Call>>,
    /// Whose they are.
    node: NodeId,
    how: Claiming,
}

impl Leases {
    /// Leases that hold for good and that nobody keeps.
    pub fn lasting() -> Self {
        Self {
            proof: Arc::new(Proof::new(i64::MAX)),
            keeper: None,
            node: NodeId(uuid::Uuid::nil()),
            how: Claiming::Alone,
        }
    }

    /// How the world is shared: by all nodes, or run by one alone.
    pub fn how(&self) -> Claiming {
        self.how
    }

    /// What this node may claim now: nothing while it leaves.
    pub fn claiming(&self) -> Claiming {
        if self.is_draining() || self.proof.is_leaving.load(Ordering::Acquire) {
            Claiming::None
        } else {
            self.how
        }
    }

    /// Whether this node gives its shards away, as of the last turn.
    pub fn is_draining(&self) -> bool {
        self.proof.is_draining.load(Ordering::Acquire)
    }

    /// How many shards this node holds, as of the last turn.
    pub fn held_count(&self) -> usize {
        let seen = self.proof.seen();
        seen.held.values().flatten().count()
    }

    /// Whether a node has gone since this was asked last. Who cannot see to it calls `note_vanished`.
    pub fn take_vanished(&self) -> bool {
        std::mem::take(&mut self.proof.seen().has_vanished)
    }

    /// A node has gone, and nobody has seen to it.
    pub fn note_vanished(&self) {
        self.proof.seen().has_vanished = true;
    }

    /// Whether they are proven to hold. Units: milliseconds of the monotonic clock.
    pub fn are_proven(&self, now_ms: i64) -> bool {
        now_ms < self.proof.until_ms.load(Ordering::Acquire)
    }

    /// Whether a shard may be decided for. Units: as `are_proven`.
    pub fn hold(&self, lease: &ShardLease, now_ms: i64) -> bool {
        self.keep(lease, now_ms) && !lease.is_closed()
    }

    /// Whether a shard is this node's, be it only to save it. Units: as `are_proven`.
    pub fn keep(&self, lease: &ShardLease, now_ms: i64) -> bool {
        if fault::is_mutant("lease_without_proof") {
            return true;
        }
        // In this order: what was lost was marked so before the proof was prolonged.
        self.are_proven(now_ms) && !lease.is_lost()
    }

    /// Begins to hand a shard over. None: it is under way already, or enough others are.
    pub fn begin_hand_over(&self, shard: ShardId) -> Option<HandOver> {
        HandOver::begin(&self.proof, shard)
    }

    /// Gives one shard back, which must be closed, for another node to take. `false`: it was not this node's any more, or was
    /// opened again. Errors: temporary ones; it may be given back nevertheless, and the next turn tells.
    pub async fn release(
        &self,
        shard: ShardId,
        epoch: i64,
        to: NodeId,
        deadline: Duration,
    ) -> Result<bool, Refusal> {
        let keeper = self.keeper.as_ref().ok_or_else(Refusal::unavailable)?;
        let (reply, answer) = Reply::awaited();
        let lease = Lease {
            shard,
            owner: self.node,
            epoch,
        };
        let release = Release { lease, to, reply };
        keeper
            .try_send(Call::Release(release))
            .map_err(|_busy| Refusal::unavailable())?;
        super::mailbox::wait(deadline, answer).await
    }

    /// Notes what a shard runs under from now on.
    pub fn enter(&self, shard: ShardId, lease: &Arc<ShardLease>) {
        let mut seen = self.proof.seen();
        seen.running.insert(shard, Arc::downgrade(lease));
        if seen.denies(shard, lease.epoch()) {
            lease.lose(lease.epoch());
        }
    }

    /// A shard that runs here was claimed anew, unless that is old news.
    pub fn renew(&self, shard: ShardId, lease: &ShardLease, epoch: i64) {
        let seen = self.proof.seen();
        if !seen.denies(shard, epoch) {
            lease.take(epoch);
        }
    }

    /// Claims nothing from now on: the node stops.
    pub fn leave(&self) {
        self.proof.is_leaving.store(true, Ordering::Release);
    }

    /// Proves them until then. Units: milliseconds of the monotonic clock.
    #[cfg(test)]
    pub fn prove_until(&self, until_ms: i64) {
        self.proof.until_ms.store(until_ms, Ordering::Release);
    }

    /// Has the keeper look at once: a lease is lost.
    pub fn look(&self) {
        if let Some(keeper) = &self.keeper
            && !self.proof.is_called.swap(true, Ordering::AcqRel)
        {
            // Closed: then there is nothing to look for.
            let _ = keeper.try_send(Call::Look);
        }
    }

    /// Gives all leases back and ends the keeper. Errors: `unavailable` when the database does not take them: they run out.
    pub async fn give_back(&self, deadline: Duration) -> Result<(), Refusal> {
        let Some(keeper) = &self.keeper else { return Ok(()) };
        let (reply, answer) = Reply::awaited();
        keeper
            .try_send(Call::GiveBack(reply))
            .map_err(|_busy| Refusal::unavailable())?;
        super::mailbox::wait(deadline, answer).await
    }
}

/// The refusal of whoever cannot prove that a shard is its own: another node has it, or will in a moment.
pub fn moving() -> Refusal {
    Refusal::new(Code::Moving, "the shard is moving to another node").retry_after(500)
}

/// The lease that a shard runs under here, as its actors share it.
#[derive(Debug)]
pub struct ShardLease {
    /// Negative once it is lost.
    epoch: AtomicI64,
    /// It is being handed over: nothing is decided under it.
    is_closed: AtomicBool,
}

impl ShardLease {
    /// A lease that was just taken.
    pub fn new(epoch: i64) -> Self {
        Self {
            epoch: AtomicI64::new(epoch),
            is_closed: AtomicBool::new(false),
        }
    }

    /// Nothing is decided under it until `open`.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
    }

    /// It was not handed over.
    pub fn open(&self) {
        self.is_closed.store(false, Ordering::Release);
    }

    /// Whether it is being handed over.
    pub fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// The fencing token.
    pub fn epoch(&self) -> i64 {
        self.epoch.load(Ordering::Acquire).abs()
    }

    /// Whether it was lost.
    pub fn is_lost(&self) -> bool {
        self.epoch.load(Ordering::Acquire) < 0
    }

    /// The lease of this epoch is lost, unless it was claimed anew meanwhile.
    pub fn lose(&self, epoch: i64) {
        // Otherwise it is lost already, or of a later epoch.
        let _ = self
            .epoch
            .compare_exchange(epoch, -epoch, Ordering::AcqRel, Ordering::Acquire);
    }

    /// It was claimed anew.
    fn take(&self, epoch: i64) {
        self.epoch.store(epoch, Ordering::Release);
    }
}
