//! Locks, grants, adverts and apps, and how nodes hear what changed of them.

use super::*;
use crate::base::limit::{
    ADVERTS_LIST_MAX_BYTES, APPS_PER_OWNER_MAX, CHANNEL_ADVERTS_MAX, CHANNEL_CHANGES_MAX, CHANNEL_GRANTS_MAX,
};
use crate::domain::agent::RevocationKind;
use crate::domain::channel::Rule;
use crate::store::channel::*;

fn rule_of(reader: &mut Reader, channel: &str) -> StoredRule {
    let mut rules = reader.channel_rules(&[channel.to_owned()]).unwrap();
    rules.remove(channel).unwrap_or_default()
}

fn rule(is_locked: bool, granted: &[&str]) -> Rule {
    Rule {
        is_locked,
        granted: granted.iter().map(ToString::to_string).collect(),
    }
}

fn advert(channel: &str, description: &str, updated_at: Timestamp) -> Advert {
    let owner = channel.split('.').nth(1).unwrap();
    Advert {
        channel: channel.to_owned(),
        owner: match channel.starts_with("app.") {
            true => format!("app:{owner}"),
            false => owner.to_owned(),
        },
        description: Some(description.to_owned()),
        schema: None,
        updated_at,
    }
}

fn app(name: &str, owner: &str, key: u8) -> NewApp {
    NewApp {
        name: name.to_owned(),
        owner: owner.to_owned(),
        key_hash: [key; 32],
    }
}

#[test]
fn a_lock_and_its_grants_are_kept_apart() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &[]);
        let reader = &mut Reader::open(target).unwrap();
        let (name, other) = ("agent.alice.notes", "agent.alice.other");
        assert_eq!(
            store.grant_channel(name, "alice", "bob", now).unwrap(),
            Changed::Done
        );
        assert_eq!(
            store.grant_channel(name, "alice", "bob", now).unwrap(),
            Changed::Already
        );
        assert_eq!(rule_of(reader, name).rule, rule(false, &["bob"]));
        assert_eq!(store.lock_channel(name, "alice", now).unwrap(), Changed::Done);
        assert_eq!(store.lock_channel(name, "alice", now).unwrap(), Changed::Already);
        store.grant_channel(name, "alice", "app:Bot", now).unwrap();
        assert_eq!(rule_of(reader, name).rule, rule(true, &["bob", "app:Bot"]));
        assert_eq!(rule_of(reader, other).rule, rule(false, &[]));
        store.lock_channel(other, "alice", now).unwrap();
        assert_eq!(reader.locked_channels("alice").unwrap(), [name, other]);
        assert_eq!(reader.locked_channels("bob").unwrap(), [""; 0]);
        assert_eq!(store.unlock_channel(name, now).unwrap(), Changed::Done);
        assert_eq!(store.unlock_channel(name, now).unwrap(), Changed::Already);
        assert_eq!(rule_of(reader, name).rule, rule(false, &["bob", "app:Bot"]));
        assert_eq!(store.revoke_channel(name, "bob", now).unwrap(), Changed::Done);
        assert_eq!(store.revoke_channel(name, "bob", now).unwrap(), Changed::Already);
        assert_eq!(rule_of(reader, name).rule, rule(false, &["app:Bot"]));
    });
}

#[test]
fn an_owner_has_so_many_grants_and_no_more() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &[]);
        let name = "agent.alice.notes";
        let rows = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {CHANNEL_GRANTS_MAX})
             INSERT INTO channel_grant (channel, target, granted_at, owner) SELECT '{name}', 'user-' || i, 1, 'alice' FROM n"
        );
        tamper(target, &rows);
        let reader = &mut Reader::open(target).unwrap();
        let before = reader.channel_changes_since(0).unwrap();
        assert_eq!(
            store.grant_channel(name, "alice", "bob", now).unwrap(),
            Changed::Full
        );
        assert_eq!(
            store.grant_channel(name, "alice", "user-7", now).unwrap(),
            Changed::Already
        );
        assert!(!rule_of(reader, name).rule.granted.contains("bob"));
        let next = "agent.alice.next";
        assert_eq!(
            store.grant_channel(next, "alice", "bob", now).unwrap(),
            Changed::Full
        );
        assert_eq!(reader.channel_changes_since(0).unwrap(), before);
    });
}

