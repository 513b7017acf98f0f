//! Names, public keys, and log-ins that wait for their proof.

use super::*;
use crate::base::limit::{LOGINS_PENDING_MAX, SSH_KEYS_MAX};
use crate::store::channel::{AppMade, NewApp};
use crate::store::login::*;

fn challenge(id: &str, username: &str, expires_at: Timestamp) -> Challenge {
    Challenge {
        id: id.to_owned(),
        username: username.to_owned(),
        key_name: "main".to_owned(),
        text: format!("text of {id}"),
        expires_at,
    }
}

fn app(name: &str) -> NewApp {
    // No two apps have one key.
    let mut key_hash = [0; 32];
    key_hash
        .iter_mut()
        .zip(name.bytes())
        .for_each(|(to, from)| *to = from);
    NewApp {
        name: name.to_owned(),
        owner: "zoe".to_owned(),
        key_hash,
    }
}

#[test]
fn a_name_belongs_to_an_agent_a_user_or_an_app() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &["alice"]);
        assert_eq!(store.ensure_user("bob", now).unwrap(), HandleKind::User);
        assert_eq!(store.make_app(&app("Carol"), now).unwrap(), AppMade::Done);
        for (name, kind) in [
            ("alice", HandleKind::Agent),
            ("bob", HandleKind::User),
            ("carol", HandleKind::App),
        ] {
            assert_eq!(store.ensure_user(name, now).unwrap(), kind, "{name}");
            let taken = store.make_app(&app(name), now).unwrap();
            assert_eq!(taken, AppMade::Taken, "{name}");
            let registered = store
                .register_agent(
                    &NewAgent {
                        name: Name::new("Somebody Else").unwrap(),
                        ..new_agent(name)
                    },
                    now,
                )
                .unwrap();
            assert_eq!(registered, Registered::HandleTaken, "{name}");
        }
        let reader = &mut Reader::open(target).unwrap();
        assert_eq!(reader.handle_kind("carol").unwrap(), Some(HandleKind::App));
        assert_eq!(reader.handle_kind("dave").unwrap(), None);
        // Agents of earlier versions have no row of their own.
        tamper(target, "DELETE FROM handle WHERE name = 'alice'");
        assert_eq!(reader.handle_kind("alice").unwrap(), Some(HandleKind::Agent));
        assert_eq!(store.ensure_user("alice", now).unwrap(), HandleKind::Agent);
        assert_eq!(store.make_app(&app("Alice"), now).unwrap(), AppMade::Taken);
        assert_eq!(reader.handles("", 10).unwrap(), ["alice", "bob"]);
        assert_eq!(reader.handles("alice", 10).unwrap(), ["bob"]);
        assert_eq!(reader.handles("", 1).unwrap(), ["alice"]);
    });
}

#[test]
fn of_an_agent_a_user_and_an_app_that_come_at_once_one_gets_the_name() {
    on_both(|target| {
        let stage = Stage::new(target, &[]);
        let now = stage.now;
        for round in 0..8 {
            let name = &format!("name_{round}");
            let starts = &std::sync::Barrier::new(6);
            let got: usize = std::thread::scope(|scope| {
                let tries: Vec<_> = (0..6)
                    .map(|number| {
                        scope.spawn(move || {
                            let mut store = Store::open(target).unwrap();
                            starts.wait();
                            match number % 3 {
                                0 => {
                                    let registered = store.register_agent(&new_agent(name), now).unwrap();
                                    usize::from(registered == Registered::Done)
                                }
                                // Both of them log in when one does.
                                1 => {
                                    usize::from(store.ensure_user(name, now).unwrap() == HandleKind::User)
                                        * 10
                                }
                                _ => usize::from(store.make_app(&app(name), now).unwrap() == AppMade::Done),
                            }
                        })
                    })
                    .collect();
                tries.into_iter().map(|one| one.join().unwrap()).sum()
            });
            let kind = Reader::open(target).unwrap().handle_kind(name).unwrap().unwrap();
            let expected = if kind == HandleKind::User { 20 } else { 1 };
            assert_eq!(got, expected, "{name} is {kind:?}");
        }
    });
}

