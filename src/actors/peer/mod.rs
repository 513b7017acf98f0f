//! The other nodes: what this one tells them and asks them. One ordered stream of batches goes to each; every batch has a
//! number, so that one that got lost is noticed, and what hangs on it is told anew.

mod answer;
mod beat;
mod convert;
mod hear;
mod hub;
mod line;
pub mod message;
mod pending;
mod poll;
#[cfg(test)]
mod tests;

pub use answer::serve;
pub use convert::read_receipt;
pub use hear::{forget, part, welcome};
pub use hub::PeerHub;
use pending::Pending;
pub use pending::Told;

use beat::keep_beating;
use convert::gather;
use poll::keep_polling;

use super::lease::moving;
use super::mailbox::{Reply, answer};
use super::node::DEADLINE;
use crate::base::id::NodeId;
use crate::bus::{Bus, PAYLOAD_MAX_BYTES, Subscription, Topic};
use crate::domain::refusal::{Code, Refusal};
use crate::guard::seal::Seal;
use crate::host::clock::Clock;
use crate::telemetry::metric;
use bytes::Bytes;
use dashmap::DashMap;
use line::{Coming, Line};
use message::{Answer, News, Question, Said};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// More than any stream to a node sends.
const NUMBERS_PER_MS: u64 = 1_000;
/// Between two batches to a node: what is said meanwhile goes together, so that the number of batches does not grow with what
/// is said.
const PAUSE: Duration = Duration::from_millis(10);

/// Beats in a row that must disagree before everything is told anew: one may cross with what it counts.
const ODD_BEATS: u32 = 3;

/// Bytes of an answer; with its head it must fit into a batch.
const ANSWER_MAX_BYTES: usize = PAYLOAD_MAX_BYTES - 1_024;

/// The other nodes, as this one reaches them.
pub struct Peers {
    me: NodeId,
    /// None: there are no others.
    seal: Option<Seal>,
    bus: Bus,
    clock: Clock,
    lines: DashMap<NodeId, Line>,
    pending: Pending,
    call: Arc<Notify>,
}

/// What came in from another node.
pub struct TakenIn {
    /// The node.
    pub from: NodeId,
    /// Nothing was heard of it before.
    pub is_new: bool,
    /// Something that it said before this got lost.
    pub has_gap: bool,
    /// What it said, in order.
    pub said: Vec<Said>,
}

impl Peers {
    /// Of a node. Without a seal there are no others, and shards are not shared.
    pub fn new(me: NodeId, bus: Bus, clock: Clock, seal: Option<Seal>) -> Self {
        Self {
            me,
            seal,
            bus,
            clock,
            lines: DashMap::new(),
            pending: Pending::default(),
            call: Arc::default(),
        }
    }

    /// Whether shards are shared among nodes.
    pub fn is_on(&self) -> bool {
        self.seal.is_some()
    }

    /// Whether others hear this node at the moment, as far as it knows.
    fn is_heard(&self) -> bool {
        self.is_on() && !self.bus.status().is_degraded
    }

    /// Whether a node is there and heard of.
    pub fn reaches(&self, node: NodeId) -> bool {
        self.lines
            .get(&node)
            .is_some_and(|line| line.is_heard(self.clock.monotonic()))
    }

    /// What others say to this node, from now on.
    pub fn listen(&self) -> Subscription {
        self.bus.subscribe(Topic::Node(self.me))
    }

    /// The nodes that are there beside this one.
    pub fn all(&self) -> Vec<NodeId> {
        self.lines.iter().map(|line| *line.key()).collect()
    }

    /// Notes which nodes there are. Gives those that came and those that went.
    pub fn set_alive(&self, nodes: &[NodeId]) -> (Vec<NodeId>, Vec<NodeId>) {
        if !self.is_on() {
            return (Vec::new(), Vec::new());
        }
        let others: Vec<NodeId> = nodes.iter().copied().filter(|node| *node != self.me).collect();
        let mut gone: Vec<NodeId> = self
            .all()
            .into_iter()
            .filter(|node| !others.contains(node))
            .collect();
        // One order, so that a simulated run repeats.
        gone.sort_unstable();
        for node in &gone {
            self.lines.remove(node);
            self.pending.lose(*node);
        }
        let come: Vec<NodeId> = others
            .into_iter()
            .filter(|node| !self.lines.contains_key(node))
            .collect();
        for node in &come {
            self.meet(*node);
        }
        (come, gone)
    }

    /// Tells a node something. What cannot be told is noticed there as a gap.
    pub fn tell(&self, node: NodeId, news: News) {
        self.say(node, &Said::News(news));
    }

    /// Tells all others something.
    pub fn tell_all(&self, make: impl Fn() -> News) {
        if !self.is_on() {
            return;
        }
        for node in self.all() {
            self.tell(node, make());
        }
    }