#[test]
fn changes_are_told_in_order_each_to_whoever_has_not_heard_of_it() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &[]);
        let reader = &mut Reader::open(target).unwrap();
        let start = reader.channel_changes_since(0).unwrap();
        assert_eq!((start.version, start.channels), (0, Some(Vec::new())));
        // Who knows nothing yet hears that everything may have changed.
        assert_eq!(reader.channel_changes_since(-1).unwrap().channels, None);
        store.lock_channel("agent.alice.a", "alice", now).unwrap();
        store.grant_channel("agent.alice.b", "alice", "bob", now).unwrap();
        store.revoke_channel("agent.alice.b", "bob", now).unwrap();
        store.advertise(&advert("agent.alice.c", "c", now)).unwrap();
        store.remove_advert("agent.alice.c", now).unwrap();
        store.unlock_channel("agent.alice.a", now).unwrap();
        let names = ["a", "b", "b", "c", "c", "a"].map(|topic| format!("agent.alice.{topic}"));
        let since = |reader: &mut Reader, version| reader.channel_changes_since(version).unwrap();
        let all = since(reader, 0);
        assert_eq!((all.version, all.channels.as_deref()), (6, Some(&names[..])));
        assert_eq!(since(reader, 4).channels.as_deref(), Some(&names[4..]));
        assert_eq!(since(reader, 6).channels, Some(Vec::new()));
        let lately = ["a", "c", "b"].map(|topic| format!("agent.alice.{topic}"));
        assert_eq!(reader.channels_changed_lately(10).unwrap(), lately);
        assert_eq!(reader.channels_changed_lately(2).unwrap(), lately[..2]);
        // What changes nothing is no change.
        store.unlock_channel("agent.alice.a", now).unwrap();
        store.revoke_channel("agent.alice.b", "bob", now).unwrap();
        store.remove_advert("agent.alice.c", now).unwrap();
        assert_eq!(since(reader, 6).version, 6);
    });
}

#[test]
fn who_missed_a_change_that_is_forgotten_or_too_many_reads_everything_anew() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &[]);
        let reader = &mut Reader::open(target).unwrap();
        for n in 0..4 {
            store
                .lock_channel(&format!("agent.alice.{n}"), "alice", now.plus_ms(n))
                .unwrap();
        }
        assert_eq!(store.forget_channel_changes(now.plus_ms(2)).unwrap(), 2);
        assert_eq!(reader.channel_changes_since(1).unwrap().channels, None);
        let left = reader.channel_changes_since(2).unwrap();
        assert_eq!(left.channels.unwrap(), ["agent.alice.2", "agent.alice.3"]);
        // However old, the newest stays.
        assert_eq!(store.forget_channel_changes(now.plus_ms(9_999)).unwrap(), 1);
        assert_eq!(
            reader.channel_changes_since(3).unwrap().channels.unwrap().len(),
            1
        );
        let raise = |to: i64| tamper(target, &format!("UPDATE channel_head SET version = {to}"));
        let fill = format!(
            "WITH RECURSIVE n(i) AS (SELECT 5 UNION ALL SELECT i + 1 FROM n WHERE i < {})
             INSERT INTO channel_change (version, channel, changed_at) SELECT i, 'agent.alice.x', 1 FROM n",
            CHANNEL_CHANGES_MAX + 5
        );
        tamper(target, &fill);
        raise(CHANNEL_CHANGES_MAX + 4);
        let most = reader.channel_changes_since(4).unwrap().channels;
        assert_eq!(i64::try_from(most.unwrap().len()).unwrap(), CHANNEL_CHANGES_MAX);
        raise(CHANNEL_CHANGES_MAX + 5);
        assert_eq!(reader.channel_changes_since(4).unwrap().channels, None);
    });
}

#[test]
fn changes_of_many_at_once_have_versions_without_a_gap() {
    on_both(|target| {
        let stage = Stage::new(target, &[]);
        let now = stage.now;
        std::thread::scope(|scope| {
            for thread in 0..4 {
                scope.spawn(move || {
                    let mut store = Store::open(target).unwrap();
                    for n in 0..5 {
                        let channel = format!("agent.alice.{thread}-{n}");
                        store.lock_channel(&channel, "alice", now).unwrap();
                    }
                });
            }
        });
        let mut reader = Reader::open(target).unwrap();
        let changes = reader.channel_changes_since(0).unwrap();
        let mut channels = changes.channels.expect("no gap");
        channels.sort_unstable();
        channels.dedup();
        assert_eq!((changes.version, channels.len()), (20, 20));
    });
}

