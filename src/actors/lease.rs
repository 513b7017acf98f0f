//! The leases of this node. They are kept on a thread and a connection of their own, so that neither a busy actor nor a full
//! pool costs them; whether they hold is judged by the monotonic clock, without asking anybody.

#[cfg(test)]
mod tests;

use super::mailbox::{Reply, answer};
use crate::base::id::{NodeId, ShardId};
use crate::base::time::Timestamp;
use crate::domain::refusal::{Code, Refusal};
use crate::host::clock::Clock;
use crate::host::fault;
use crate::store::lease::Holding;
use crate::store::{Store, StoreError};
use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// Calls that wait for the keeper; one is as good as many.
const CALLS_MAX: usize = 4;
/// A renewal is sent three times in the life of a lease, and proves it for two thirds of that.
/// Source: durability.md §2.4.
const RENEWALS: i64 = 3;
/// Who waits for a lease looks so many times in its life.
const LOOKS: i64 = 12;

/// Whether this node's leases hold.
pub struct Leases {
    proof: Arc<Proof>,
    keeper: Option<SyncSender<Call>>,
}

/// What the last turn proved, shared with the keeper's thread.
struct Proof {
    /// Until when, by the monotonic clock. Units: milliseconds.
    until_ms: AtomicI64,
    seen: Mutex<Seen>,
    /// No shard is claimed any more: the node stops.
    is_leaving: AtomicBool,
    /// A call waits for the keeper.
    is_called: AtomicBool,
}

/// What runs here, and what the last turn saw.
#[derive(Default)]
struct Seen {
    running: HashMap<ShardId, Weak<ShardLease>>,
    /// The epochs that this node holds; none of a shard that it does not hold.
    held: HashMap<ShardId, Option<i64>>,
}

impl Seen {
    /// Whether the last turn speaks against this node holding the shard under this epoch.
    fn denies(&self, shard: ShardId, epoch: i64) -> bool {
        self.held.get(&shard).is_some_and(|held| *held != Some(epoch))
    }
}

impl Proof {
    fn new(until_ms: i64) -> Self {
        Self {
            until_ms: AtomicI64::new(until_ms),
            seen: Mutex::default(),
            is_leaving: AtomicBool::new(false),
            is_called: AtomicBool::new(false),
        }
    }

