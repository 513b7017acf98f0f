//! The thread that keeps the leases.

use super::Leases;
use super::proof::Proof;
use crate::actors::mailbox::{Reply, answer};
use crate::base::id::NodeId;
use crate::base::time::Timestamp;
use crate::domain::refusal::Refusal;
use crate::host::clock::Clock;
use crate::store::commit::Lease;
use crate::store::lease::{Claiming, Turn};
use crate::store::{Store, StoreError};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;
use tokio::sync::watch;

/// Further tries of the first turn.
const FIRST_TRIES: u32 = 10;
/// Calls that wait for the keeper: of several looks one is as good as many, and few shards are given back at a time.
const CALLS_MAX: usize = 16;
/// A renewal is sent three times in the life of a lease, and proves it for two thirds of that.
/// Source: durability.md §2.4.
const RENEWALS: i64 = 3;
/// Who waits for a lease looks so many times in its life.
const LOOKS: i64 = 12;

/// What the keeper is told.
pub(super) enum Call {
    /// Take a turn now.
    Look,
    /// Give one shard back.
    Release(Release),
    /// Give all of them back, and end.
    GiveBack(Reply<()>),
}

/// A shard to give back.
pub(super) struct Release {
    pub(super) lease: Lease,
    /// For whom.
    pub(super) to: NodeId,
    /// Whether it was still ours.
    pub(super) reply: Reply<bool>,
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
    /// How the world is shared.
    pub how: Claiming,
}

/// Leases that are kept, turn by turn: what the keeper's thread does, and a simulation without one.
pub struct Keeping {
    keeper: LeaseKeeper,
    proof: Arc<Proof>,
    /// Who held what as of the last turn.
    last: Turn,
    /// Whether the last turn was answered.
    is_well: bool,
}

/// The keeper's thread, once it runs.
struct Running {
    keeping: Keeping,
    calls: Receiver<Call>,
    told: watch::Sender<Turn>,
}

impl LeaseKeeper {
    /// Takes the first turn, then starts the thread. Gives the leases, and who holds what as of the last turn.
    /// Not for a thread with a tokio runtime.
    /// Errors: the database does not answer; no thread can be started.
    pub fn start(self) -> Result<(Arc<Leases>, watch::Receiver<Turn>), KeeperError> {
        let mut keeping = Keeping::new(self);
        keeping.first_turn()?;
        let (keeper, calls) = sync_channel(CALLS_MAX);
        let (told, heard) = watch::channel(keeping.last.clone());
        let leases = Arc::new(keeping.leases(Some(keeper)));
        let running = Running { keeping, calls, told };
        std::thread::Builder::new()
            .name("leases".into())
            .spawn(move || running.run())?;
        Ok((leases, heard))
    }

    fn turn(&mut self, how: Claiming) -> Result<Turn, StoreError> {
        let now = Timestamp(self.clock.steady_ms());
        self.store.keep_leases(self.node, self.ttl_ms, how, now)
    }

    fn proven_until_ms(&self, sent_ms: i64) -> i64 {
        if self.is_shared {
            sent_ms.saturating_add(self.ttl_ms / RENEWALS * (RENEWALS - 1))
        } else {
            i64::MAX
        }
    }

    /// Between two turns: whoever waits for a shard, or for an answer, looks more often.
    fn pause(&self, turn: &Turn, is_well: bool) -> Duration {
        let turns = if is_well && !self.is_waiting(turn) {
            RENEWALS
        } else {
            LOOKS
        };
        Duration::from_millis(u64::try_from(self.ttl_ms / turns).unwrap_or(1).max(1))
    }