#[test]
fn who_decide_about_the_same_at_once_wait_for_each_other_and_no_longer() {
    on_both(|target| {
        let stage = Stage::new(target, &[]);
        let now = stage.now;
        std::thread::scope(|scope| {
            for thread in 0..4_u8 {
                scope.spawn(move || {
                    let mut store = Store::open(target).unwrap();
                    for n in 0..25_u8 {
                        let (channel, owner) = ("app.Bot.news", "app:Bot");
                        let key = [thread * 25 + n; 32];
                        let new = NewApp {
                            key_hash: key,
                            ..app("Bot", "alice", 0)
                        };
                        // Each of them may be a step behind the others: none is an error.
                        match (thread + n) % 4 {
                            0 => store.make_app(&new, now).map(drop),
                            1 => store.lock_channel(channel, owner, now).map(drop),
                            2 => store.grant_channel(channel, owner, "bob", now).map(drop),
                            _ => store.unlock_channel(channel, now).map(drop),
                        }
                        .unwrap();
                        match (thread + n) % 3 {
                            0 => store.revoke_channel(channel, "bob", now).map(drop),
                            1 => store
                                .rotate_app(("Bot", "alice"), &[100 + key[0]; 32], now, now)
                                .map(drop),
                            _ => store.delete_app(("Bot", "alice"), now, now).map(drop),
                        }
                        .unwrap();
                    }
                });
            }
        });
        let mut reader = Reader::open(target).unwrap();
        let changes = reader.channel_changes_since(0).unwrap();
        assert_eq!(
            i64::try_from(changes.channels.expect("no gap").len()).unwrap(),
            changes.version
        );
    });
}

#[test]
fn adverts_are_found_by_any_part_in_any_case_and_by_nothing_else() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &[]);
        let said = [
            ("agent.alice.weather", "100% sure", 1),
            ("agent.bob.back_up", "C:\\temp ÄPFEL", 2),
            ("app.Bot.backXup", "1000 things", 3),
        ];
        for (channel, description, at) in said {
            store
                .advertise(&advert(channel, description, now.plus_ms(at)))
                .unwrap();
        }
        store
            .advertise(&Advert {
                description: None,
                ..advert("agent.carol.silent", "", now)
            })
            .unwrap();
        let reader = &mut Reader::open(target).unwrap();
        let mut found = |text: &str| -> Vec<String> {
            let found = reader.search_adverts(text, 10).unwrap();
            assert_eq!(found.total, i64::try_from(found.found.len()).unwrap());
            let topic = |advert: Advert| advert.channel.rsplit('.').next().unwrap().to_owned();
            found.found.into_iter().map(topic).collect()
        };
        assert_eq!(found("WEATHER"), ["weather"]);
        assert_eq!(found("Sure"), ["weather"]);
        assert_eq!(found("App:bot"), ["backXup"]);
        assert_eq!(found("100"), ["backXup", "weather"], "the newest first");
        assert_eq!(found("100%"), ["weather"]);
        assert_eq!(found("k_up"), ["back_up"]);
        assert_eq!(found(":\\T"), ["back_up"]);
        assert_eq!(found("ÄPFEL"), ["back_up"], "as it was written");
        assert_eq!(found("%%"), [""; 0]);
        let few = reader.search_adverts("a", 2).unwrap();
        assert_eq!((few.total, few.found.len()), (4, 2));
        assert_eq!(few.found[0].channel, "app.Bot.backXup");
    });
}

#[test]
fn an_advert_is_replaced_and_its_schema_is_part_of_the_rule() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &[]);
        let reader = &mut Reader::open(target).unwrap();
        let first = advert("agent.alice.a", "first", now);
        let second = Advert {
            schema: Some("{}".to_owned()),
            ..advert("agent.alice.a", "second", now.plus_ms(1))
        };
        store.advertise(&first).unwrap();
        assert_eq!(rule_of(reader, "agent.alice.a").schema, None);
        store.advertise(&second).unwrap();
        assert_eq!(reader.advert("agent.alice.a").unwrap(), Some(second.clone()));
        assert_eq!(rule_of(reader, "agent.alice.a").schema.as_deref(), Some("{}"));
        let older = advert("agent.alice.b", "older", now);
        store.advertise(&older).unwrap();
        assert_eq!(reader.adverts(None).unwrap(), [second.clone(), older.clone()]);
        assert_eq!(reader.adverts(Some("alice")).unwrap(), [second, older]);
        assert_eq!(reader.adverts(Some("bob")).unwrap(), []);
        assert_eq!(store.remove_advert("agent.alice.a", now).unwrap(), Changed::Done);
        assert_eq!(
            store.remove_advert("agent.alice.a", now).unwrap(),
            Changed::Already
        );
        assert_eq!(reader.advert("agent.alice.a").unwrap(), None);
        assert_eq!(rule_of(reader, "agent.alice.a"), StoredRule::default());
    });
}

