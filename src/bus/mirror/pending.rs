//! Batches that wait to be written, melted into one a region.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use super::{
    AGENTS_MAX, EVENT_MAX_BYTES, EVENTS_MAX, MirrorBatch, MirrorEvent, MirrorPosition, MirrorSession,
    REGIONS_MAX, WATCHERS_MAX,
};

/// What waits, by region.
#[derive(Default)]
pub(super) struct Waiting(BTreeMap<String, Pending>);

/// What waits for one region.
#[derive(Default)]
pub(super) struct Pending {
    pub tick: i64,
    pub time: Value,
    pub weather: Value,
    pub positions: BTreeMap<String, MirrorPosition>,
    pub sessions: BTreeMap<String, MirrorSession>,
    pub left: BTreeSet<String>,
    pub ended: BTreeSet<String>,
    pub rates: BTreeMap<(String, String), u64>,
    pub events: VecDeque<MirrorEvent>,
}

impl Waiting {
    /// Melts a batch into its region's; how much was left out.
    pub fn add(&mut self, batch: MirrorBatch) -> usize {
        if self.0.len() >= REGIONS_MAX && !self.0.contains_key(&batch.region) {
            return batch.events.len().saturating_add(1);
        }
        self.0.entry(batch.region.clone()).or_default().add(batch)
    }

    pub fn regions(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    pub fn take(&mut self, region: &str) -> Option<Pending> {
        self.0.remove(region)
    }
}

impl Pending {
    fn add(&mut self, batch: MirrorBatch) -> usize {
        self.tick = self.tick.max(batch.tick);
        if !batch.time.is_null() {
            self.time = batch.time;
        }
        if !batch.weather.is_null() {
            self.weather = batch.weather;
        }
        let mut left_out = 0;
        for agent_id in batch.left {
            self.positions.remove(&agent_id);
            left_out += put_into(&mut self.left, agent_id);
        }
        for position in batch.positions {
            self.left.remove(&position.agent_id);
            left_out += put(&mut self.positions, position.agent_id.clone(), position);
        }
        for agent_id in batch.ended {
            self.sessions.remove(&agent_id);
            left_out += put_into(&mut self.ended, agent_id);
        }
        for session in batch.sessions {
            self.ended.remove(&session.agent_id);
            left_out += put(&mut self.sessions, session.agent_id.clone(), session);
        }
        for rate in batch.rates {
            left_out += put(&mut self.rates, (rate.agent_id, rate.action), rate.count);
        }
        for event in batch.events {
            left_out += self.add_event(event);
        }
        left_out
    }

    fn add_event(&mut self, mut event: MirrorEvent) -> usize {
        if event.payload.len() > EVENT_MAX_BYTES {
            return 1;
        }
        event.watchers.truncate(WATCHERS_MAX);
        self.events.push_back(event);
        if self.events.len() > EVENTS_MAX {
            self.events.pop_front();
            return 1;
        }
        0
    }
}

/// Puts a value into a bounded map; how many did not fit.
fn put<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: V) -> usize {
    if map.len() >= AGENTS_MAX && !map.contains_key(&key) {
        return 1;
    }
    map.insert(key, value);
    0
}

fn put_into(set: &mut BTreeSet<String>, agent_id: String) -> usize {
    if set.len() >= AGENTS_MAX && !set.contains(&agent_id) {
        return 1;
    }
    set.insert(agent_id);
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(agent_id: &str, x: f64) -> MirrorPosition {
        MirrorPosition {
            agent_id: agent_id.to_owned(),
            x,
            y: 0.0,
            z: 0.0,
            activity_ms: 1,
        }
    }

    fn batch() -> MirrorBatch {
        MirrorBatch {
            region: "main".to_owned(),
            ..MirrorBatch::default()
        }
    }

    #[test]
    fn latest_position_wins_and_events_add_up_to_the_limit() {
        let mut waiting = Waiting::default();
        let mut left_out = 0;
        for number in 0..EVENTS_MAX + 5 {
            let payload = number.to_string();
            let event = MirrorEvent {
                payload,
                watchers: Vec::new(),
            };
            let positions = vec![at("alice", 1.0), at("bob", 2.0)];
            left_out += waiting.add(MirrorBatch {
                positions,
                events: vec![event],
                ..batch()
            });
        }
        left_out += waiting.add(MirrorBatch {
            positions: vec![at("alice", 9.0)],
            ..batch()
        });
        let pending = waiting.take("main").unwrap();
        assert_eq!(pending.positions["alice"].x, 9.0);
        assert_eq!(pending.positions["bob"].x, 2.0);
        assert_eq!((pending.events.len(), left_out), (EVENTS_MAX, 5));
        assert_eq!(pending.events[0].payload, "5");
        assert!(waiting.regions().is_empty());
    }

    #[test]
    fn who_leaves_is_gone_until_seen_again() {
        let mut waiting = Waiting::default();
        waiting.add(MirrorBatch {
            positions: vec![at("alice", 1.0), at("bob", 1.0)],
            ..batch()
        });
        waiting.add(MirrorBatch {
            left: vec!["alice".to_owned(), "bob".to_owned()],
            ..batch()
        });
        waiting.add(MirrorBatch {
            positions: vec![at("bob", 3.0)],
            ..batch()
        });
        let pending = waiting.take("main").unwrap();
        assert_eq!(pending.left, BTreeSet::from(["alice".to_owned()]));
        assert_eq!(pending.positions.keys().collect::<Vec<_>>(), ["bob"]);
    }

    #[test]
    fn regions_are_bounded() {
        let mut waiting = Waiting::default();
        for number in 0..REGIONS_MAX {
            let region = format!("r{number}");
            assert_eq!(waiting.add(MirrorBatch { region, ..batch() }), 0);
        }
        assert_eq!(waiting.add(batch()), 1);
        let region = "r0".to_owned();
        assert_eq!(waiting.add(MirrorBatch { region, ..batch() }), 0);
    }
}
