//! Backups of what owners decided about channels, and putting them back.

mod meanwhile;

use super::*;
use crate::domain::agent::RevocationKind;
use crate::store::channel::*;
use crate::store::login::HandleKind;

const SOON: Timestamp = Timestamp(NOW.0 + 86_400_000);
/// Of an app of the tests.
const KEY: [u8; 32] = [7; 32];

fn records(target: &Target) -> Vec<Record> {
    let mut all = Vec::new();
    let mut take = |records| {
        all.extend::<Vec<Record>>(records);
        true
    };
    assert!(Reader::open(target).unwrap().back_up_channels(&mut take).unwrap());
    all
}

fn tally(records: &[Record]) -> Tally {
    let mut tally = Tally::default();
    records.iter().for_each(|record| tally.add(record));
    tally
}

fn restore(store: &mut Store, manner: Manner, records: &[Record], now: Timestamp) -> Restored {
    let mut restoring = Restoring::new(manner, SOON);
    for portion in records.chunks(3) {
        store.restore_channels(&mut restoring, portion, now).unwrap();
    }
    store.sweep_channels(&mut restoring, now).unwrap();
    restoring.restored
}

/// The channels that changed after a version, each once.
fn told(target: &Target, version: i64) -> Vec<String> {
    let changes = Reader::open(target)
        .unwrap()
        .channel_changes_since(version)
        .unwrap();
    let mut channels = changes.channels.unwrap();
    channels.sort_unstable();
    channels.dedup();
    channels
}

fn version(target: &Target) -> i64 {
    let changes = Reader::open(target).unwrap().channel_changes_since(0).unwrap();
    changes.version
}