#[test]
fn a_list_of_adverts_is_as_long_as_there_is_room() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &[]);
        let reader = &mut Reader::open(target).unwrap();
        let fill = |count: i64| {
            let rows = format!(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
                 INSERT INTO channel_advert (channel, owner, description, updated_at)
                 SELECT 'agent.user-' || i || '.a', 'user-' || i, 'd', i FROM n"
            );
            tamper(target, "DELETE FROM channel_advert");
            tamper(target, &rows);
        };
        for (count, shown) in [
            (100, 100),
            (101, 101),
            (CHANNEL_ADVERTS_MAX + 1, CHANNEL_ADVERTS_MAX),
        ] {
            fill(count);
            let listed = reader.adverts(None).unwrap();
            assert_eq!(i64::try_from(listed.len()).unwrap(), shown);
            assert!(listed.is_sorted_by_key(|advert| -advert.updated_at.0));
        }
        tamper(target, "DELETE FROM channel_advert");
        let half = "x".repeat(ADVERTS_LIST_MAX_BYTES / 2);
        for (topic, description) in [("a", "last"), ("b", &half), ("c", &half)] {
            let said = advert(&format!("agent.alice.{topic}"), description, now);
            store.advertise(&said).unwrap();
        }
        let owned = reader.adverts(Some("alice")).unwrap();
        let names: Vec<&str> = owned.iter().map(|advert| advert.channel.as_str()).collect();
        assert_eq!(names, ["agent.alice.a", "agent.alice.b"]);
    });
}

#[test]
fn channels_are_paged_through_in_the_order_of_the_database() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &[]);
        let reader = &mut Reader::open(target).unwrap();
        // Letters that collations order otherwise than by their bytes.
        let topics = ["a", "B", "_c", "a-b", "a_b", "aB", "ä", "Z"];
        for (number, topic) in topics.iter().enumerate() {
            let name = format!("agent.alice.{topic}");
            match number % 3 {
                0 => store.lock_channel(&name, "alice", now).map(drop),
                1 => store.grant_channel(&name, "alice", "bob", now).map(drop),
                _ => store.advertise(&advert(&name, "x", now)).map(drop),
            }
            .unwrap();
        }
        let mut seen = Vec::new();
        let mut after = String::new();
        loop {
            let page = reader.known_channels(&after, 3).unwrap();
            let Some(last) = page.last() else { break };
            after.clone_from(last);
            seen.extend(page);
        }
        seen.sort_unstable();
        let mut expected = topics.map(|topic| format!("agent.alice.{topic}"));
        expected.sort_unstable();
        assert_eq!(seen, expected);
    });
}

#[test]
fn an_app_has_one_name_in_any_case_and_the_newest_of_its_keys() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &[]);
        let reader = &mut Reader::open(target).unwrap();
        assert_eq!(
            store.make_app(&app("Bot", "alice", 1), now).unwrap(),
            AppMade::Done
        );
        for taken in ["Bot", "bot", "BOT"] {
            let again = store.make_app(&app(taken, "bob", 2), now).unwrap();
            assert_eq!(again, AppMade::Taken, "{taken}");
        }
        assert_eq!(reader.app("bOT").unwrap().unwrap().name, "Bot");
        assert_eq!(reader.app_by_key(&[1; 32]).unwrap().unwrap().owner, "alice");
        let later = now.plus_ms(60_000);
        assert!(!store.rotate_app(("Bot", "bob"), &[3; 32], later, now).unwrap());
        assert!(store.rotate_app(("Bot", "alice"), &[3; 32], later, now).unwrap());
        assert_eq!(reader.app_by_key(&[1; 32]).unwrap(), None);
        assert_eq!(reader.app_by_key(&[3; 32]).unwrap().unwrap().name, "Bot");
        // With the key before it goes what was opened with it, in the same transaction.
        let (revoked, _) = reader.revocations_since(0).unwrap();
        let revoked: Vec<_> = revoked
            .iter()
            .map(|row| (row.kind, row.id.clone(), row.until))
            .collect();
        assert_eq!(revoked, [(RevocationKind::Token, "01".repeat(32), later)]);
        for number in 1..APPS_PER_OWNER_MAX {
            let key = 10 + u8::try_from(number).unwrap();
            let made = store.make_app(&app(&format!("app_{number}"), "alice", key), now);
            assert_eq!(made.unwrap(), AppMade::Done);
        }
        let full = store.make_app(&app("one_more", "alice", 200), now).unwrap();
        assert_eq!(full, AppMade::Full);
        assert_eq!(
            store.make_app(&app("one_more", "bob", 200), now).unwrap(),
            AppMade::Done
        );
        assert_eq!(reader.apps("bob").unwrap().len(), 1);
    });
}

