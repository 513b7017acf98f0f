//! The committer of a shard: collects what is durable while the database is busy, and commits it in one transaction.

mod queue;
mod settle;
#[cfg(test)]
mod tests;

pub use queue::{Audience, Known, Queue, Terms, UnderWay};
pub use settle::Settle;

use super::fanout::Fanout;
use super::lease::ShardLease;
use super::mailbox::Seat;
use super::mailbox::{Reply, answer};
use super::node::Node;
use super::region::RegionMessage;
use super::request::Receipt;
use super::shard::{ShardActor, ShardMessage};
use super::watch::{self, Role, Stage};
use crate::base::id::ShardId;
use crate::store::commit::{BATCH_MAX, Commit, InboxPosition};
use crate::telemetry::metric;
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
    queue: Queue,
    around: Around,
    is_waiting: bool,
    is_ending: bool,
    /// Who waits for the last outcome.
    closers: Vec<Reply<()>>,
    /// One while no batch is with the database.
    under_way: Arc<Semaphore>,
}

/// Those around a committer: the world, its region and its shard's actor.
struct Around {
    node: Arc<Node>,
    shard: ShardId,
    keeper: Option<Seat<ShardActor>>,
    fanout: Fanout,
}

impl Audience for Around {
    fn spread(&mut self, commit: &Commit, seq: i64, inbox: &[InboxPosition]) {
        self.fanout.spread(commit, seq, inbox);
    }

    fn reload(&mut self) {
        if let Some(seats) = self.node.directory.shard(self.shard) {
            seats.region.order(RegionMessage::Reload);
        }
    }

    fn lost(&mut self, epoch: i64) {
        if let Some(keeper) = &self.keeper {
            keeper.order(ShardMessage::Lost(epoch));
        }
    }
}

impl Committer {
    /// A committer under the shard's lease.
    pub fn new(
        node: Arc<Node>,
        shard: ShardId,
        lease: Arc<ShardLease>,
        keeper: Option<Seat<ShardActor>>,
    ) -> Self {
        let around = Around {
            fanout: Fanout::new(Arc::clone(&node), shard),
            node: Arc::clone(&node),
            shard,
            keeper,
        };
        Self {
            node,
            queue: Queue::new(shard, lease),
            around,
            is_waiting: false,
            is_ending: false,
            closers: Vec::new(),
            under_way: Arc::new(Semaphore::new(1)),
        }
    }

    fn enqueue(&mut self, pending: Pending, stage: &mut Stage<Self>) {
        let is_ours = self.is_ours();
        if !self.queue.enqueue(pending, is_ours) || self.queue.is_busy() {
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

    /// Whether the lease is proven to hold.
    fn is_ours(&self) -> bool {
        self.node
            .leases
            .hold(self.queue.lease(), self.node.clock.monotonic_ms())
    }

    /// Begins the next batch, or tells those who wait for the last outcome that it is known.
    fn flush(&mut self, stage: &mut Stage<Self>) {
        self.begin_batch(stage);
        if !self.queue.is_busy() && self.queue.is_empty() {
            for closer in self.closers.drain(..) {
                answer(closer, Ok(()));
            }
            if self.is_ending {
                watch::finish(stage);
            }
        }
    }

    fn begin_batch(&mut self, stage: &mut Stage<Self>) {
        if self.queue.is_busy() {
            return;
        }
        let is_ours = self.is_ours();
        let permit = Arc::clone(&self.under_way).try_acquire_owned();
        if is_ours && permit.is_err() {
            // The database has not answered yet what an earlier life of this actor sent.
            return;
        }
        let terms = Terms {
            owner: self.node.id,
            lease_ttl_ms: self.node.lease_ttl_ms,
            now: self.node.now(),
        };
        let next = self.queue.next(is_ours, terms, &mut self.around);
        let (Some((batch, under_way)), Ok(permit)) = (next, permit) else {
            return;
        };
        let node = Arc::clone(&self.node);
        let (started, count) = (node.clock.monotonic(), batch.commits.len());
        let work = async move {
            let is_overloaded = node.overload.is_on(node.clock.monotonic_ms());
            // The permit is held until the database has answered, even when this actor fails meanwhile.
            let outcome = node.database.commit(batch, permit, is_overloaded).await;
            metric::commit_duration().record(node.clock.monotonic().saturating_sub(started).as_secs_f64());
            outcome
        };
        metric::commit_batch_size().record(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
        watch::then(stage, work, move |me, known, stage| {
            me.queue.settle(under_way, known, &mut me.around);
            me.flush(stage);
        });
    }
}

impl Role for Committer {
    type Message = CommitterMessage;
    const NAME: &'static str = "committer";
    const CAPACITY: usize = QUEUE_MAX;

    /// After a failure the batch that was under way may still be committed: wait for it, then load memory again.
    fn begin(&mut self, stage: &mut Stage<Self>) {
        if !self.queue.needs_reload() {
            return;
        }
        let under_way = Arc::clone(&self.under_way);
        watch::first(
            stage,
            async move { under_way.acquire_owned().await.is_ok() },
            |me, _is_over, _| me.queue.reload_if_needed(&mut me.around),
        );
    }

    fn forget(&mut self) {
        self.queue.forget();
        self.closers.clear();
        self.is_waiting = false;
    }

    fn take(&mut self, message: CommitterMessage, stage: &mut Stage<Self>) {
        match message {
            CommitterMessage::Commit(pending) => self.enqueue(*pending, stage),
            CommitterMessage::Claimed(epoch) => {
                self.node
                    .leases
                    .renew(self.around.shard, self.queue.lease(), epoch);
            }
            CommitterMessage::End => {
                self.is_ending = true;
                self.flush(stage);
            }
            CommitterMessage::Close(reply) => {
                self.queue.close(true);
                self.closers.push(reply);
                self.flush(stage);
            }
            CommitterMessage::Open => self.queue.close(false),
        }
    }
}
