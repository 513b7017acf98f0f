//! Replay against the tables, snapshots, and what `verify` finds of both.

mod moments;
mod snapshots;
mod violations;

use super::*;
use crate::base::id::{ConversationId, ShardId};
use crate::domain::conversation::{Conversation, Phase};
use crate::domain::object::ObjectChange;
use crate::store::replay::{Checked, Rebuilt, Taken, Unreplayable, Until};
use std::collections::BTreeMap;

/// Shard 1 is all of the plaza, 2 and 3 are halves of the garden.
struct Field {
    stage: Stage,
    leases: Vec<Lease>,
    hops: BTreeMap<&'static str, i64>,
    talks: BTreeMap<i32, Conversation>,
    count: i64,
}

const NAMES: [&str; 3] = ["alice", "bob", "carol"];

impl Field {
    fn new(target: &Target) -> Self {
        let mut stage = Stage::new(target, &NAMES);
        let mut garden = plan("garden");
        garden.shards = 2;
        let mut leases = vec![stage.lease];
        leases.extend(stage.open(&garden, stage.lease.owner));
        assert_eq!(
            leases.iter().map(|lease| lease.shard.0).collect::<Vec<_>>(),
            [1, 2, 3]
        );
        Self {
            stage,
            leases,
            hops: BTreeMap::new(),
            talks: BTreeMap::new(),
            count: 0,
        }
    }

    fn region(shard: i32) -> &'static str {
        if shard == 1 { "plaza" } else { "garden" }
    }

    /// One of many things happens in a shard, a millisecond after the one before.
    fn step(&mut self, dice: u64) {
        let (shard, who) = (
            1 + i32::try_from(dice % 3).unwrap(),
            NAMES[usize::try_from(dice / 3 % 3).unwrap()],
        );
        self.count += 1;
        self.stage.now = self.stage.now.plus_ms(1);
        let id = self.count.to_string();
        let happened = |kind| Event::new(kind, Some(handle(who)), json!({}));
        let commit = match dice / 9 % 5 {
            0 => self
                .stage
                .pay(who, NAMES[usize::try_from((dice / 3 + 1) % 3).unwrap()], 1, &id),
            1 => {
                let write = Write::UseObject {
                    object_id: format!("{}-board", Self::region(shard)),
                    change: ObjectChange::Post {
                        author: who.to_owned(),
                        text: format!("note {id}, \"quoted\" and ünïcode"),
                        at_ms: self.stage.now.0,
                    },
                };
                self.stage.act(
                    who,
                    &id,
                    "use_object",
                    happened(EventKind::ObjectUse),
                    vec![write],
                )
            }
            2 => {
                let write = self.talk(shard, (dice / 45).is_multiple_of(3));
                self.stage.act(
                    who,
                    &id,
                    "line",
                    happened(EventKind::ConversationLine),
                    vec![write],
                )
            }
            _ => {
                let hop = self.hops.entry(who).or_default();
                let write = Write::Relocate {
                    region: Self::region(shard).to_owned(),
                    shard: ShardId(shard),
                    at: Vec3::new(0.1 * f64::from(u32::try_from(dice % 977).unwrap()), 7.77, 25.0),
                    hop: *hop,
                    is_in_world: !(dice / 45).is_multiple_of(4),
                    carried: (dice / 45)
                        .is_multiple_of(2)
                        .then(|| format!("{{\"hop\":{hop}}}")),
                };
                *hop += 1;
                self.stage.act(
                    who,
                    &id,
                    "teleport",
                    happened(EventKind::AgentTeleport),
                    vec![write],
                )
            }
        };
        self.commit(shard, commit);
    }

    fn talk(&mut self, shard: i32, ends: bool) -> Write {
        let now = self.stage.now;
        let mut talk = self.talks.remove(&shard).unwrap_or_else(|| Conversation {
            id: ConversationId(fresh_id()),
            region: Self::region(shard).to_owned(),
            initiator: handle("alice"),
            topic: Some("weather".to_owned()),
            phase: Phase::Open,
            members: Vec::new(),
            floor: None,
            next_speaker: None,
            pause_until: None,
            closing_until: None,
            line_count: 0,
            opened_at: now,
            last_at: now,
            close_reason: None,
        });
        (talk.line_count, talk.last_at) = (talk.line_count + 1, now);
        if ends {
            talk.phase = Phase::Closed;
        } else {
            self.talks.insert(shard, talk.clone());
        }
        Write::Conversation(Box::new(talk))
    }

    fn commit(&mut self, shard: i32, commit: Commit) {
        let lease = self.leases[usize::try_from(shard - 1).unwrap()];
        let batch = Batch {
            lease,
            ..self.stage.batch(vec![commit])
        };
        let outcomes = self.stage.store.commit(&batch).unwrap();
        assert!(seq_of(&outcomes[0]) > 0);
    }

    fn rebuild(&mut self, shard: i32, until: Until) -> Result<Rebuilt, Unreplayable> {
        self.stage.store.rebuild(ShardId(shard), until).unwrap()
    }

    fn snapshot(&mut self, shard: i32, is_last: bool) -> Taken {
        let lease = self.leases[usize::try_from(shard - 1).unwrap()];
        self.stage
            .store
            .take_snapshot(lease, is_last, self.stage.now)
            .unwrap()
    }

    fn assert_whole(&mut self) {
        for shard in 1..=3 {
            let checked = self.stage.store.verify_shard(ShardId(shard), i64::MAX).unwrap();
            assert_eq!(checked, Checked::Told(Vec::new()));
        }
        self.stage.assert_sound();
    }
}

/// Numbers that look like chance.
fn dice(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::from_fn(move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        Some(state >> 33)
    })
}