    /// Takes note of a turn: first what is not held any more under the epoch that it runs under, then for how long the rest is.
    fn note(&self, holdings: &[Holding], node: NodeId, until_ms: i64) {
        let mut seen = self.seen();
        seen.held = holdings
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
        self.until_ms.store(until_ms, Ordering::Release);
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Call {
    Look,
    GiveBack(Reply<()>),
}

impl Leases {
    /// Leases that hold for good and that nobody keeps.
    pub fn lasting() -> Self {
        Self {
            proof: Arc::new(Proof::new(i64::MAX)),
            keeper: None,
        }
    }

    /// Whether they are proven to hold. Units: milliseconds of the monotonic clock.
    pub fn are_proven(&self, now_ms: i64) -> bool {
        now_ms < self.proof.until_ms.load(Ordering::Acquire)
    }

    /// Whether a shard may be decided for. Units: as `are_proven`.
    pub fn hold(&self, lease: &ShardLease, now_ms: i64) -> bool {
        if fault::is_mutant("lease_without_proof") {
            return true;
        }
        // In this order: what was lost was marked so before the proof was prolonged.
        self.are_proven(now_ms) && !lease.is_lost()
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

/// The lease that a shard runs under here, as its actors share it: its epoch, negative once it is lost.
#[derive(Debug)]
pub struct ShardLease(AtomicI64);

impl ShardLease {
    /// A lease that was just taken.
    pub fn new(epoch: i64) -> Self {
        Self(AtomicI64::new(epoch))
    }

    /// The fencing token.
    pub fn epoch(&self) -> i64 {
        self.0.load(Ordering::Acquire).abs()
    }

    /// Whether it was lost.
    pub fn is_lost(&self) -> bool {
        self.0.load(Ordering::Acquire) < 0
    }

    /// The lease of this epoch is lost, unless it was claimed anew meanwhile.
    pub fn lose(&self, epoch: i64) {
        // Otherwise it is lost already, or of a later epoch.
        let _ = self
            .0
            .compare_exchange(epoch, -epoch, Ordering::AcqRel, Ordering::Acquire);
    }

    /// It was claimed anew.
    fn take(&self, epoch: i64) {
        self.0.store(epoch, Ordering::Release);
    }
}

/// Keeps the leases of a node.
pub struct LeaseKeeper {
    /// A connection of its own.
    pub store: Store,
    /// Whose leases.
    pub node: NodeId,
    /// How long a lease holds. Units: milliseconds.
    pub ttl_ms: i64,
    /// The clock.
    pub clock: Clock,
    /// Whether other nodes may take them. One that has the database for itself need not prove anything.
    pub is_shared: bool,
}

/// The keeper's thread, once it runs.
struct Running {
    keeper: LeaseKeeper,
    calls: Receiver<Call>,
    told: watch::Sender<Vec<Holding>>,
    proof: Arc<Proof>,
}

impl LeaseKeeper {
    /// Takes the first turn, then starts the thread. Gives the leases, and who holds what as of the last turn.
    /// Not for a thread with a tokio runtime.
    /// Errors: the database does not answer; no thread can be started.
    pub fn start(mut self) -> Result<(Arc<Leases>, watch::Receiver<Vec<Holding>>), KeeperError> {
        let sent_ms = self.clock.monotonic_ms();
        let holdings = self.turn(true)?;
        let (keeper, calls) = sync_channel(CALLS_MAX);
        let (told, heard) = watch::channel(holdings.clone());
        let proof = Arc::new(Proof::new(i64::MIN));
        proof.note(&holdings, self.node, self.proven_until_ms(sent_ms));
        let leases = Arc::new(Leases {
            proof: Arc::clone(&proof),
            keeper: Some(keeper),
        });
        let running = Running {
            keeper: self,
            calls,
            told,
            proof,
        };
        std::thread::Builder::new()
            .name("leases".into())
            .spawn(move || running.run())?;
        Ok((leases, heard))
    }

    fn turn(&mut self, may_claim: bool) -> Result<Vec<Holding>, StoreError> {
        let now = Timestamp(self.clock.steady_ms());
        self.store.keep_leases(self.node, self.ttl_ms, may_claim, now)
    }

    fn proven_until_ms(&self, sent_ms: i64) -> i64 {
        if self.is_shared {
            sent_ms.saturating_add(self.ttl_ms / RENEWALS * (RENEWALS - 1))
        } else {
            i64::MAX
        }
    }

    /// How long until the next turn: whoever lacks a shard, or an answer, looks more often.
    fn pause(&self, holdings: &[Holding], is_well: bool) -> Duration {
        let has_all = is_well
            && holdings
                .iter()
                .all(|holding| holding.lease_of(self.node).is_some());
        let turns = if has_all { RENEWALS } else { LOOKS };
        Duration::from_millis(u64::try_from(self.ttl_ms / turns).unwrap_or(1).max(1))
    }
}

/// Why leases cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No thread could be started.
    #[error("could not start a thread: {0}")]
    Thread(#[from] io::Error),
}

impl Running {
    fn run(mut self) {
        let mut is_well = true;
        loop {
            let pause = self.keeper.pause(&self.told.borrow(), is_well);
            match self.calls.recv_timeout(pause) {
                Ok(Call::Look) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Call::GiveBack(reply)) => return self.give_back(reply),
                // Nobody is left who could lose them.
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.proof.is_called.store(false, Ordering::Release);
            is_well = self.turn(is_well);
        }
    }

    /// Takes a turn. Whether it was answered.
    fn turn(&mut self, was_well: bool) -> bool {
        let may_claim = !self.proof.is_leaving.load(Ordering::Acquire);
        let sent_ms = self.keeper.clock.monotonic_ms();
        match catch_unwind(AssertUnwindSafe(|| self.keeper.turn(may_claim))) {
            Ok(Ok(holdings)) => {
                let until_ms = self.keeper.proven_until_ms(sent_ms);
                self.proof.note(&holdings, self.keeper.node, until_ms);
                self.told.send_replace(holdings);
                true
            }
            Ok(Err(error)) => {
                if was_well {
                    tracing::warn!(error = %error, "leases could not be renewed: {error}");
                }
                false
            }
            Err(_panic) => {
                tracing::error!("a turn of the leases panicked");
                self.keeper.store.reset();
                false
            }
        }
    }

    fn give_back(mut self, reply: Reply<()>) {
        let now = Timestamp(self.keeper.clock.steady_ms());
        self.proof.until_ms.store(i64::MIN, Ordering::Release);
        let given = self.keeper.store.release_leases(self.keeper.node, now);
        if let Err(error) = &given {
            tracing::warn!(error = %error, "leases could not be given back: {error}");
        }
        answer(reply, given.map_err(|_logged| Refusal::unavailable()));
    }
}
