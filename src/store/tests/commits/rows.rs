//! What a batch writes beside its events: inboxes, items, places, conversations.

use super::*;

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
        assert_eq!(stage.loaded().conversations.len(), 1);
        talk.phase = Phase::Closed;
        let close = stage.act(
            "alice",
            "2",
            "converse_leave",
            event(),
            vec![Write::Conversation(Box::new(talk))],
        );
        stage.commit(vec![close]);
        assert!(stage.loaded().conversations.is_empty());
    });
}
