//! The committer of a shard: collects what is durable while the database is busy, and commits it in one transaction.

mod settle;
#[cfg(test)]
mod tests;

pub use settle::Settle;

use super::fanout::Fanout;
use super::lease::{ShardLease, moving};
use super::mailbox::Seat;
use super::mailbox::{Reply, answer};
use super::node::Node;
use super::region::RegionMessage;
use super::request::Receipt;
use super::shard::{ShardActor, ShardMessage};
use super::watch::{self, Role, Stage};
use crate::base::id::ShardId;
use crate::domain::action::Durability;
use crate::domain::refusal::{Code, Refusal};
use crate::host::fault;
use crate::store::commit::{BATCH_MAX, Batch, Commit, CommitError, Lease, Outcome};
use crate::telemetry::metric;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Most commits that wait for the database; beyond, callers are told `busy`.
const QUEUE_MAX: usize = 16_384;

/// A commit with those who wait for it.
pub struct Pending {
    /// What to commit.
    pub commit: Commit,
    /// Who asked.
    pub reply: Option<Reply<Receipt>>,
    /// What to do first when it is known.
    pub settle: Option<Settle>,
}

/// What a committer is told.
pub enum CommitterMessage {
    /// Commit this.
    Commit(Box<Pending>),
    /// The shard was claimed anew.
    Claimed(i64),
    /// Another node runs the shard: end when the outcome of the last batch is known.
    End,
    /// The node stops, or another one gets the shard: take no more commits; answered when the outcome of the last is known.
    Close(Reply<()>),
    /// The shard stays here after all: take commits again.
    Open,
}

/// The committer of one shard.
pub struct Committer {
    node: Arc<Node>,
    shard: ShardId,
    lease: Arc<ShardLease>,
    keeper: Option<Seat<ShardActor>>,
    fanout: Fanout,
    queue: VecDeque<Pending>,
    is_busy: bool,
    is_waiting: bool,
    is_closed: bool,
    is_ending: bool,
    /// Who waits for the last outcome.
    closers: Vec<Reply<()>>,
    /// One while no batch is with the database.
    under_way: Arc<Semaphore>,
    needs_reload: bool,
}

impl Committer {
    /// A committer under the shard's lease.
    pub fn new(
        node: Arc<Node>,
        shard: ShardId,
        lease: Arc<ShardLease>,
        keeper: Option<Seat<ShardActor>>,
    ) -> Self {
        let fanout = Fanout::new(Arc::clone(&node), shard);
        let queue = VecDeque::new();
        let under_way = Arc::new(Semaphore::new(1));
        Self {
            node,
            shard,
            lease,
            keeper,
            fanout,
            queue,
            is_busy: false,
            is_waiting: false,
            is_closed: false,
            is_ending: false,
            closers: Vec::new(),
            under_way,
            needs_reload: false,
        }
    }

    fn enqueue(&mut self, pending: Pending, stage: &mut Stage<Self>) {
        let refusal = if !self.is_ours() {
            moving()
        } else if self.is_closed {
            Refusal::unavailable()
        } else if self.queue.len() >= QUEUE_MAX {
            Refusal::busy()
        } else {
            return self.queue_up(pending, stage);
        };
        conclude(pending.settle, pending.reply, Err(refusal));
    }

    /// Whether the lease is proven to hold.
    fn is_ours(&self) -> bool {
        self.node.leases.hold(&self.lease, self.node.clock.monotonic_ms())
    }

    fn queue_up(&mut self, pending: Pending, stage: &mut Stage<Self>) {
        self.queue.push_back(pending);
        if self.is_busy {
            return;
        }
        if self.queue.len() >= BATCH_MAX || self.node.company_wait.is_zero() {
            self.flush(stage);
        } else if !self.is_waiting {
            self.is_waiting = true;
            watch::later(stage, self.node.company_wait, |me, stage| {
                me.is_waiting = false;
                me.flush(stage);
            });
        }
    }

    /// Begins the next batch, or tells those who wait for the last outcome that it is known.
    fn flush(&mut self, stage: &mut Stage<Self>) {
        self.begin_batch(stage);
        if !self.is_busy && self.queue.is_empty() {
            for closer in self.closers.drain(..) {
                answer(closer, Ok(()));
            }
            if self.is_ending {
                watch::finish(stage);
            }
        }
    }

