//! What goes wrong with nodes, and how everything is put right in the end.

use crate::node::TTL_MS;
use crate::world::{Event, World};
use rookery::base::id::ShardId;
use rookery::base::time::Timestamp;
use rookery::store::lease::NodeState;

impl World {
    /// Something goes wrong with a node.
    pub fn trouble(&mut self) {
        if self.is_healed {
            return;
        }
        let after_ms = 200 + self.dice.below(self.profile.trouble_every_ms);
        self.arrange(after_ms, Event::Trouble);
        let keys = self.keys();
        if keys.is_empty() {
            return;
        }
        let key = keys[self.dice.index(keys.len())];
        let ttl_ms = u64::try_from(TTL_MS).expect("it is positive");
        match self.dice.below(100) {
            0..25 => self.crashed(key),
            25..45 => {
                // As long as a hiccup, or longer than a lease.
                let for_ms = 100 + self.dice.below(ttl_ms * 2);
                self.tally.pauses += 1;
                self.note(|| format!("node {key} is paused for {for_ms}"));
                let until_ms = self.now_ms + for_ms;
                let node = self.nodes.get_mut(&key).expect("it is there");
                node.paused_until = node.paused_until.max(until_ms);
            }
            45..60 => {
                let for_ms = 100 + self.dice.below(ttl_ms * 2);
                self.tally.partitions += 1;
                self.note(|| format!("node {key} hears nothing from the database for {for_ms}"));
                let until_ms = self.now_ms + for_ms;
                let node = self.nodes.get_mut(&key).expect("it is there");
                node.partitioned_until = node.partitioned_until.max(until_ms);
            }
            60..70 => {
                let by_ms = i64::try_from(self.dice.below(7_200_000)).expect("it is small") - 3_600_000;
                self.tally.jumps += 1;
                self.note(|| format!("the clock of node {key} is set by {by_ms}"));
                self.nodes[&key].clock.set_by(by_ms);
            }
            70..80 => {
                self.tally.drains += 1;
                self.note(|| format!("node {key} is drained"));
                let id = self.nodes[&key].id;
                let set = self.spare.set_node_state(id, NodeState::Draining);
                set.expect("nothing befalls it");
                // It is stopped when it has given everything away, or not.
                let patience_ms = 2_000 + self.dice.below(8_000);
                self.arrange(patience_ms, Event::Stop(key));
            }
            _ => {
                let shard = ShardId(1 + i32::try_from(self.dice.below(4)).expect("there are four"));
                self.tally.wishes += 1;
                self.note(|| format!("{shard:?} is wished for node {key}"));
                let now = Timestamp(self.faults.with(|weather| weather.now_ms));
                let wished = self.spare.wish_shard(shard, self.nodes[&key].id, TTL_MS, now);
                wished.expect("nothing befalls it");
            }
        }
    }

    /// A node that was drained stops: it gives back what it still has.
    pub fn stop(&mut self, key: usize) {
        let Some(mut node) = self.nodes.remove(&key) else {
            return;
        };
        node.wind(self.now_ms);
        node.leases.leave();
        // What cannot be given back runs out.
        drop(node.with_keeping(rookery::actors::lease::Keeping::give_back));
        drop(node);
        self.crashed(key);
    }

    /// Nothing goes wrong any more.
    pub fn heal(&mut self) {
        self.is_healed = true;
        self.note(|| "all is healed".to_owned());
        for node in self.nodes.values_mut() {
            node.is_healed = true;
            node.paused_until = node.paused_until.min(self.now_ms);
            node.partitioned_until = 0;
        }
        if self.nodes.is_empty() {
            self.arrange(0, Event::Start);
        }
    }
}
