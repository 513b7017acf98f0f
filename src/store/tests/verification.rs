//! `verify` finds what was broken by hand.

use super::*;

fn breaks(invariant: &str, sql: &str) {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let batch = vec![
            stage.pay("alice", "bob", 5, "1"),
            stage.pay("bob", "alice", 6, "2"),
        ];
        stage.commit(batch);
        stage.assert_sound();
        tamper(target, sql);
        let found = stage.store.verify().unwrap();
        assert!(
            found.iter().any(|violation| violation.invariant == invariant),
            "{sql}: {found:?}"
        );
    });
}

#[test]
fn money_out_of_nothing_is_found() {
    breaks("I1", "UPDATE account SET balance = balance + 1 WHERE kind = 2200");
    breaks("I3", "UPDATE account SET balance = balance + 1 WHERE kind = 2200");
}

#[test]
fn a_transfer_between_currencies_is_found() {
    breaks("I2", "UPDATE transfer SET currency = 2 WHERE code = 10");
}

#[test]
fn a_changed_or_lost_transfer_is_found() {
    breaks(
        "I3",
        "UPDATE transfer SET amount = amount + 1 WHERE command_id = '1'",
    );
    breaks(
        "I3",
        "UPDATE transfer SET debit_balance = debit_balance + 1 WHERE command_id = '1'",
    );
    breaks("I3", "DELETE FROM transfer WHERE command_id = '1'");
    breaks(
        "I3",
        "UPDATE transfer SET debit_previous = id WHERE command_id = '2'",
    );
    breaks("I3", "UPDATE account SET last_transfer = NULL WHERE kind = 9000");
}

#[test]
fn a_debt_is_found() {
    breaks(
        "I4",
        "UPDATE account SET allow_negative = (1 = 0) WHERE kind = 9000 AND 1 = 0; UPDATE transfer SET credit_balance = -5 WHERE command_id = '1'",
    );
}

#[test]
fn a_lost_event_is_found() {
    breaks("I6", "DELETE FROM events WHERE seq = 1");
    breaks("I9", "DELETE FROM events WHERE seq = 1");
    breaks("I6", "UPDATE shard SET last_seq = last_seq + 1");
}

#[test]
fn a_stale_writer_is_found() {
    breaks("I7", "UPDATE events SET epoch = 9 WHERE seq = 1");
    breaks("I8", "UPDATE events SET epoch = 9");
}

#[test]
fn an_event_of_two_commands_is_found() {
    breaks("I9", "UPDATE transfer SET seq = 1 WHERE command_id = '2'");
}

#[test]
fn a_lost_inbox_entry_is_found() {
    breaks("inbox", "DELETE FROM inbox");
}

#[test]
fn an_agent_that_is_nowhere_is_found() {
    let enter = "UPDATE agents SET is_in_world = (1 = 1), hop = 1, x = 1, y = 1, z = 1";
    breaks("I10", &format!("{enter}, region = 'plaza', shard_id = 9"));
    breaks("I10", &format!("{enter}, region = 'market', shard_id = 1"));
    breaks(
        "I10",
        &format!("{enter}, region = 'plaza', shard_id = 1, y = NULL").replace("y = 1, ", ""),
    );
    breaks(
        "I10",
        &format!("{enter}, region = 'plaza', shard_id = 1").replace("hop = 1", "hop = 0"),
    );
}

#[test]
fn what_is_quick_to_read_is_checked_alone() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice"]);
        assert_eq!(stage.store.verify_quickly().unwrap(), []);
        tamper(
            target,
            "UPDATE account SET balance = balance + 1 WHERE kind = 2200",
        );
        let found = stage.store.verify_quickly().unwrap();
        assert_eq!(
            found
                .iter()
                .map(|violation| violation.invariant)
                .collect::<Vec<_>>(),
            ["I1"]
        );
    });
}
