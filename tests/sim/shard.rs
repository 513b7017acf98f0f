//! A shard on a node: its queue of durable writes and its region.

use crate::node::{Node, Post};
use crate::world::{Event, Verdict};
use rookery::actors::committer::{Audience, Known, Pending, Queue, UnderWay};
use rookery::actors::lease::{ShardLease, moving};
use rookery::actors::mailbox::{Reply, answer};
use rookery::actors::region;
use rookery::base::id::{AgentId, ShardId};
use rookery::base::time::Timestamp;
use rookery::domain::refusal::Refusal;
use rookery::domain::region::{RegionState, ShardPlan};
use rookery::store::commit::{Batch, Commit, InboxPosition, Lease};
use rookery::store::shard::Checkpoint;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::Sender;

/// A shard on a node.
pub struct Shard {
    pub serial: u64,
    pub plan: ShardPlan,
    pub lease: Arc<ShardLease>,
    pub queue: Queue,
    /// Who is where; none while it is not loaded.
    pub state: Option<RegionState>,
    /// Who is on its way here.
    pub coming: BTreeSet<AgentId>,
    pub closers: Vec<Reply<()>>,
    pub is_ending: bool,
    is_waiting: bool,
}

/// A checkpoint on its way to the database.
pub struct Saving {
    /// Under what it is written.
    pub lease: Lease,
    checkpoint: Checkpoint,
    agents: usize,
    now: Timestamp,
    /// Who hands the shard over.
    reply: Option<Reply<()>>,
}

/// Those around a shard's queue.
struct Around {
    serial: u64,
    shard: ShardId,
    post: Sender<Post>,
}

impl Audience for Around {
    fn spread(&mut self, commit: &Commit, seq: i64, _: &[InboxPosition]) {
        let commit = Box::new(commit.clone());
        // Nobody is told by a node that has ended.
        drop(self.post.send(Post::Spread(self.shard, commit, seq)));
    }

    fn reload(&mut self) {
        drop(self.post.send(Post::Reload(self.serial)));
    }

    fn lost(&mut self, epoch: i64) {
        drop(self.post.send(Post::Lost(self.serial, epoch)));
    }
}

impl Shard {
    pub fn new(serial: u64, plan: ShardPlan, lease: Arc<ShardLease>) -> Self {
        Self {
            serial,
            queue: Queue::new(plan.id, Arc::clone(&lease)),
            plan,
            lease,
            state: None,
            coming: BTreeSet::new(),
            closers: Vec::new(),
            is_ending: false,
            is_waiting: false,
        }
    }
}

impl Node {
    fn around(&self, serial: u64) -> Around {
        Around {
            serial,
            shard: self.shards[&serial].plan.id,
            post: self.post.clone(),
        }
    }

    /// Hands a commit to a shard's queue.
    pub fn enqueue(&mut self, serial: u64, pending: Pending) {
        let Some(shard) = self.shards.get_mut(&serial) else {
            // Dropped, which those who wait for it are told.
            return;
        };
        let is_ours = self.leases.hold(&shard.lease, self.clock.monotonic_ms());
        if shard.queue.enqueue(pending, is_ours) && !shard.queue.is_busy() && !shard.is_waiting {
            shard.is_waiting = true;
            let event = Event::Flush(self.key, serial);
            self.later(1, event);
        }
    }

    /// A commit has waited for company.
    pub fn flush_after_wait(&mut self, serial: u64) {
        if let Some(shard) = self.shards.get_mut(&serial) {
            shard.is_waiting = false;
            self.flush(serial);
        }
    }

    /// Begins the next batch, or tells those who wait for the last outcome that it is known.
    pub fn flush(&mut self, serial: u64) {
        if !self.shards.contains_key(&serial) {
            return;
        }
        let (mut around, terms, now_ms) = (self.around(serial), self.terms(), self.monotonic_ms());
        let shard = self.shards.get_mut(&serial).expect("it is here");
        let is_ours = self.leases.hold(&shard.lease, now_ms);
        if let Some((batch, under_way)) = shard.queue.next(is_ours, terms, &mut around) {
            let after_ms = self.way_ms();
            let event = Event::Commit(self.key, serial, Box::new((batch, under_way)));
            return self.later(after_ms, event);
        }
        if !shard.queue.is_busy() && shard.queue.is_empty() {
            for closer in shard.closers.drain(..) {
                answer(closer, Ok(()));
            }
            if shard.is_ending {
                self.shards.remove(&serial);
            }
        }
    }

