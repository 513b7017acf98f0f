//! What is rebuilt, from where, and what cannot be.

use super::*;
use crate::domain::replay::ShardState;
use crate::store::migration;

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
