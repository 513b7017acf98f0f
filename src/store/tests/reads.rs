//! What is read back: events by those who heard them, chat.

use super::*;
use crate::domain::agent::Profile;
use crate::domain::chat::Volume;
use crate::store::event::{HeardQuery, Page};
use std::sync::Arc;

fn profile(stage: &Stage, name: &str) -> Arc<Profile> {
    Arc::new(Profile {
        id: stage.agent(name).id,
        handle: handle(name),
        name: name.to_owned(),
        permissions: Permissions::of_new_agent(),
        avatar_type: "fox".to_owned(),
        is_public: true,
        accepts_prompts: false,
    })
}

fn say(stage: &Stage, who: &str, id: &str, hearers: &[&str], volume: Volume) -> Commit {
    let hearers = hearers.iter().map(|name| profile(stage, name)).collect();
    let event = Event::new(EventKind::Speech, Some(handle(who)), json!({"message": id})).heard_by(hearers);
    let event = if volume == Volume::Whisper {
        event
    } else {
        event.public()
    };
    stage.act(
        who,
        id,
        "say",
        event,
        vec![Write::Chat {
            recipient: None,
            message: id.to_owned(),
            volume,
        }],
    )
}

fn seqs(events: &[Value]) -> Vec<i64> {
    events
        .iter()
        .map(|event| event["seq"].as_i64().unwrap())
        .collect()
}

/// The latest hundred of everything.
const ALL: HeardQuery<'static> = HeardQuery {
    shards: &[],
    kinds: &[],
    cursor: None,
    since: None,
    limit: 100,
};

fn heard(stage: &mut Stage, who: &str, query: &HeardQuery<'_>) -> Page {
    stage.store.heard(&handle(who), query).unwrap().unwrap()
}

#[test]
fn an_agent_hears_what_it_did_heard_or_was_told_and_nothing_else() {
    on_both(|target| {
        // An underscore is a wildcard in LIKE, so `a_b` must not hear what `axb` hears.
        let mut stage = Stage::new(target, &["a_b", "axb", "carol"]);
        let batch = vec![
            say(&stage, "carol", "1", &["axb"], Volume::Normal),
            say(&stage, "carol", "2", &["axb", "a_b"], Volume::Normal),
            say(&stage, "a_b", "3", &[], Volume::Normal),
            stage.pay("carol", "a_b", 5, "4"),
            stage.pay("carol", "axb", 5, "5"),
        ];
        stage.commit(batch);
        let page = heard(&mut stage, "a_b", &ALL);
        assert_eq!(seqs(&page.events), [2, 3, 4]);
        assert_eq!(
            (&page.events[0]["region"], &page.events[0]["tick"]),
            (&json!("plaza"), &json!(10))
        );
        let page = heard(&mut stage, "a_b", &HeardQuery { limit: 2, ..ALL });
        assert_eq!(seqs(&page.events), [3, 4]);
        let kinds = &["payment".to_owned()];
        let page = heard(&mut stage, "a_b", &HeardQuery { kinds, ..ALL });
        assert_eq!(seqs(&page.events), [4]);
        let cursor = Some("nonsense");
        let store = &mut stage.store;
        assert_eq!(
            store
                .heard(&handle("a_b"), &HeardQuery { cursor, ..ALL })
                .unwrap(),
            None
        );
        assert_eq!(seqs(&store.world_events(2, None, &[]).unwrap()), [2, 3]);
        assert!(
            store
                .world_events(2, None, &["plaza".to_owned()])
                .unwrap()
                .is_empty()
        );
    });
}

#[test]
fn a_cursor_goes_through_all_shards_without_gaps_or_repeats() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let now = stage.now;
        let other = stage.claim_another();
        let leases = [stage.lease, other];
        let start = heard(&mut stage, "bob", &ALL);
        assert!(start.events.is_empty());
        for round in 0..12_i64 {
            let lease = leases[usize::from(round % 3 == 0)];
            let mut commit = say(&stage, "alice", &format!("{round}"), &["bob"], Volume::Normal);
            commit.tick = Tick(round);
            let mut noise = say(&stage, "alice", &format!("noise {round}"), &[], Volume::Normal);
            noise.tick = Tick(round);
            stage
                .store
                .commit(&Batch {
                    lease,
                    lease_ttl_ms: 0,
                    now,
                    commits: vec![noise, commit],
                })
                .unwrap();
        }
        let (mut cursor, mut ticks) = (start.cursor, Vec::new());
        for _ in 0..8 {
            let query = HeardQuery {
                cursor: Some(&cursor),
                limit: 2,
                ..ALL
            };
            let page = heard(&mut stage, "bob", &query);
            ticks.extend(page.events.iter().map(|event| event["tick"].as_i64().unwrap()));
            cursor = page.cursor;
        }
        assert_eq!(ticks, (0..12).collect::<Vec<i64>>());
        let mut count = |query| heard(&mut stage, "bob", &query).events.len();
        let since = |since| HeardQuery {
            since: Some(since),
            ..ALL
        };
        assert_eq!(count(since(now)), 12);
        assert_eq!(count(since(now.plus_ms(1))), 0);
        let shards = &[other.shard];
        assert_eq!(count(HeardQuery { shards, ..ALL }), 4);
    });
}

#[test]
fn chat_history_is_public_and_whispers_are_for_the_two() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob", "carol"]);
        let event = Event::new(EventKind::Whisper, Some(handle("alice")), json!({})).about(handle("bob"));
        let write = Write::Chat {
            recipient: Some(handle("bob")),
            message: "secret".to_owned(),
            volume: Volume::Normal,
        };
        let whisper = stage.act("alice", "w", "whisper", event, vec![write]);
        let batch = vec![
            say(&stage, "alice", "one", &[], Volume::Normal),
            whisper,
            say(&stage, "bob", "hush", &[], Volume::Whisper),
            say(&stage, "bob", "two", &[], Volume::Shout),
        ];
        stage.commit(batch);
        let texts = |chat: Vec<crate::store::chat::ChatMessage>| {
            chat.into_iter().map(|line| line.message).collect::<Vec<_>>()
        };
        assert_eq!(
            texts(stage.store.chat_history(Some("plaza"), &[], 10).unwrap()),
            ["one", "two"]
        );
        assert_eq!(texts(stage.store.chat_history(None, &[], 1).unwrap()), ["two"]);
        assert_eq!(
            texts(stage.store.chat_history(None, &["market".to_owned()], 1).unwrap()),
            ["two"]
        );
        assert!(
            stage
                .store
                .chat_history(None, &["plaza".to_owned()], 1)
                .unwrap()
                .is_empty()
        );
        assert!(
            stage
                .store
                .chat_history(Some("market"), &[], 10)
                .unwrap()
                .is_empty()
        );
        for (name, expected) in [("alice", 1), ("bob", 1), ("carol", 0)] {
            let id = stage.agent(name).id;
            assert_eq!(stage.store.chat_with(id, 10).unwrap().len(), expected, "{name}");
        }
    });
}
