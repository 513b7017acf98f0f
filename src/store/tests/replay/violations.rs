//! What does not fit together is told.

use super::*;

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