    /// A batch is with the database. The process may end in it.
    pub fn commit(&mut self, serial: u64, batch: Batch, under_way: UnderWay) -> Verdict {
        let committed = self.with_writer(|store| store.commit(&batch));
        let verdict = Verdict::of(&committed);
        let after_ms = self.dice.below(self.profile.commit_delay_ms);
        let known: Known = Ok((committed, batch));
        let event = Event::Known(self.key, serial, Box::new((under_way, known)));
        self.later(after_ms, event);
        verdict
    }

    /// The database's answer is here.
    pub fn known(&mut self, serial: u64, under_way: UnderWay, known: Known) {
        if !self.shards.contains_key(&serial) {
            return;
        }
        let mut around = self.around(serial);
        let shard = self.shards.get_mut(&serial).expect("it is here");
        shard.queue.settle(under_way, known, &mut around);
        self.flush(serial);
    }

    /// Builds a shard's region from the store.
    pub fn load(&mut self, serial: u64) {
        let Some(shard) = self.shards.get_mut(&serial).filter(|shard| !shard.is_ending) else {
            return;
        };
        shard.state = None;
        let id = shard.plan.id;
        let loaded = self.with_store(|store| store.load_shard(id));
        let Ok(loaded) = loaded else {
            return self.later(500, Event::Load(self.key, serial));
        };
        let (loaded, tick) = (loaded.expect("there is such a shard"), self.tick());
        let shard = self.shards.get_mut(&serial).expect("it is here");
        let plan = self
            .world
            .region(&shard.plan.region)
            .expect("it is known")
            .clone();
        let spawn = plan.spawn;
        let mut state = RegionState::new(id, plan, self.rate, loaded.objects);
        let checkpoint = loaded.checkpoint.as_ref();
        let bodies = region::bodies(checkpoint, loaded.carried, loaded.agents, spawn, tick);
        for body in &bodies {
            state.enter(body.clone(), tick);
        }
        shard.state = Some(state);
        for body in bodies {
            self.note_present(serial, &body.profile, body.hop);
            self.note_overtaken(serial, &body.profile, body.hop);
        }
    }

    /// How long something is on its way to the database. Units: milliseconds.
    fn way_ms(&mut self) -> u64 {
        if !self.is_healed && self.dice.below(self.profile.hanging_one_in) == 0 {
            2_000 + self.dice.below(9_000)
        } else {
            self.dice.below(self.profile.commit_delay_ms)
        }
    }

    /// Saves where everybody goes; whoever waits for that hears of it.
    pub fn save(&mut self, serial: u64, reply: Option<Reply<()>>) {
        // Who hands a shard over that has ended here hears `unavailable`.
        let Some(shard) = self.shards.get(&serial) else {
            return;
        };
        if !self.leases.keep(&shard.lease, self.monotonic_ms()) {
            if let Some(reply) = reply {
                answer(reply, Err(moving()));
            }
            return;
        }
        let Some(state) = &shard.state else { return };
        let saving = Saving {
            lease: Lease {
                shard: shard.plan.id,
                owner: self.id,
                epoch: shard.lease.epoch(),
            },
            checkpoint: Checkpoint {
                tick: self.tick(),
                body: region::encode(state.bodies().map(|body| (body, None, None))),
            },
            agents: state.agent_count(),
            now: self.now(),
            reply,
        };
        let after_ms = self.way_ms();
        let event = Event::Save(self.key, Box::new(saving));
        self.later(after_ms, event);
    }

    /// A checkpoint is with the database. Whether it was kept.
    pub fn write(&mut self, saving: Saving) -> bool {
        let Saving {
            lease,
            checkpoint,
            agents,
            now,
            reply,
        } = saving;
        let is_kept = self.with_store(|store| store.save_checkpoint(lease, &checkpoint, agents, now));
        let is_kept = matches!(is_kept, Ok(true));
        if is_kept && (reply.is_some() || self.dice.below(4) == 0) {
            // A shard goes on without one.
            drop(self.with_store(|store| store.take_snapshot(lease, true, now)));
        }
        if let Some(reply) = reply {
            answer(reply, is_kept.then_some(()).ok_or_else(Refusal::unavailable));
        }
        is_kept
    }
}
