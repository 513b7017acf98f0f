//! Replay against the tables, snapshots, and what `verify` finds of both.

use super::*;
use crate::base::id::{ConversationId, ShardId};
use crate::domain::conversation::{Conversation, Phase};
use crate::domain::object::ObjectChange;
use crate::domain::replay::ShardState;
use crate::store::migration;
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
        stage.store.ensure_regions(&[garden], stage.now).unwrap();
        let claims = stage
            .store
            .claim_shards(stage.lease.owner, 600_000, false, stage.now)
            .unwrap();
        let mut leases = vec![stage.lease];
        leases.extend(claims.into_iter().map(|claim| claim.lease));
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

/// Every moment of a shard is rebuilt as the tables were then, from whatever snapshot is nearest.
fn every_moment_comes_back(seed: u64) {
    on_both(|target| {
        let mut field = Field::new(target);
        let mut seen: BTreeMap<(i32, i64), ShardState> = BTreeMap::new();
        let mut at: BTreeMap<(i32, i64), ShardState> = BTreeMap::new();
        for (step, number) in dice(seed).take(60).enumerate() {
            field.step(number);
            for shard in 1..=3 {
                let rebuilt = field.rebuild(shard, Until::Now).unwrap();
                let tables = rebuilt.tables.unwrap();
                assert_eq!(
                    tables.differences(&rebuilt.state, 10),
                    [""; 0],
                    "seed {seed}, step {step}"
                );
                assert_eq!(tables.hash(), rebuilt.state.hash());
                // The last that is seen before the next event counts.
                seen.insert((shard, tables.last_seq), tables.clone());
                at.insert((shard, field.stage.now.0), tables);
                if step % 13 == 5 {
                    field.snapshot(shard, true);
                }
            }
        }
        for ((shard, seq), expected) in seen {
            let rebuilt = field.rebuild(shard, Until::Seq(seq)).unwrap();
            assert_eq!(
                expected.differences(&rebuilt.state, 10),
                [""; 0],
                "seed {seed}, {shard}:{seq}"
            );
            assert!(rebuilt.from_seq <= seq);
        }
        for ((shard, at), expected) in at {
            let rebuilt = field.rebuild(shard, Until::Time(Timestamp(at))).unwrap();
            assert_eq!(
                expected.differences(&rebuilt.state, 10),
                [""; 0],
                "seed {seed}, {shard} at {at}"
            );
        }
        assert!(
            field.rebuild(1, Until::Now).unwrap().from_seq > 0,
            "from a snapshot"
        );
        field.assert_whole();
    });
}

#[test]
fn every_moment_of_one_world_comes_back() {
    every_moment_comes_back(1);
}

#[test]
fn every_moment_of_another_world_comes_back() {
    every_moment_comes_back(20_261_122);
}

#[test]
fn a_snapshot_is_taken_when_it_is_due_by_whom_the_shard_belongs_to() {
    on_both(|target| {
        let mut field = Field::new(target);
        dice(3).take(30).for_each(|number| field.step(number));
        let last = field.rebuild(1, Until::Now).unwrap().state.last_seq;
        assert_eq!(
            field.snapshot(1, false),
            Taken::Kept(last),
            "the first is due at once"
        );
        assert_eq!(
            (field.snapshot(1, false), field.snapshot(1, true)),
            (Taken::NotDue, Taken::NotDue)
        );
        let pay = field.stage.pay("alice", "bob", 1, "more");
        field.commit(1, pay);
        assert_eq!(field.snapshot(1, false), Taken::NotDue);
        assert_eq!(field.snapshot(1, true), Taken::Kept(last + 1));
        let pays = (0..1_000)
            .map(|n| field.stage.pay("alice", "bob", 1, &format!("many {n}")))
            .collect();
        field.stage.commit(pays);
        assert_eq!(field.snapshot(1, false), Taken::Kept(last + 1_001));
        field.stage.now = field.stage.now.plus_ms(3_600_000);
        assert_eq!(
            field.snapshot(1, false),
            Taken::Kept(last + 1_001),
            "once an hour"
        );
        tamper(target, "UPDATE shard SET lease_until = 9000000000000");
        let stale = Lease {
            epoch: field.leases[0].epoch - 1,
            ..field.leases[0]
        };
        let other = Lease {
            owner: NodeId(fresh_id()),
            ..field.leases[0]
        };
        let later = field.stage.now.plus_ms(3_600_000);
        for lease in [stale, other] {
            assert_eq!(
                field.stage.store.take_snapshot(lease, true, later).unwrap(),
                Taken::NotOurs
            );
        }
        for _ in 0..3 {
            let id = fresh_id().to_string();
            let pay = field.stage.pay("alice", "bob", 1, &id);
            field.commit(1, pay);
            field.snapshot(1, true);
        }
        assert_eq!(
            count(
                target,
                "SELECT count(*) AS n FROM shard_snapshot WHERE shard_id = 1"
            ),
            3
        );
        field.assert_whole();
    });
}

fn count(target: &Target, sql: &str) -> i64 {
    use crate::store::connection::on_conn;
    use diesel::RunQueryDsl;
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    let mut reader = Reader::open(target).unwrap();
    let row: Row = reader
        .read("count", |conn| {
            on_conn!(conn, |c| diesel::sql_query(sql).get_result(c))
        })
        .unwrap();
    row.n
}