fn advert(channel: &str, owner: &str, description: &str, now: Timestamp) -> Advert {
    Advert {
        channel: channel.to_owned(),
        owner: owner.to_owned(),
        description: Some(description.to_owned()),
        schema: Some(r#"{"type": "object", "title": "a\nb \u00fc 🦀"}"#.to_owned()),
        updated_at: now,
    }
}

fn app(name: &str, owner: &str, key_hash: [u8; 32]) -> NewApp {
    NewApp {
        name: name.to_owned(),
        owner: owner.to_owned(),
        key_hash,
    }
}

/// A world in which an agent, a user, an app and somebody whom a backend knows decided something.
fn decided(target: &Target) -> Stage {
    let mut stage = Stage::new(target, &["alice", "dora"]);
    let (store, now) = (&mut stage.store, stage.now);
    assert_eq!(store.ensure_user("bob", now).unwrap(), HandleKind::User);
    assert_eq!(store.ensure_user("carol", now).unwrap(), HandleKind::User);
    assert_eq!(
        store.make_app(&app("Bot_1", "bob", KEY), now).unwrap(),
        AppMade::Done
    );
    for (owner, name) in [("alice", "main"), ("bob", "laptop"), ("bob", "main")] {
        let line = format!("ssh-ed25519 AAAA {owner} {name}");
        assert!(store.put_ssh_key(owner, name, &line, now).unwrap());
    }
    for (channel, owner) in [
        ("agent.alice.a", "alice"),
        ("agent.bob.b", "bob"),
        ("agent.zoe.z", "zoe"),
        ("app.Bot_1.news", "app:Bot_1"),
    ] {
        store.lock_channel(channel, owner, now).unwrap();
    }
    for (channel, owner, target) in [
        ("agent.alice.a", "alice", "bob"),
        ("agent.alice.a", "alice", "dora"),
        ("agent.alice.open", "alice", "app:Bot_1"),
        ("agent.bob.b", "bob", "nobody-yet"),
        ("app.Bot_1.news", "app:Bot_1", "carol"),
    ] {
        store.grant_channel(channel, owner, target, now).unwrap();
    }
    store
        .advertise(&advert("agent.alice.a", "alice", "of alice", now))
        .unwrap();
    store
        .advertise(&advert("app.Bot_1.news", "app:Bot_1", "of an app", now))
        .unwrap();
    stage
}

const WIPE: &str = "DELETE FROM channel_grant; DELETE FROM channel_lock; DELETE FROM channel_advert; DELETE FROM app; \
     DELETE FROM ssh_key; DELETE FROM handle WHERE kind <> 'agent';";

#[test]
fn what_owners_decided_comes_back_as_it_was_and_nodes_hear_of_it() {
    on_both(|target| {
        let mut stage = decided(target);
        let before = records(target);
        let all = Tally {
            users: 2,
            apps: 1,
            ssh_keys: 3,
            locks: 4,
            grants: 5,
            adverts: 2,
        };
        assert_eq!(tally(&before), all);
        tamper(target, WIPE);
        // What is left is of nobody: agents are not of the backup, and users and apps are gone.
        assert_eq!(records(target), []);
        let heard = version(target);
        let written = Restored {
            written: all,
            ..Restored::default()
        };
        assert_eq!(
            restore(&mut stage.store, Manner::Merge, &before, stage.now),
            written
        );
        assert_eq!(records(target), before);
        assert_eq!(
            told(target, heard),
            [
                "agent.alice.a",
                "agent.alice.open",
                "agent.bob.b",
                "agent.zoe.z",
                "app.Bot_1.news"
            ]
        );
        let reader = &mut Reader::open(target).unwrap();
        assert_eq!(reader.app_by_key(&KEY).unwrap().unwrap().name, "Bot_1");
        assert_eq!(reader.handle_kind("bot_1").unwrap(), Some(HandleKind::App));
        assert_eq!(reader.handle_kind("carol").unwrap(), Some(HandleKind::User));
        // A second time there is nothing to do, in either manner, and nothing to tell.
        let (heard, count) = (version(target), 17);
        for manner in [Manner::Merge, Manner::Replace] {
            let same = Restored {
                unchanged: count,
                ..Restored::default()
            };
            assert_eq!(
                restore(&mut stage.store, manner, &before, stage.now),
                same,
                "{manner:?}"
            );
        }
        assert_eq!((version(target), records(target)), (heard, before));
    });
}

#[test]
fn a_backup_of_one_database_is_put_into_the_other() {
    let (from, to) = (sqlite(), postgres());
    for (from, to) in [(&from.target, &to.target), (&to.target, &from.target)] {
        migrate(from, NOW).unwrap();
        migrate(to, NOW).unwrap();
        [from, to].into_iter().for_each(|target| tamper(target, WIPE));
        let now = Timestamp(NOW.0 + 5);
        let mut store = Store::open(from).unwrap();
        store.ensure_user("bob", now).unwrap();
        store.make_app(&app("Bot_1", "bob", KEY), now).unwrap();
        store.lock_channel("agent.bob.a-Z", "bob", now).unwrap();
        store.lock_channel("agent.bob.B", "bob", now).unwrap();
        store
            .grant_channel("agent.bob.B", "bob", "app:Bot_1", now)
            .unwrap();
        store
            .advertise(&advert("app.Bot_1.x", "app:Bot_1", "x", now))
            .unwrap();
        let before = records(from);
        let mut store = Store::open(to).unwrap();
        store.lock_channel("agent.zoe.else", "zoe", now).unwrap();
        let restored = restore(&mut store, Manner::Replace, &before, now);
        assert_eq!((restored.written, restored.removed), (tally(&before), 1));
        assert_eq!(records(to), before);
    }
}

#[test]
fn a_merge_leaves_what_is_there_as_it_is() {
    on_both(|target| {
        let mut stage = decided(target);
        let before = records(target);
        let (store, now) = (&mut stage.store, stage.now);
        let later = now.plus_ms(1_000);
        store.unlock_channel("agent.alice.a", later).unwrap();
        store.revoke_channel("agent.alice.a", "bob", later).unwrap();
        store.lock_channel("agent.alice.new", "alice", later).unwrap();
        store
            .advertise(&advert("agent.alice.a", "alice", "said since", later))
            .unwrap();
        assert!(store.rotate_app(("Bot_1", "bob"), &[8; 32], SOON, later).unwrap());
        store
            .put_ssh_key("bob", "main", "ssh-ed25519 BBBB", later)
            .unwrap();
        let heard = version(target);
        let restored = restore(store, Manner::Merge, &before, later);
        let written = Tally {
            locks: 1,
            grants: 1,
            ..Tally::default()
        };
        assert_eq!(
            (restored.written, restored.unchanged, restored.removed),
            (written, 15, 0)
        );
        assert_eq!(told(target, heard), ["agent.alice.a"]);
        let reader = &mut Reader::open(target).unwrap();
        let description = reader.advert("agent.alice.a").unwrap().unwrap().description;
        assert_eq!(description.as_deref(), Some("said since"));
        assert_eq!(reader.app_by_key(&KEY).unwrap(), None);
        assert!(reader.app_by_key(&[8; 32]).unwrap().is_some());
        assert_eq!(reader.ssh_keys("bob").unwrap()[1].public_key, "ssh-ed25519 BBBB");
        assert_eq!(
            reader.locked_channels("alice").unwrap(),
            ["agent.alice.a", "agent.alice.new"]
        );
    });
}

#[test]
fn a_replacement_undoes_what_was_decided_since_and_ends_the_keys_of_apps_that_go() {
    on_both(|target| {
        let mut stage = decided(target);
        let before = records(target);
        let (store, now) = (&mut stage.store, stage.now);
        let later = now.plus_ms(1_000);
        store.lock_channel("agent.alice.new", "alice", later).unwrap();
        store
            .grant_channel("agent.alice.a", "alice", "carol", later)
            .unwrap();
        store.unlock_channel("agent.bob.b", later).unwrap();
        store
            .advertise(&advert("agent.bob.b", "bob", "new", later))
            .unwrap();
        store
            .advertise(&advert("agent.alice.a", "alice", "said since", later))
            .unwrap();
        store.make_app(&app("Later", "bob", [9; 32]), later).unwrap();
        assert!(store.rotate_app(("Bot_1", "bob"), &[8; 32], SOON, later).unwrap());
        store
            .put_ssh_key("bob", "main", "ssh-ed25519 BBBB", later)
            .unwrap();
        store
            .put_ssh_key("carol", "main", "ssh-ed25519 CCCC", later)
            .unwrap();
        store.ensure_user("erin", later).unwrap();
        let heard = version(target);
        let (_, revoked) = store.revocations_since(0).unwrap();
        let restored = restore(store, Manner::Replace, &before, later);
        let written = Tally {
            locks: 1,
            ssh_keys: 1,
            adverts: 1,
            ..Tally::default()
        };
        assert_eq!(
            (restored.written, restored.removed, restored.left_out),
            (written, 5, 0)
        );
        assert_eq!(
            told(target, heard),
            ["agent.alice.a", "agent.alice.new", "agent.bob.b"]
        );
        // A key that was rotated away does not come back, and names stay taken.
        let mut expected = before;
        for record in &mut expected {
            if let Record::App {
                key_hash, rotated_at, ..
            } = record
            {
                (*key_hash, *rotated_at) = ([8; 32], later);
            }
        }
        let erin = Record::Name {
            name: "erin".to_owned(),
            holder: Holder::User { since: later },
        };
        expected.insert(2, erin);
        assert_eq!(records(target), expected);
        let (ended, _) = store.revocations_since(revoked).unwrap();
        let [ended] = ended.as_slice() else {
            panic!("{ended:?}")
        };
        assert_eq!(
            (ended.kind, ended.id.as_str()),
            (RevocationKind::Token, &*"09".repeat(32))
        );
        assert_eq!(store.handle_kind("later").unwrap(), None);
    });
}

#[test]
fn a_backup_is_of_one_moment_whatever_its_length_and_ends_when_it_is_told_to() {
    on_both(|target| {
        let mut stage = decided(target);
        let grants = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1234)
             INSERT INTO channel_grant (channel, target, granted_at) SELECT 'agent.bob.b', 'user-' || i, 1 FROM n";
        tamper(target, grants);
        let before = records(target);
        assert_eq!(tally(&before).grants, 1_239);
        let owners: std::collections::BTreeSet<&str> = before
            .iter()
            .filter_map(|record| match record {
                Record::Grant { owner, .. } => Some(owner.as_str()),
                _ => None,
            })
            .collect();
        // Also of those that an earlier program wrote, without their owner.
        assert_eq!(
            owners.into_iter().collect::<Vec<_>>(),
            ["alice", "app:Bot_1", "bob"]
        );
        let (store, now) = (&mut stage.store, stage.now);
        let (mut read, mut is_first) = (Vec::new(), true);
        let mut take = |records: Vec<Record>| {
            if std::mem::take(&mut is_first) {
                store.lock_channel("agent.bob.later", "bob", now).unwrap();
                store.revoke_channel("agent.bob.b", "user-7", now).unwrap();
            }
            read.extend(records);
            true
        };
        let reader = &mut Reader::open(target).unwrap();
        assert!(reader.back_up_channels(&mut take).unwrap());
        assert!(read == before, "what was decided meanwhile is in it");
        let mut calls = 0;
        let mut enough = |_: Vec<Record>| {
            calls += 1;
            calls < 3
        };
        assert!(!reader.back_up_channels(&mut enough).unwrap());
        assert_eq!(calls, 3);
        assert_eq!(tally(&records(target)).grants, 1_238);
    });
}
