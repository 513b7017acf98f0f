//! Apps, and what goes with them.

use super::*;
use crate::base::limit::APPS_PER_OWNER_MAX;
use crate::domain::agent::RevocationKind;

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