#[test]
fn a_snapshot_that_was_changed_is_passed_over_and_told() {
    on_both(|target| {
        let mut field = Field::new(target);
        let mut numbers = dice(4);
        let mut taken = Vec::new();
        for _ in 0..3 {
            (&mut numbers).take(12).for_each(|number| field.step(number));
            let Taken::Kept(seq) = field.snapshot(1, true) else {
                panic!("not due")
            };
            taken.push(seq);
        }
        let expected = field.rebuild(1, Until::Now).unwrap();
        assert_eq!((expected.from_seq, expected.events), (taken[2], 0));
        for (wrong, from) in [(taken[2], taken[1]), (taken[1], taken[0]), (taken[0], 0)] {
            tamper(
                target,
                &format!("UPDATE shard_snapshot SET checksum = body WHERE shard_id = 1 AND seq = {wrong}"),
            );
            let rebuilt = field.rebuild(1, Until::Now).unwrap();
            assert_eq!((rebuilt.from_seq, &rebuilt.state), (from, &expected.state));
            assert!(rebuilt.corrupt.contains(&wrong));
            let Checked::Told(told) = field.stage.store.verify_shard(ShardId(1), i64::MAX).unwrap() else {
                panic!("not checked")
            };
            assert!(
                told.iter().any(|violation| violation.detail.contains("checksum")),
                "{told:?}"
            );
        }
        // Without the beginning there is nothing left to start from.
        tamper(
            target,
            "DELETE FROM events WHERE shard_id = 1 AND seq = 1; UPDATE shard SET floor_seq = 1 WHERE id = 1",
        );
        assert_eq!(field.rebuild(1, Until::Now), Err(Unreplayable::NoStart(1)));
    });
}

#[test]
fn what_was_written_by_an_earlier_program_is_replayed_from_the_first_snapshot() {
    for database in [sqlite(), postgres()] {
        let mut field = Field::new(&database.target);
        dice(5).take(40).for_each(|number| field.step(number));
        let before = field.rebuild(1, Until::Now).unwrap().state;
        migration::revert(&database.target, Some("0005")).unwrap();
        migrate(&database.target, field.stage.now).unwrap();
        field.stage.store.reset();
        assert_eq!(
            field.rebuild(1, Until::Now),
            Err(Unreplayable::NoStart(before.last_seq))
        );
        let unchecked = field.stage.store.verify_shard(ShardId(1), i64::MAX).unwrap();
        assert_eq!(unchecked, Checked::Not(Unreplayable::NoStart(before.last_seq)));
        for shard in 1..=3 {
            assert!(matches!(field.snapshot(shard, false), Taken::Kept(_)));
        }
        assert_eq!(field.rebuild(1, Until::Now).unwrap().state, before);
        dice(6).take(40).for_each(|number| field.step(number));
        assert!(field.rebuild(1, Until::Now).unwrap().events > 0);
        field.assert_whole();
    }
}

#[test]
fn a_cut_outside_the_log_is_refused() {
    on_both(|target| {
        let mut field = Field::new(target);
        dice(7).take(20).for_each(|number| field.step(number));
        let last = field.rebuild(1, Until::Now).unwrap().state.last_seq;
        assert_eq!(
            field.rebuild(1, Until::Seq(last + 1)),
            Err(Unreplayable::NotYet(last))
        );
        assert_eq!(
            field.rebuild(9, Until::Now),
            Err(Unreplayable::NoShard(ShardId(9)))
        );
        assert_eq!(
            field.rebuild(1, Until::Seq(0)).unwrap().state,
            ShardState::empty(ShardId(1))
        );
        assert_eq!(
            field.rebuild(1, Until::Time(Timestamp(0))).unwrap().state,
            ShardState::empty(ShardId(1))
        );
        let whole = field.rebuild(1, Until::Seq(last)).unwrap();
        assert_eq!(whole.tables.unwrap().hash(), whole.state.hash());
        let unchecked = field.stage.store.verify_shard(ShardId(1), 3).unwrap();
        assert_eq!(unchecked, Checked::Not(Unreplayable::TooLong(3)));
    });
}

/// What was broken by hand is told as I12.
fn is_told(sql: &str) {
    on_both(|target| {
        let mut field = Field::new(target);
        dice(8).take(90).for_each(|number| field.step(number));
        field.assert_whole();
        tamper(target, sql);
        let told: Vec<String> = (1..=3)
            .flat_map(
                |shard| match field.stage.store.verify_shard(ShardId(shard), i64::MAX).unwrap() {
                    Checked::Told(told) => told,
                    Checked::Not(why) => panic!("{why}"),
                },
            )
            .map(|violation| violation.detail)
            .collect();
        assert!(!told.is_empty(), "{sql}");
    });
}

#[test]
fn tables_that_the_log_does_not_tell_of_are_found() {
    is_told("UPDATE object SET state = '{}' WHERE region = 'garden'");
    is_told("UPDATE object SET version = version + 1 WHERE region = 'plaza'");
    is_told("UPDATE agents SET x = x + 1 WHERE is_in_world");
    is_told("UPDATE agents SET hop = hop + 1 WHERE is_in_world");
    is_told("UPDATE agents SET is_in_world = NOT is_in_world");
    is_told("UPDATE agents SET shard_id = 1 + shard_id % 3 WHERE is_in_world");
    is_told("UPDATE conversation SET phase = 'closed'");
    is_told("UPDATE shard SET last_at = last_at + 1");
}

#[test]
fn a_log_that_was_changed_is_found() {
    is_told("UPDATE events SET deltas = NULL WHERE deltas IS NOT NULL");
    is_told("DELETE FROM events WHERE shard_id = 2 AND seq = 2");
    is_told("UPDATE events SET epoch = 9 WHERE shard_id = 2 AND seq = 2");
    is_told("UPDATE events SET deltas = '[{\"nonsense\": 1}]' WHERE shard_id = 1 AND seq = 1");
    is_told("UPDATE shard SET last_seq = last_seq + 1 WHERE id = 3");
}
