//! A shard goes to another node: the product's steps, with the node as those who take them.

use crate::node::{Node, Post};
use crate::world::PartStep;
use futures_util::FutureExt;
use rookery::actors::lease::{HandOver, ShardLease};
use rookery::actors::mailbox::{Reply, answer};
use rookery::actors::peer::message::News;
use rookery::actors::shard;
use rookery::base::id::NodeId;
use rookery::domain::refusal::Refusal;
use rookery::store::commit::Lease;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::Sender;

/// How long a hand-over may take: three steps of two seconds. Units: milliseconds.
const PATIENCE_MS: i64 = 6_000;

/// A shard on its way.
pub struct Parting {
    serial: u64,
    to: NodeId,
    due_ms: i64,
    steps: Pin<Box<dyn Future<Output = Result<bool, Refusal>>>>,
    _under_way: HandOver,
}

/// Those who take the steps.
struct Steps {
    serial: u64,
    to: NodeId,
    lease: Arc<ShardLease>,
    post: Sender<Post>,
}

impl Steps {
    async fn ask<T>(&self, make: impl FnOnce(Reply<T>) -> PartStep) -> Result<T, Refusal> {
        let (reply, answer) = Reply::awaited();
        self.post.send(Post::Part(make(reply))).expect("the node lives");
        answer
            .await
            .unwrap_or_else(|_dropped| Err(Refusal::unavailable()))
    }
}

impl shard::Parting for Steps {
    async fn finish(&self) -> Result<(), Refusal> {
        self.ask(|reply| PartStep::Finish(self.serial, reply)).await
    }

    fn lease(&self) -> &ShardLease {
        &self.lease
    }

    async fn save(&self) -> Result<(), Refusal> {
        self.ask(|reply| PartStep::Save(self.serial, reply)).await
    }

    async fn give_back(&self) -> Result<bool, Refusal> {
        self.ask(|reply| PartStep::GiveBack(self.serial, self.to, reply))
            .await
    }
}

/// Another node should have a shard.
pub fn begin(node: &mut Node, serial: u64, to: NodeId) {
    let shard = &node.shards[&serial];
    if shard.lease.is_lost() {
        return;
    }
    let Some(under_way) = node.leases.begin_hand_over(shard.plan.id) else {
        return;
    };
    let steps = Steps {
        serial,
        to,
        lease: Arc::clone(&shard.lease),
        post: node.post.clone(),
    };
    let due_ms = node.monotonic_ms() + PATIENCE_MS;
    node.leaving.push(Parting {
        serial,
        to,
        due_ms,
        steps: Box::pin(async move { shard::part_with(&steps).await }),
        _under_way: under_way,
    });
}

impl Node {
    /// Goes on with hand-overs whose steps are done.
    pub fn attend_leaving(&mut self) {
        let now_ms = self.monotonic_ms();
        for mut parting in std::mem::take(&mut self.leaving) {
            let parted = match (&mut parting.steps).now_or_never() {
                Some(parted) => parted,
                None if now_ms >= parting.due_ms => Err(Refusal::no_answer()),
                None => {
                    self.leaving.push(parting);
                    continue;
                }
            };
            let Parting { serial, to, .. } = parting;
            if parted == Ok(true) {
                self.peers.tell(to, News::Take);
                self.end_shard(serial);
            } else if let Some(shard) = self.shards.get_mut(&serial) {
                shard.lease.open();
                shard.queue.close(false);
            }
            self.look();
        }
    }

    /// Commits what was decided, and takes no more.
    pub fn finish(&mut self, serial: u64, reply: Reply<()>) {
        let Some(shard) = self.shards.get_mut(&serial) else {
            return;
        };
        shard.queue.close(true);
        shard.closers.push(reply);
        self.flush(serial);
    }

    /// Gives a shard's lease back.
    pub fn give_back(&mut self, serial: u64, to: NodeId, reply: Reply<bool>) {
        let Some(shard) = self.shards.get(&serial) else {
            return;
        };
        let lease = Lease {
            shard: shard.plan.id,
            owner: self.id,
            epoch: shard.lease.epoch(),
        };
        let released = self.with_keeping(|keeping| keeping.release(lease, to));
        answer(reply, released);
    }
}
