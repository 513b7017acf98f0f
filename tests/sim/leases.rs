//! A node's shards follow its leases.

use crate::node::Node;
use crate::parting;
use crate::shard::Shard;
use crate::world::Event;
use rookery::actors::lease::ShardLease;
use rookery::actors::peer::message::News;
use rookery::actors::shard::{Course, course};
use rookery::base::id::{NodeId, ShardId};
use rookery::store::commit::Lease;
use rookery::store::lease::{Claiming, Turn};
use std::sync::Arc;

impl Node {
    /// Takes a turn of the leases soon.
    pub fn look(&mut self) {
        self.turn_token += 1;
        let event = Event::Turn(self.key, self.turn_token);
        self.later(1, event);
    }

    /// A turn of the leases.
    pub fn turn(&mut self, token: u64) {
        if token != self.turn_token {
            return;
        }
        let turn = self.with_keeping(|keeping| keeping.turn().cloned());
        if let Some(turn) = turn {
            self.told = Some(turn);
            // The main thread hears of it when it gets to it.
            let after_ms = if self.dice.below(10) == 0 { 800 } else { 20 };
            let after_ms = self.dice.below(after_ms);
            self.later(after_ms, Event::Follow(self.key));
        }
        self.turn_token += 1;
        let pause_ms = u64::try_from(self.keeping.pause().as_millis()).expect("it is short");
        let event = Event::Turn(self.key, self.turn_token);
        self.later(pause_ms, event);
    }

    /// The shard that runs here, by its serial.
    pub fn serial_of(&self, shard: ShardId) -> Option<u64> {
        let running = self
            .shards
            .values()
            .find(|other| other.plan.id == shard && !other.is_ending);
        running.map(|shard| shard.serial)
    }

    /// Makes what runs here what the last turn said.
    pub fn follow(&mut self) {
        let Some(turn) = self.told.clone() else { return };
        let alive: Vec<NodeId> = turn.present().collect();
        let (mut come, _gone) = self.peers.set_alive(&alive);
        come.sort_unstable();
        for other in come {
            self.peers.tell(other, News::Recount);
        }
        for holding in &turn.holdings {
            let running = self.serial_of(holding.shard);
            if holding.owner == Some(self.id) && running.is_none() {
                continue;
            }
            self.directory
                .note_owner(holding.shard, holding.owner, holding.epoch);
        }
        for holding in &turn.holdings {
            let running = self.serial_of(holding.shard);
            let lease = running.map(|serial| Arc::clone(&self.shards[&serial].lease));
            let serial = running.unwrap_or_default();
            match course(holding, self.id, lease.as_deref()) {
                Course::Start(lease) => self.run(lease),
                Course::Anew => {
                    self.end_shard(serial);
                    self.look();
                }
                Course::GoOn(epoch) => {
                    let lease = lease.expect("it runs");
                    self.announce(holding.shard, epoch);
                    self.leases.renew(holding.shard, &lease, epoch);
                    self.load(serial);
                }
                Course::End => self.end_shard(serial),
                Course::Rest => {}
            }
        }
        self.part(&turn);
    }

    fn run(&mut self, lease: Lease) {
        let plan = self.world.shards.iter().find(|shard| shard.id == lease.shard);
        let plan = plan.expect("shards are known").clone();
        let running = Arc::new(ShardLease::new(lease.epoch));
        self.leases.enter(lease.shard, &running);
        self.last_serial += 1;
        let serial = self.last_serial;
        self.shards.insert(serial, Shard::new(serial, plan, running));
        self.load(serial);
        self.announce(lease.shard, lease.epoch);
    }

    fn announce(&mut self, shard: ShardId, epoch: i64) {
        self.directory.note_owner(shard, Some(self.id), epoch);
        for other in self.others() {
            self.peers.tell(other, News::Runs(shard, epoch));
        }
    }

    /// Nobody finds a shard here any more; what was under way is still heard of.
    pub fn end_shard(&mut self, serial: u64) {
        let Some(shard) = self.shards.get_mut(&serial) else {
            return;
        };
        shard.lease.lose(shard.lease.epoch());
        shard.is_ending = true;
        let region = shard.plan.region.clone();
        let state = shard.state.take();
        for body in state.iter().flat_map(|state| state.bodies()) {
            self.note_absent(&body.profile.handle, &region);
        }
        self.flush(serial);
    }

    fn part(&mut self, turn: &Turn) {
        for (shard, to) in turn.partings(self.id, self.leases.how()) {
            if let Some(serial) = self.serial_of(shard) {
                parting::begin(self, serial, to);
            }
        }
        if self.leases.claiming() != Claiming::Shared {
            return;
        }
        if let Some((shard, to)) = turn.gift(self.id) {
            let now = self.now();
            let wished = self.with_store(|store| store.wish_shard(shard, to, crate::node::TTL_MS, now));
            if wished.is_ok() {
                self.look();
            }
        }
    }
}
