//! Group commit: the fence, numbers, repeats, inboxes, places, items.

use super::*;
use crate::domain::chat::Volume;

fn say(stage: &Stage, who: &str, id: &str, text: &str) -> Commit {
    let event = Event::new(EventKind::Speech, Some(handle(who)), json!({"message": text})).public();
    stage.act(
        who,
        id,
        "say",
        event,
        vec![Write::Chat {
            recipient: None,
            message: text.to_owned(),
            volume: Volume::Normal,
        }],
    )
}

fn whisper(stage: &Stage, who: &str, to: &str, id: &str) -> Commit {
    let event = Event::new(EventKind::Whisper, Some(handle(who)), json!({"message": "psst"}))
        .about(handle(to))
        .to_inbox(handle(to));
    let write = Write::Chat {
        recipient: Some(handle(to)),
        message: "psst".to_owned(),
        volume: Volume::Normal,
    };
    stage.act(who, id, "whisper", event, vec![write])
}

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
fn a_fenced_batch_writes_nothing() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let old = stage.batch(vec![stage.pay("alice", "bob", 10, "x")]);
        let thief = NodeId(fresh_id());
        let claims = stage.store.claim_shards(thief, 600_000, true, stage.now).unwrap();
        assert_eq!(claims[0].lease.epoch, stage.lease.epoch + 1);
        assert!(
            matches!(stage.store.commit(&old), Err(CommitError::Fenced(shard)) if shard == stage.lease.shard)
        );
        assert_eq!((stage.balance("bob"), stage.last_seq()), (100_000, 0));
        let checkpoint = Checkpoint {
            tick: Tick(1),
            body: vec![1],
        };
        assert!(
            !stage
                .store
                .save_checkpoint(stage.lease, &checkpoint, stage.now)
                .unwrap()
        );
        stage.lease = claims[0].lease;
        assert!(
            stage
                .store
                .save_checkpoint(stage.lease, &checkpoint, stage.now)
                .unwrap()
        );
        let pay = stage.pay("alice", "bob", 10, "x");
        assert_eq!(seq_of(&stage.commit(vec![pay])[0]), 1);
        assert_eq!(
            stage
                .store
                .load_shard(stage.lease.shard)
                .unwrap()
                .unwrap()
                .checkpoint,
            Some(checkpoint)
        );
        stage.assert_sound();
    });
}

#[test]
fn a_batch_after_the_lease_ran_out_is_fenced() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        tamper(target, "UPDATE shard SET lease_until = 1");
        let batch = stage.batch(vec![stage.pay("alice", "bob", 10, "x")]);
        assert!(matches!(stage.store.commit(&batch), Err(CommitError::Fenced(_))));
        assert_eq!(stage.balance("bob"), 100_000);
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
fn inbox_offsets_are_dense_and_entries_tell_the_event() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        for round in 0..5 {
            let batch = vec![
                whisper(&stage, "alice", "bob", &format!("w{round}")),
                stage.pay("alice", "bob", 3, &format!("p{round}")),
                stage.pay("alice", "bob", 900_000, &format!("n{round}")),
            ];
            let outcomes = stage.commit(batch);
            let Outcome::Committed { inbox, .. } = &outcomes[1] else {
                panic!("not committed")
            };
            assert_eq!(
                inbox,
                &[InboxPosition {
                    owner: handle("bob"),
                    agent: stage.agent("bob").id,
                    offset: round * 2 + 2
                }]
            );
        }
        let bob = stage.agent("bob").id;
        let entries = stage.store.inbox(bob, 0, 100).unwrap();
        assert_eq!(
            entries.iter().map(|entry| entry.offset).collect::<Vec<_>>(),
            (1..=10).collect::<Vec<i64>>()
        );
        let head = stage.store.inbox_head(bob).unwrap().unwrap();
        assert_eq!((head.epoch.as_str(), head.top, head.floor), ("epoch-bob", 10, 0));
        let event =
            Event::new(EventKind::Payment, Some(handle("alice")), json!({"amount": 3})).about(handle("bob"));
        assert_eq!(
            entries[1].payload,
            event.to_wire(Some((stage.lease.shard.0, entries[1].seq)))
        );
        assert_eq!(stage.store.inbox(bob, 8, 1).unwrap()[0].offset, 9);
        stage.assert_sound();
    });
}

#[test]
fn items_are_given_by_kind_and_by_id_and_only_when_held() {
    on_both(|target| {
        use crate::domain::object::ItemKind;
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let (alice, bob) = (stage.agent("alice").id, stage.agent("bob").id);
        let event = || Event::new(EventKind::ItemGive, None, json!({}));
        let give = |stage: &Stage, id: &str, item: &str, quantity| {
            stage.act(
                "alice",
                id,
                "give_item",
                event(),
                vec![Write::GiveItem {
                    item: item.to_owned(),
                    to: bob,
                    quantity,
                }],
            )
        };
        let grant = stage.act(
            "alice",
            "g",
            "use_object",
            event(),
            vec![Write::GrantItem {
                item: ItemKind::Apple,
                quantity: 5,
            }],
        );
        let batch = vec![
            grant,
            give(&stage, "1", "apple", 2),
            give(&stage, "2", "apple", 4),
            give(&stage, "3", "book", 1),
        ];
        let outcomes = stage.commit(batch);
        assert_eq!(
            (code_of(&outcomes[2]), code_of(&outcomes[3])),
            (Code::NotOwner, Code::NotOwner)
        );
        let stack = stage.store.inventory(alice).unwrap()[0].item_id.to_string();
        let by_id = give(&stage, "4", &stack, 3);
        stage.commit(vec![by_id]);
        assert_eq!(stage.store.inventory(alice).unwrap(), []);
        let held = stage.store.inventory(bob).unwrap();
        assert_eq!((held.len(), held[0].quantity), (1, 5));
        stage.assert_sound();
    });
}

