//! Locks, grants, adverts and apps, and how nodes hear what changed of them.

mod adverts;
mod apps;

use super::*;
use crate::base::limit::{CHANNEL_CHANGES_MAX, CHANNEL_GRANTS_MAX};
use crate::domain::channel::Rule;
use crate::store::channel::*;
use crate::store::connection::on_conn;
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

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
fn grants_of_earlier_versions_get_their_owners() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &[]);
        let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)
             INSERT INTO channel_grant (channel, target, granted_at)
             SELECT CASE WHEN i % 2 = 0 THEN 'agent.alice.' ELSE 'app.My_Bot.' END || i, 'user', 1 FROM n";
        tamper(target, rows);
        store.grant_channel("agent.bob.own", "bob", "user", now).unwrap();
        store.own_grants().unwrap();
        for (owner, count) in [("alice", 125), ("app:My_Bot", 125), ("bob", 1), ("", 0)] {
            let own = store.read("count grants", |conn| {
                use crate::store::schema::channel_grant::dsl as g;
                let rows = || g::channel_grant.filter(g::owner.eq(owner)).count();
                on_conn!(conn, |c| rows().get_result::<i64>(c))
            });
            assert_eq!(own.unwrap(), count, "{owner}");
        }
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
