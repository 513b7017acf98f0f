//! Once a command: numbers, repeats, quarantined commands.

use super::*;
use crate::config::Retention;

#[test]
fn duplicates_inside_one_batch_are_done_once() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let batch = vec![
            stage.pay("alice", "bob", 10, "x"),
            stage.pay("alice", "bob", 10, "x"),
            stage.pay("alice", "bob", 11, "x"),
            say(&stage, "alice", "y", "hi"),
            say(&stage, "alice", "y", "hi"),
            stage.pay("bob", "alice", 999_999, "z"),
            stage.pay("bob", "alice", 999_999, "z"),
        ];
        let outcomes = stage.commit(batch);
        assert_eq!(
            replay_of(&outcomes[1]).outcome.as_ref().unwrap(),
            result_of(&outcomes[0])
        );
        assert_eq!(code_of(&outcomes[2]), Code::CommandMismatch);
        assert_eq!(replay_of(&outcomes[4]).seq, seq_of(&outcomes[3]));
        assert_eq!(code_of(&outcomes[5]), Code::InsufficientFunds);
        assert_eq!(
            replay_of(&outcomes[6]).outcome.as_ref().unwrap_err().code,
            Code::InsufficientFunds
        );
        assert_eq!((stage.balance("bob"), stage.last_seq()), (100_010, 2));
        assert_eq!(stage.store.chat_history(Some("plaza"), &[], 10).unwrap().len(), 1);
        stage.assert_sound();
    });
}

#[test]
fn numbers_are_dense_over_many_batches_with_refusals_and_repeats() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let mut numbers = Vec::new();
        for round in 0..12 {
            let batch = vec![
                stage.pay("alice", "bob", 1, &format!("{round}")),
                stage.pay("alice", "bob", 900_000, &format!("big {round}")),
                say(&stage, "bob", &format!("say {}", round / 2), "hello"),
                whisper(&stage, "bob", "nobody", &format!("whisper {round}")),
            ];
            let outcomes = stage.commit(batch);
            numbers.extend(
                outcomes
                    .iter()
                    .filter(|o| matches!(o, Outcome::Committed { .. }))
                    .map(seq_of),
            );
        }
        assert_eq!(numbers, (1..=18).collect::<Vec<i64>>());
        let events = stage.store.events_of_shard(stage.lease.shard, 0, 100).unwrap();
        let stored: Vec<i64> = events
            .iter()
            .map(|event| event["seq"].as_i64().unwrap())
            .collect();
        assert_eq!(stored, numbers);
        stage.assert_sound();
    });
}

#[test]
fn a_batch_of_refusals_takes_no_numbers_and_time_never_falls() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let first = say(&stage, "alice", "1", "a");
        stage.commit(vec![first]);
        stage.now = Timestamp(stage.now.0 - 60_000);
        let (refused, second) = (
            stage.pay("alice", "nobody", 1, "2"),
            say(&stage, "alice", "3", "b"),
        );
        let outcomes = stage.commit(vec![refused]);
        assert_eq!(
            (code_of(&outcomes[0]), stage.last_seq()),
            (Code::TargetNotFound, 1)
        );
        stage.commit(vec![second]);
        let events = stage.store.events_of_shard(stage.lease.shard, 0, 10).unwrap();
        assert_eq!(events[0]["created_at"], events[1]["created_at"]);
        stage.assert_sound();
    });
}

#[test]
fn a_quarantined_command_is_poison_for_ever_and_an_outcome_stays() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice"]);
        let (bad, good) = (
            say(&stage, "alice", "bad", "a"),
            say(&stage, "alice", "good", "b"),
        );
        let alice = stage.agent("alice").id;
        let now = stage.now;
        stage.commit(vec![good.clone()]);
        for commit in [&bad, &good] {
            stage
                .store
                .quarantine_command(alice, commit.command.as_ref().unwrap(), now)
                .unwrap();
        }
        let outcomes = stage.commit(vec![bad, good]);
        assert_eq!(
            replay_of(&outcomes[0]).outcome.as_ref().unwrap_err().code,
            Code::Poison
        );
        assert!(replay_of(&outcomes[1]).outcome.is_ok());
        stage.assert_sound();
    });
}

#[test]
fn quarantined_commands_are_listed_newest_first_and_outlive_retention() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice"]);
        let good = say(&stage, "alice", "good", "hello");
        stage.commit(vec![good]);
        let (alice, now) = (stage.agent("alice").id, stage.now);
        let keys = ["first", "second", "third"].map(|id| say(&stage, "alice", id, id).command.unwrap());
        for (at, key) in (0..).zip(&keys) {
            stage
                .store
                .quarantine_command(alice, key, now.plus_ms(at))
                .unwrap();
        }
        let kept = Retention {
            events_days: 400,
            ..Retention::default()
        };
        stage.store.retain(now.plus_ms(90 * 86_400_000), &kept).unwrap();
        let listed = stage.store.poisoned_commands(2).unwrap();
        let expected = [&keys[2], &keys[1]].map(|key| Poison {
            agent: alice,
            command_id: key.id.clone(),
            body_hash: key.body_hash,
        });
        assert_eq!(listed, expected);
        assert_eq!(stage.store.poisoned_commands(10).unwrap().len(), 3);
    });
}

#[test]
fn commits_of_the_servers_own_need_no_command() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice"]);
        let mut commit = say(&stage, "alice", "-", "hello");
        commit.command = None;
        let mut other = commit.clone();
        other.event_id = EventId(fresh_id());
        let outcomes = stage.commit(vec![commit, other]);
        assert_eq!((seq_of(&outcomes[0]), seq_of(&outcomes[1])), (1, 2));
        stage.assert_sound();
    });
}