#[test]
fn an_overtaken_hand_off_is_refused_and_not_remembered() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice"]);
        let shard = stage.lease.shard;
        let relocate = |stage: &Stage, id: &str, hop| {
            let write = Write::Relocate {
                region: "plaza".to_owned(),
                shard,
                at: Vec3::new(1.0, 2.0, 25.0),
                hop,
                is_in_world: true,
                carried: (hop < 2).then(|| format!("of {hop}")),
            };
            let event = Event::new(EventKind::AgentTeleport, Some(handle("alice")), json!({}));
            stage.act("alice", id, "teleport", event, vec![write])
        };
        let batch = vec![
            relocate(&stage, "1", 0),
            relocate(&stage, "2", 0),
            relocate(&stage, "3", 1),
        ];
        let outcomes = stage.commit(batch);
        assert_eq!(
            result_of(&outcomes[0])["location"],
            json!({"x": 1.0, "y": 2.0, "z": 25.0, "region": "plaza"})
        );
        assert_eq!(code_of(&outcomes[1]), Code::Moving);
        assert_eq!(seq_of(&outcomes[2]), 2);
        let load = stage.store.load_shard(shard).unwrap().unwrap();
        assert_eq!(
            (load.agents.len(), load.agents[0].hop, load.agents[0].at),
            (1, 2, Some(Vec3::new(1.0, 2.0, 25.0)))
        );
        assert_eq!(load.carried, [(load.agents[0].id, "of 1".to_owned())]);
        // A temporary refusal may end otherwise next time.
        let again = relocate(&stage, "2", 2);
        let outcomes = stage.commit(vec![again]);
        assert_eq!(seq_of(&outcomes[0]), 3);
        let load = stage.store.load_shard(shard).unwrap().unwrap();
        assert_eq!(load.carried, []);
        stage.assert_sound();
    });
}

#[test]
fn conversations_are_stored_whole_with_their_lines() {
    on_both(|target| {
        use crate::base::id::ConversationId;
        use crate::domain::conversation::{Conversation, Phase};
        let mut stage = Stage::new(target, &["alice"]);
        let mut talk = Conversation {
            id: ConversationId(fresh_id()),
            region: "plaza".to_owned(),
            initiator: handle("alice"),
            topic: None,
            phase: Phase::Open,
            members: Vec::new(),
            floor: None,
            next_speaker: None,
            pause_until: None,
            closing_until: None,
            line_count: 1,
            opened_at: stage.now,
            last_at: stage.now,
            close_reason: None,
        };
        let event = || Event::new(EventKind::ConversationLine, Some(handle("alice")), json!({}));
        let line = Write::ConversationLine {
            conversation: talk.id,
            number: 1,
            addressed_to: vec![handle("bob")],
            text: "hi".to_owned(),
        };
        let speak = stage.act(
            "alice",
            "1",
            "converse_say",
            event(),
            vec![Write::Conversation(Box::new(talk.clone())), line],
        );
        stage.commit(vec![speak]);
        assert_eq!(stage.store.conversation(talk.id).unwrap().as_ref(), Some(&talk));
        let lines = stage.store.lines(talk.id, 0, 10).unwrap();
        assert_eq!(
            (lines.len(), lines[0].text.as_str(), lines[0].addressed_to.clone()),
            (1, "hi", vec![handle("bob")])
        );
        assert_eq!(
            stage
                .store
                .load_shard(stage.lease.shard)
                .unwrap()
                .unwrap()
                .conversations
                .len(),
            1
        );
        talk.phase = Phase::Closed;
        let close = stage.act(
            "alice",
            "2",
            "converse_leave",
            event(),
            vec![Write::Conversation(Box::new(talk))],
        );
        stage.commit(vec![close]);
        assert!(
            stage
                .store
                .load_shard(stage.lease.shard)
                .unwrap()
                .unwrap()
                .conversations
                .is_empty()
        );
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
        stage.store.retain(now.plus_ms(90 * 86_400_000), 400, 48).unwrap();
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

#[test]
fn two_shards_that_pay_the_same_wallets_never_lose_money() {
    let database = postgres();
    migrate(&database.target, NOW).unwrap();
    let target = &database.target;
    let mut stage = Stage::new(target, &["alice", "bob"]);
    let now = stage.now;
    let other = stage.claim_another();
    let leases = [stage.lease, other];
    let batches: Vec<Vec<Batch>> = leases
        .iter()
        .enumerate()
        .map(|(side, lease)| {
            let (from, to) = [("alice", "bob"), ("bob", "alice")][side];
            (0..30)
                .map(|round| {
                    let commits = (0..10)
                        .map(|n| stage.pay(from, to, 7, &format!("{side} {round} {n}")))
                        .collect();
                    Batch {
                        lease: *lease,
                        now,
                        commits,
                    }
                })
                .collect()
        })
        .collect();
    std::thread::scope(|scope| {
        for side in &batches {
            scope.spawn(move || {
                let mut store = Store::open(target).unwrap();
                for batch in side {
                    assert!(
                        store
                            .commit(batch)
                            .unwrap()
                            .iter()
                            .all(|outcome| seq_of(outcome) > 0)
                    );
                }
            });
        }
    });
    assert_eq!((stage.balance("alice"), stage.balance("bob")), (100_000, 100_000));
    stage.assert_sound();
}
