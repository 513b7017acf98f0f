//! The durable writes of a shard in their order, without an actor: what goes into the next batch, and what follows from its
//! outcome.

use super::{Pending, QUEUE_MAX, Settle};
use crate::actors::lease::{ShardLease, moving};
use crate::actors::mailbox::{Reply, answer};
use crate::actors::request::Receipt;
use crate::base::id::{NodeId, ShardId};
use crate::base::time::Timestamp;
use crate::domain::action::Durability;
use crate::domain::refusal::{Code, Refusal};
use crate::host::fault;
use crate::store::commit::{BATCH_MAX, Batch, Commit, CommitError, InboxPosition, Lease, Outcome};
use std::collections::VecDeque;
use std::sync::Arc;

/// Who is concerned by what becomes of commits, besides those who asked.
pub trait Audience {
    /// A commit is on disk under this number, and in these inboxes: the world is told.
    fn spread(&mut self, commit: &Commit, seq: i64, inbox: &[InboxPosition]);
    /// What became of earlier commits was not known here, and the database answers again: memory is loaded anew.
    fn reload(&mut self);
    /// The lease of this epoch is another's.
    fn lost(&mut self, epoch: i64);
}

/// Under what a batch is written.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Whose lease it is.
    pub owner: NodeId,
    /// How long it holds from the commit on. Units: milliseconds.
    pub lease_ttl_ms: i64,
    /// The time written to the rows.
    pub now: Timestamp,
}

/// Those who wait for a batch, in the order of its commits.
pub struct UnderWay {
    epoch: i64,
    waiting: Vec<(Option<Reply<Receipt>>, Option<Settle>)>,
}

/// What is known of a batch: what the store says; or a refusal, when nobody knows what became of it.
pub type Known = Result<(Result<Vec<Outcome>, CommitError>, Batch), Refusal>;

/// The queue of one shard.
pub struct Queue {
    shard: ShardId,
    lease: Arc<ShardLease>,
    waiting: VecDeque<Pending>,
    is_busy: bool,
    is_closed: bool,
    needs_reload: bool,
}

impl Queue {
    /// An empty queue under a shard's lease.
    pub fn new(shard: ShardId, lease: Arc<ShardLease>) -> Self {
        Self {
            shard,
            lease,
            waiting: VecDeque::new(),
            is_busy: false,
            is_closed: false,
            needs_reload: false,
        }
    }

    /// The shard's lease.
    pub fn lease(&self) -> &Arc<ShardLease> {
        &self.lease
    }

    /// Commits that wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether a batch is with the database.
    pub fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Whether what became of a batch is still to be found out.
    pub fn needs_reload(&self) -> bool {
        self.needs_reload
    }

    /// Takes a commit; whether it did. Who waits for one that it does not take is told. `is_ours`: whether the lease is proven
    /// to hold.
    pub fn enqueue(&mut self, pending: Pending, is_ours: bool) -> bool {
        let refusal = if !is_ours {
            moving()
        } else if self.is_closed {
            Refusal::unavailable()
        } else if self.waiting.len() >= QUEUE_MAX {
            Refusal::busy()
        } else {
            self.waiting.push_back(pending);
            return true;
        };
        conclude(pending.settle, pending.reply, Err(refusal));
        false
    }

    /// Takes no more commits, or takes them again.
    pub fn close(&mut self, is_closed: bool) {
        self.is_closed = is_closed;
    }

    /// Forgets what waits, whose askers hear `unavailable`: nothing of it was committed or will be. What was under way may be.
    pub fn forget(&mut self) {
        self.waiting.clear();
        (self.is_busy, self.needs_reload) = (false, true);
    }

    /// The next batch with those who wait for it, unless one is with the database. What waits under a lease that may be
    /// another's is refused.
    pub fn next(
        &mut self,
        is_ours: bool,
        terms: Terms,
        audience: &mut impl Audience,
    ) -> Option<(Batch, UnderWay)> {
        if self.is_busy || self.waiting.is_empty() {
            return None;
        }
        if !is_ours {
            // Nothing more goes under a lease that may be another's.
            for pending in self.waiting.drain(..) {
                conclude(pending.settle, pending.reply, Err(moving()));
            }
            return None;
        }
        self.is_busy = true;
        let count = self.waiting.len().min(BATCH_MAX);
        let mut waiting = Vec::with_capacity(count);
        let mut commits = Vec::with_capacity(count);
        for mut pending in self.waiting.drain(..count) {
            if fault::is_mutant("publish_before_commit") {
                audience.spread(&pending.commit, 0, &[]);
            }
            if fault::is_mutant("acknowledge_before_commit")
                && let Some(reply) = pending.reply.take()
            {
                let result = pending.commit.result.clone();
                answer(reply, Ok(receipt(&pending.commit, self.shard, 0, result)));
            }
            waiting.push((pending.reply, pending.settle));
            commits.push(pending.commit);
        }
        let epoch = self.lease.epoch();
        let batch = Batch {
            lease: Lease {
                shard: self.shard,
                owner: terms.owner,
                epoch,
            },
            lease_ttl_ms: terms.lease_ttl_ms,
            now: terms.now,
            commits,
        };
        Some((batch, UnderWay { epoch, waiting }))
    }