#[test]
fn of_twenty_that_take_a_challenge_at_once_one_gets_it() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &[]);
        let first = challenge("nonce", "alice", now.plus_ms(1_000));
        assert!(store.begin_login(&first, now).unwrap());
        let taken: Vec<Challenge> = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..20)
                .map(|_| {
                    scope.spawn(move || {
                        let mut store = Store::open(target).unwrap();
                        store.take_login("nonce", now).unwrap()
                    })
                })
                .collect();
            tries.into_iter().filter_map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(taken, [first]);
        assert_eq!(store.take_login("nonce", now).unwrap(), None);
    });
}

#[test]
fn a_challenge_ends_with_its_time() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &[]);
        for id in ["early", "late"] {
            store
                .begin_login(&challenge(id, "alice", now.plus_ms(120_000)), now)
                .unwrap();
        }
        let last = now.plus_ms(119_999);
        assert!(store.take_login("early", last).unwrap().is_some());
        assert_eq!(store.take_login("late", now.plus_ms(120_000)).unwrap(), None);
        assert_eq!(store.take_login("late", last).unwrap(), None, "it was used up");
        assert_eq!(store.take_login("unknown", last).unwrap(), None);
    });
}

#[test]
fn so_many_log_ins_of_a_name_wait_and_one_of_the_same_id_replaces() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &[]);
        let until = now.plus_ms(1_000);
        for number in 0..LOGINS_PENDING_MAX {
            let begun = store.begin_login(&challenge(&format!("{number}"), "alice", until), now);
            assert!(begun.unwrap());
        }
        assert!(
            !store
                .begin_login(&challenge("more", "alice", until), now)
                .unwrap()
        );
        assert!(store.begin_login(&challenge("other", "bob", until), now).unwrap());
        // Nobody is kept out of a log-in that waits already.
        let again = Challenge {
            text: "another".to_owned(),
            ..challenge("7", "alice", until)
        };
        assert!(store.begin_login(&again, now).unwrap());
        let reader = &mut Reader::open(target).unwrap();
        assert_eq!(reader.login("7").unwrap().unwrap().text, "another");
        // Those whose time is over make room.
        let next = challenge("more", "alice", until.plus_ms(1_000));
        assert!(store.begin_login(&next, until).unwrap());
        assert_eq!(reader.login("0").unwrap(), None);
    });
}

#[test]
fn public_keys_are_replaced_by_name_and_counted() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &[]);
        let reader = &mut Reader::open(target).unwrap();
        for number in 0..SSH_KEYS_MAX {
            let name = format!("key-{number:02}");
            assert!(store.put_ssh_key("alice", &name, "ssh-ed25519 A", now).unwrap());
        }
        assert!(!store.put_ssh_key("alice", "more", "ssh-ed25519 A", now).unwrap());
        assert!(store.put_ssh_key("bob", "more", "ssh-ed25519 A", now).unwrap());
        let later = now.plus_ms(5);
        assert!(
            store
                .put_ssh_key("alice", "key-07", "ssh-ed25519 B", later)
                .unwrap()
        );
        let keys = reader.ssh_keys("alice").unwrap();
        assert_eq!(keys.len(), 32);
        assert_eq!(
            keys[7],
            SshKeyRow {
                name: "key-07".to_owned(),
                public_key: "ssh-ed25519 B".to_owned(),
                created_at: later
            }
        );
        assert!(!store.remove_ssh_key("bob", "key-07").unwrap());
        assert!(store.remove_ssh_key("alice", "key-07").unwrap());
        assert!(!store.remove_ssh_key("alice", "key-07").unwrap());
        assert!(store.put_ssh_key("alice", "more", "ssh-ed25519 A", now).unwrap());
        assert_eq!(reader.ssh_keys("bob").unwrap().len(), 1);
    });
}
