//! Who went, and who came in somebody's place, since a backup was made.

use super::*;

#[test]
fn who_is_somebody_else_by_now_gets_nothing() {
    on_both(|target| {
        let mut stage = decided(target);
        let before = records(target);
        tamper(target, WIPE);
        let other = fresh_id();
        // Another agent is alice, an agent has the name of a user, and somebody else's app the name of an app.
        for rename in [
            "UPDATE agents SET agent_id = 'alice-of-old' WHERE agent_id = 'alice'",
            "UPDATE agents SET agent_id = 'carol' WHERE agent_id = 'dora'",
            "DELETE FROM handle",
        ] {
            tamper(target, rename);
        }
        let (store, now) = (&mut stage.store, stage.now);
        let alice = NewAgent {
            id: AgentId(other),
            name: Name::new("Alice the Other").unwrap(),
            handle: handle("alice"),
            ..new_agent("alice-the-other")
        };
        assert_eq!(store.register_agent(&alice, now).unwrap(), Registered::Done);
        store.ensure_user("mallory", now).unwrap();
        store.make_app(&app("bot_1", "mallory", [6; 32]), now).unwrap();
        let restored = restore(store, Manner::Merge, &before, now);
        // What is left of 17: the user bob with two keys, a lock and a grant, and the lock of zoe.
        let written = Tally {
            users: 1,
            ssh_keys: 2,
            locks: 2,
            grants: 1,
            ..Tally::default()
        };
        assert_eq!((restored.written, restored.left_out), (written, 11));
        assert_eq!(store.ssh_keys("alice").unwrap(), []);
        assert!(store.app_by_key(&KEY).unwrap().is_none());
        assert_eq!(store.locked_channels("alice").unwrap(), [""; 0]);
        // A replacement brings the app back, and ends the key of the one that took its name.
        let restored = restore(store, Manner::Replace, &before, now);
        assert_eq!(restored.written.apps, 1);
        assert!(store.app_by_key(&[6; 32]).unwrap().is_none());
        let (ended, _) = store.revocations_since(0).unwrap();
        assert_eq!(ended.last().unwrap().id, "06".repeat(32));
        assert_eq!(store.app("bot_1").unwrap().unwrap().name, "Bot_1");
        assert_eq!(store.ssh_keys("alice").unwrap(), []);
    });
}

#[test]
fn an_app_that_comes_back_has_nothing_of_the_one_that_had_its_name() {
    on_both(|target| {
        let mut stage = decided(target);
        let before = records(target);
        let (store, now) = (&mut stage.store, stage.now);
        let later = now.plus_ms(1);
        store.delete_app(("Bot_1", "bob"), SOON, later).unwrap();
        store.make_app(&app("Bot_1", "carol", [8; 32]), later).unwrap();
        store
            .grant_channel("agent.alice.secret", "alice", "app:Bot_1", later)
            .unwrap();
        store
            .lock_channel("app.Bot_1.carols", "app:Bot_1", later)
            .unwrap();
        // Up to the app and no further, as if it broke off there.
        let mut restoring = Restoring::new(Manner::Replace, SOON);
        let end = before
            .iter()
            .position(|record| matches!(record, Record::App { .. }))
            .unwrap();
        store
            .restore_channels(&mut restoring, &before[..=end], later)
            .unwrap();
        let mut reader = Reader::open(target).unwrap();
        assert_eq!(reader.app("Bot_1").unwrap().unwrap().owner, "bob");
        let names = ["agent.alice.secret", "app.Bot_1.carols"].map(str::to_owned);
        let rights = reader.channel_rights(&names).unwrap();
        assert!(rights.is_empty(), "{rights:?}");
    });
}

#[test]
fn of_an_app_that_goes_meanwhile_nothing_comes_back() {
    for comes_another in [false, true] {
        on_both(|target| {
            let mut stage = decided(target);
            let before = records(target);
            tamper(target, WIPE);
            let (store, now) = (&mut stage.store, stage.now);
            let mut restoring = Restoring::new(Manner::Merge, SOON);
            let end = before
                .iter()
                .position(|record| matches!(record, Record::App { .. }))
                .unwrap();
            store
                .restore_channels(&mut restoring, &before[..=end], now)
                .unwrap();
            store.delete_app(("Bot_1", "bob"), SOON, now).unwrap();
            if comes_another {
                let another = app("Bot_1", "carol", [8; 32]);
                store.make_app(&another, now.plus_ms(1)).unwrap();
            }
            store
                .restore_channels(&mut restoring, &before[end + 1..], now)
                .unwrap();
            let names = ["agent.alice.open", "app.Bot_1.news"].map(str::to_owned);
            let rights = store.channel_rights(&names).unwrap();
            assert!(rights.is_empty(), "{rights:?}");
        });
    }
}