    /// What became of a batch is known: all who wait for it are told.
    pub fn settle(&mut self, under_way: UnderWay, known: Known, audience: &mut impl Audience) {
        self.is_busy = false;
        let UnderWay { epoch, waiting } = under_way;
        match known {
            Ok((Ok(outcomes), batch)) => {
                self.reload_if_needed(audience);
                for ((commit, outcome), (reply, settle)) in
                    batch.commits.into_iter().zip(outcomes).zip(waiting)
                {
                    self.conclude_one(&commit, outcome, (reply, settle), audience);
                }
            }
            Ok((Err(error), _)) => {
                let refusal = self.refuse_batch(epoch, &error, audience);
                for (reply, settle) in waiting {
                    conclude(settle, reply, Err(refusal.clone()));
                }
            }
            Err(refusal) => {
                // The job failed on its thread: what became of the batch is not known here.
                self.needs_reload = true;
                for (reply, settle) in waiting {
                    conclude(settle, reply, Err(refusal.clone()));
                }
            }
        }
    }

    /// Memory first, then the world, then the one who asked.
    fn conclude_one(
        &self,
        commit: &Commit,
        outcome: Outcome,
        (reply, settle): (Option<Reply<Receipt>>, Option<Settle>),
        audience: &mut impl Audience,
    ) {
        let receipt = match &outcome {
            Outcome::Committed { seq, result, .. } => Ok(receipt(commit, self.shard, *seq, result.clone())),
            Outcome::Replayed(stored) => {
                let id = commit
                    .command
                    .as_ref()
                    .map(|command| command.id.clone())
                    .unwrap_or_default();
                stored
                    .outcome
                    .clone()
                    .map(|result| Receipt::replayed(stored, id, result))
            }
            Outcome::Refused(refusal) => Err(refusal.clone()),
        };
        let outcome = Ok(outcome);
        if let Some(settle) = settle {
            settle.call(&outcome);
        }
        if let Ok(Outcome::Committed { seq, inbox, .. }) = &outcome {
            audience.spread(commit, *seq, inbox);
        }
        if let Some(reply) = reply {
            answer(reply, receipt);
        }
    }

    /// After an outcome that was not known, memory is loaded again as soon as the database answers.
    pub fn reload_if_needed(&mut self, audience: &mut impl Audience) {
        if std::mem::take(&mut self.needs_reload) {
            audience.reload();
        }
    }

    fn refuse_batch(&mut self, epoch: i64, error: &CommitError, audience: &mut impl Audience) -> Refusal {
        tracing::error!(shard.id = %self.shard, error = ?error, "a batch of shard {} was not committed", self.shard);
        match error {
            CommitError::Fenced(_) => {
                // At once: what is queued must not follow.
                self.lease.lose(epoch);
                audience.lost(epoch);
                moving()
            }
            CommitError::NotCommitted {
                is_disk_full: true, ..
            } => Refusal::new(Code::StorageFull, "the disk is full").retry_after(5_000),
            CommitError::NotCommitted { .. } => {
                self.needs_reload = true;
                Refusal::unavailable()
            }
        }
    }
}

/// The receipt of a commit.
fn receipt(commit: &Commit, shard: ShardId, seq: i64, result: serde_json::Value) -> Receipt {
    Receipt {
        result: result.into(),
        durability: Durability::Durable,
        command_id: commit
            .command
            .as_ref()
            .map(|command| command.id.clone())
            .unwrap_or_default(),
        region: Some(commit.region.clone()),
        shard: Some(shard),
        seq: Some(seq),
        tick: commit.tick,
        replayed: false,
    }
}

fn conclude(settle: Option<Settle>, reply: Option<Reply<Receipt>>, refusal: Result<Outcome, Refusal>) {
    if let Some(settle) = settle {
        settle.call(&refusal);
    }
    if let (Some(reply), Err(refusal)) = (reply, refusal) {
        answer(reply, Err(refusal));
    }
}