    /// Asks a node. The reply hears `moving` when nothing was done, `timeout` when nobody answered in time.
    pub fn ask<T: DeserializeOwned + Send + 'static>(
        &self,
        node: NodeId,
        question: Question,
        reply: Reply<T>,
    ) {
        self.ask_then(node, question, DEADLINE, move |told| {
            let read =
                |bytes: Bytes| rmp_serde::from_slice(&bytes).map_err(|_other_version| Refusal::internal());
            answer(reply, told.into_result().and_then(read));
        });
    }

    /// Asks a node; whatever comes of it is handed on once, on some thread: it must neither block nor panic.
    pub fn ask_then(
        &self,
        node: NodeId,
        question: Question,
        deadline: Duration,
        take: impl FnOnce(Told) + Send + 'static,
    ) {
        // Refused at once: what waits for Redis to come back would be done when nobody waits for it any more.
        if !self.is_heard() || !self.reaches(node) {
            return take(Told::Unsent);
        }
        match self.expect(node, deadline, take) {
            Ok(number) => self.say(node, &Said::Ask(number, question)),
            Err(take) => take(Told::Unsent),
        }
    }

    /// Awaits an answer of a node under a number that it is told by other means.
    pub fn expect<F: FnOnce(Told) + Send + 'static>(
        &self,
        node: NodeId,
        deadline: Duration,
        take: F,
    ) -> Result<u64, F> {
        let due = self.clock.monotonic().saturating_add(deadline);
        self.pending.put(node, due, take)
    }

    /// Awaits an answer no more: nothing was done.
    pub fn expect_no_more(&self, node: NodeId, number: u64) {
        self.pending.settle(node, number, Told::Missing);
    }

    /// Answers a node's question.
    pub fn answer(&self, node: NodeId, number: u64, result: Result<Vec<u8>, Refusal>) {
        let answer = match result {
            Ok(bytes) if bytes.len() > ANSWER_MAX_BYTES => {
                let detail = "the answer is too long for another node to give it";
                Answer::Refused(convert::refused(&Refusal::new(Code::TooLarge, detail)))
            }
            Ok(bytes) => Answer::Done(Bytes::from(bytes)),
            Err(refusal) => Answer::Refused(convert::refused(&refusal)),
        };
        self.say(node, &Said::Answer(number, answer));
    }

    /// Answers that what a node's question is about is not here.
    pub fn answer_missing(&self, node: NodeId, number: u64) {
        self.say(node, &Said::Answer(number, Answer::Missing));
    }

    /// Reads a batch that came in. None: it is none of other nodes' for this one, or was heard before.
    pub fn take_in(&self, batch: &[u8]) -> Option<TakenIn> {
        let Some((head, said)) = self
            .seal
            .as_ref()
            .and_then(|seal| line::open(batch, self.me, seal))
        else {
            tracing::warn!("something on this node's topic was not sealed by another node");
            return None;
        };
        if head.from == self.me {
            return None;
        }
        // It may have learnt of us before we of it.
        let is_new = !self.lines.contains_key(&head.from);
        if is_new {
            self.meet(head.from);
        }
        let coming = self
            .lines
            .get_mut(&head.from)?
            .hear(head.number, self.clock.monotonic());
        // Else somebody repeats what it overheard.
        (coming != Coming::Old).then_some(TakenIn {
            from: head.from,
            is_new,
            has_gap: coming == Coming::Gap,
            said,
        })
    }

    /// Notes whether a node's beat disagrees with what is known of its agents here; asks for all when they do for long.
    pub fn compare(&self, node: NodeId, is_odd: bool) {
        let Some(mut line) = self.lines.get_mut(&node) else {
            return;
        };
        line.odd_beats = if is_odd {
            line.odd_beats.saturating_add(1)
        } else {
            0
        };
        let is_due = line.odd_beats >= ODD_BEATS;
        if is_due {
            line.odd_beats = 0;
        }
        drop(line);
        if is_due {
            self.tell(node, News::Recount);
        }
    }

    /// A node answered a question.
    pub fn settle(&self, node: NodeId, number: u64, answer: Answer) {
        self.pending.settle(node, number, Told::of(answer));
    }

    /// Begins the stream to a node. Numbers go on from those of an earlier stream to it.
    fn meet(&self, node: NodeId) {
        let first = u64::try_from(self.clock.steady_ms()).unwrap_or_default();
        let line = || Line::new(first.saturating_mul(NUMBERS_PER_MS));
        self.lines.entry(node).or_insert_with(line);
    }

    fn say(&self, node: NodeId, said: &Said) {
        let Some(mut line) = self.lines.get_mut(&node) else {
            return;
        };
        if line.say(said) {
            drop(line);
            self.call.notify_one();
        }
    }

    /// Sends what was said, batch by batch, for as long as the node runs.
    pub async fn keep_sending(self: Arc<Self>) {
        loop {
            self.call.notified().await;
            self.send();
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Sends what was said.
    pub fn send(&self) {
        let Some(seal) = &self.seal else { return };
        for mut line in self.lines.iter_mut() {
            let node = *line.key();
            for batch in line.take(self.me, node, seal) {
                metric::peer_batches().increment(1);
                if self.bus.publish(Topic::Node(node), batch).is_err() {
                    // The other side notices by the number.
                    metric::peer_batches_lost().increment(1);
                }
            }
        }
    }

    /// Gives up on answers that are overdue.
    pub fn sweep(&self) {
        self.pending.expire(self.clock.monotonic());
    }
}

impl Told {
    /// As the asker hears it: `moving` when nothing was done.
    pub fn into_result(self) -> Result<Bytes, Refusal> {
        match self {
            Told::Done(bytes) => Ok(bytes),
            Told::Refused(refusal) => Err(refusal),
            Told::Missing | Told::Unsent => Err(moving()),
            Told::Lost => Err(Refusal::no_answer()),
        }
    }
}