#[test]
fn with_an_app_go_its_rules_and_what_others_granted_it() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &[]);
        let reader = &mut Reader::open(target).unwrap();
        let [first, second] = [app("My_Bot", "alice", 1), app("MyXBot", "bob", 2)];
        for new in [&first, &second] {
            store.make_app(new, now).unwrap();
        }
        store.lock_channel("app.My_Bot.news", "app:My_Bot", now).unwrap();
        store.advertise(&advert("app.My_Bot.shown", "x", now)).unwrap();
        // Granted before it is locked, and to the app by others.
        for (channel, owner) in [
            ("app.My_Bot.news", "app:My_Bot"),
            ("app.My_Bot.later", "app:My_Bot"),
            ("app.MyXBot.later", "app:MyXBot"),
        ] {
            store.grant_channel(channel, owner, "carol", now).unwrap();
        }
        for target in ["app:My_Bot", "app:MyXBot"] {
            store
                .grant_channel("agent.dave.secret", "dave", target, now)
                .unwrap();
        }
        let version = reader.channel_changes_since(0).unwrap().version;
        assert_eq!(
            store.delete_app(("My_Bot", "bob"), now.plus_ms(1), now).unwrap(),
            None
        );
        let channels = store
            .delete_app(("my_bot", "alice"), now.plus_ms(1), now)
            .unwrap()
            .unwrap();
        let expected = [
            "agent.dave.secret",
            "app.My_Bot.later",
            "app.My_Bot.news",
            "app.My_Bot.shown",
        ];
        assert_eq!(channels, expected);
        assert_eq!(
            reader.channel_changes_since(version).unwrap().channels.unwrap(),
            expected
        );
        for channel in &expected[1..] {
            assert_eq!(rule_of(reader, channel), StoredRule::default(), "{channel}");
        }
        assert_eq!(reader.advert("app.My_Bot.shown").unwrap(), None);
        assert_eq!(rule_of(reader, "app.MyXBot.later").rule, rule(false, &["carol"]));
        let left = rule_of(reader, "agent.dave.secret").rule;
        assert_eq!(left, rule(false, &["app:MyXBot"]));
        assert_eq!(reader.app_by_key(&[1; 32]).unwrap(), None);
        assert_eq!(
            store.make_app(&app("my_bot", "bob", 3), now).unwrap(),
            AppMade::Done
        );
    });
}

#[test]
fn an_app_with_very_many_rules_goes_and_nodes_forget_everything() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &[]);
        let reader = &mut Reader::open(target).unwrap();
        store.make_app(&app("Bot", "alice", 1), now).unwrap();
        let rows = format!(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {CHANNEL_CHANGES_MAX})
             INSERT INTO channel_grant (channel, target, granted_at, owner) SELECT 'app.Bot.' || i, 'bob', 1, 'app:Bot' FROM n"
        );
        tamper(target, &rows);
        let version = reader.channel_changes_since(0).unwrap().version;
        let channels = store
            .delete_app(("Bot", "alice"), now.plus_ms(1), now)
            .unwrap()
            .unwrap();
        assert_eq!(i64::try_from(channels.len()).unwrap(), CHANNEL_CHANGES_MAX + 1);
        let changes = reader.channel_changes_since(version).unwrap();
        assert!(changes.version > version && changes.channels.is_none());
        // The gap is one for whoever missed it, and nobody else.
        store.lock_channel("agent.alice.a", "alice", now).unwrap();
        let next = reader.channel_changes_since(changes.version).unwrap();
        assert_eq!(next.channels.unwrap(), ["agent.alice.a"]);
    });
}