    fn begin_batch(&mut self, stage: &mut Stage<Self>) {
        if self.is_busy || self.queue.is_empty() {
            return;
        }
        if !self.is_ours() {
            // Nothing more goes under a lease that may be another's.
            for pending in self.queue.drain(..) {
                conclude(pending.settle, pending.reply, Err(moving()));
            }
            return;
        }
        let Ok(permit) = Arc::clone(&self.under_way).try_acquire_owned() else {
            return;
        };
        self.is_busy = true;
        let count = self.queue.len().min(BATCH_MAX);
        let mut waiting = Vec::with_capacity(count);
        let mut commits = Vec::with_capacity(count);
        for mut pending in self.queue.drain(..count) {
            if fault::is_mutant("publish_before_commit") {
                self.fanout.spread(&pending.commit, 0, &[]);
            }
            if fault::is_mutant("acknowledge_before_commit")
                && let Some(reply) = pending.reply.take()
            {
                answer(
                    reply,
                    Ok(receipt(
                        &pending.commit,
                        self.shard,
                        0,
                        pending.commit.result.clone(),
                    )),
                );
            }
            waiting.push((pending.reply, pending.settle));
            commits.push(pending.commit);
        }
        let epoch = self.lease.epoch();
        let lease = Lease {
            shard: self.shard,
            owner: self.node.id,
            epoch,
        };
        let batch = Batch {
            lease,
            lease_ttl_ms: self.node.lease_ttl_ms,
            now: self.node.now(),
            commits,
        };
        let node = Arc::clone(&self.node);
        let started = node.clock.monotonic();
        let work = async move {
            let is_overloaded = node.overload.is_on(node.clock.monotonic_ms());
            // The permit is held until the database has answered, even when this actor fails meanwhile.
            let outcome = node.database.commit(batch, permit, is_overloaded).await;
            metric::commit_duration().record(node.clock.monotonic().saturating_sub(started).as_secs_f64());
            outcome
        };
        metric::commit_batch_size().record(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
        watch::then(stage, work, move |me, outcome, stage| {
            me.settle(epoch, outcome, waiting, stage)
        });
    }

    fn settle(
        &mut self,
        epoch: i64,
        outcome: Result<(Result<Vec<Outcome>, CommitError>, Batch), Refusal>,
        waiting: Vec<(Option<Reply<Receipt>>, Option<Settle>)>,
        stage: &mut Stage<Self>,
    ) {
        self.is_busy = false;
        match outcome {
            Ok((Ok(outcomes), batch)) => {
                self.reload_if_needed();
                for ((commit, outcome), (reply, settle)) in
                    batch.commits.into_iter().zip(outcomes).zip(waiting)
                {
                    self.conclude_one(commit, outcome, reply, settle);
                }
            }
            Ok((Err(error), _)) => {
                let refusal = self.refuse_batch(epoch, &error);
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
        self.flush(stage);
    }

    /// Memory first, then the world, then the one who asked.
    fn conclude_one(
        &mut self,
        commit: Commit,
        outcome: Outcome,
        reply: Option<Reply<Receipt>>,
        settle: Option<Settle>,
    ) {
        let receipt = match &outcome {
            Outcome::Committed { seq, result, .. } => Ok(receipt(&commit, self.shard, *seq, result.clone())),
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
            self.fanout.spread(&commit, *seq, inbox);
        }
        if let Some(reply) = reply {
            answer(reply, receipt);
        }
    }

    /// After an outcome that was not known, memory is loaded again as soon as the database answers.
    fn reload_if_needed(&mut self) {
        if std::mem::take(&mut self.needs_reload)
            && let Some(seats) = self.node.directory.shard(self.shard)
        {
            seats.region.order(RegionMessage::Reload);
        }
    }

    fn refuse_batch(&mut self, epoch: i64, error: &CommitError) -> Refusal {
        tracing::error!(shard.id = %self.shard, error = ?error, "a batch of shard {} was not committed", self.shard);
        match error {
            CommitError::Fenced(_) => {
                // At once: what is queued must not follow.
                self.lease.lose(epoch);
                if let Some(keeper) = &self.keeper {
                    keeper.order(ShardMessage::Lost(epoch));
                }
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

impl Role for Committer {
    type Message = CommitterMessage;
    const NAME: &'static str = "committer";
    const CAPACITY: usize = QUEUE_MAX;

    /// After a failure the batch that was under way may still be committed: wait for it, then load memory again.
    fn begin(&mut self, stage: &mut Stage<Self>) {
        if !self.needs_reload {
            return;
        }
        let under_way = Arc::clone(&self.under_way);
        watch::first(
            stage,
            async move { under_way.acquire_owned().await.is_ok() },
            |me, _is_over, _| me.reload_if_needed(),
        );
    }

    // What was queued is dropped: its askers hear `unavailable`, and nothing of it was committed or will be.
    fn forget(&mut self) {
        self.queue.clear();
        self.closers.clear();
        (self.is_busy, self.is_waiting, self.needs_reload) = (false, false, true);
    }

    fn take(&mut self, message: CommitterMessage, stage: &mut Stage<Self>) {
        match message {
            CommitterMessage::Commit(pending) => self.enqueue(*pending, stage),
            CommitterMessage::Claimed(epoch) => {
                self.node.leases.renew(self.shard, &self.lease, epoch);
            }
            CommitterMessage::End => {
                self.is_ending = true;
                self.flush(stage);
            }
            CommitterMessage::Close(reply) => {
                self.is_closed = true;
                self.closers.push(reply);
                self.flush(stage);
            }
            CommitterMessage::Open => self.is_closed = false,
        }
    }
}