    /// Whether a shard may soon be had.
    fn is_waiting(&self, turn: &Turn) -> bool {
        let held = turn.of(self.node).count();
        if self.how != Claiming::Shared {
            return held < turn.holdings.len();
        }
        let is_loose = turn
            .holdings
            .iter()
            .any(|held| held.owner.is_none() || turn.target(held) == Some(self.node));
        let fewest = turn.holdings.len().checked_div(turn.nodes.len()).unwrap_or(0);
        is_loose || !turn.leaving.is_empty() || held < fewest
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

impl Keeping {
    /// Leases that nothing proves before the first turn.
    pub fn new(keeper: LeaseKeeper) -> Self {
        Self {
            keeper,
            proof: Arc::new(Proof::new(i64::MIN)),
            last: Turn::default(),
            is_well: true,
        }
    }

    /// The leases, as the node's actors see them. `keeper`: where its thread is called.
    pub(super) fn leases(&self, keeper: Option<SyncSender<Call>>) -> Leases {
        Leases {
            proof: Arc::clone(&self.proof),
            keeper,
            node: self.keeper.node,
            how: self.keeper.how,
        }
    }

    /// The leases, kept by whoever takes the turns.
    pub fn unattended(&self) -> Leases {
        self.leases(None)
    }

    /// The first turn. A busy database may take longer than a turn has, so it is tried a few times.
    fn first_turn(&mut self) -> Result<(), StoreError> {
        let mut tries = FIRST_TRIES;
        loop {
            match self.try_turn() {
                Err(error) if tries > 0 => {
                    tries -= 1;
                    tracing::warn!(error = %error, "the first turn of the leases failed and is tried again: {error}");
                    // On a plain thread, before there is any actor to keep waiting.
                    std::thread::park_timeout(Duration::from_millis(100));
                }
                outcome => return outcome,
            }
        }
    }

    /// How long until the next turn.
    pub fn pause(&self) -> Duration {
        self.keeper.pause(&self.last, self.is_well)
    }

    /// Takes a turn. Gives who holds what, when it was answered.
    pub fn turn(&mut self) -> Option<&Turn> {
        let was_well = std::mem::take(&mut self.is_well);
        match catch_unwind(AssertUnwindSafe(|| self.try_turn())) {
            Ok(Ok(())) => {
                self.is_well = true;
                return Some(&self.last);
            }
            Ok(Err(error)) => {
                if was_well {
                    tracing::warn!(error = %error, "leases could not be renewed: {error}");
                }
            }
            Err(_panic) => {
                tracing::error!("a turn of the leases panicked");
                self.keeper.store.reset();
            }
        }
        None
    }

    fn try_turn(&mut self) -> Result<(), StoreError> {
        let how = if self.proof.is_leaving.load(Ordering::Acquire) {
            Claiming::None
        } else {
            self.keeper.how
        };
        let sent_ms = self.keeper.clock.monotonic_ms();
        let turn = self.keeper.turn(how)?;
        let until_ms = self.keeper.proven_until_ms(sent_ms);
        self.proof.note(&turn, self.keeper.node, until_ms);
        self.last = turn;
        Ok(())
    }

    /// Gives one shard back for a node. `false`: it was not this node's any more, or is not closed.
    /// Errors: `unavailable`; it may be given back nevertheless. Nobody else claims or proves on this thread meanwhile.
    pub fn release(&mut self, lease: Lease, to: NodeId) -> Result<bool, Refusal> {
        if !self.proof.let_go(lease.shard, lease.epoch) {
            return Ok(false);
        }
        let now = Timestamp(self.keeper.clock.steady_ms());
        let store = &mut self.keeper.store;
        match catch_unwind(AssertUnwindSafe(|| store.release_shard(lease, Some(to), now))) {
            Ok(Ok(is_released)) => return Ok(is_released),
            Ok(Err(error)) => {
                tracing::warn!(shard.id = %lease.shard, error = %error, "shard {} could not be given back: {error}", lease.shard);
            }
            Err(_panic) => {
                tracing::error!("giving a shard back panicked");
                self.keeper.store.reset();
            }
        }
        Err(Refusal::unavailable())
    }

    /// Gives all leases back, and nothing is proven any more. Errors: `unavailable`: they run out.
    pub fn give_back(&mut self) -> Result<(), Refusal> {
        let now = Timestamp(self.keeper.clock.steady_ms());
        self.proof.until_ms.store(i64::MIN, Ordering::Release);
        let given = self.keeper.store.release_leases(self.keeper.node, now);
        if let Err(error) = &given {
            tracing::warn!(error = %error, "leases could not be given back: {error}");
        }
        given.map_err(|_logged| Refusal::unavailable())
    }
}

impl Running {
    fn run(mut self) {
        loop {
            match self.calls.recv_timeout(self.keeping.pause()) {
                Ok(Call::Look) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Call::Release(Release { lease, to, reply })) => {
                    answer(reply, self.keeping.release(lease, to));
                    continue;
                }
                Ok(Call::GiveBack(reply)) => return answer(reply, self.keeping.give_back()),
                // Nobody is left who could lose them.
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.keeping.proof.is_called.store(false, Ordering::Release);
            if let Some(turn) = self.keeping.turn() {
                self.told.send_replace(turn.clone());
            }
        }
    }
}
