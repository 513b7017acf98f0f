//! Refresh tokens, revocations, keys and rates.

use super::*;
use crate::domain::agent::RevocationKind;
use crate::store::token::*;
use std::collections::BTreeSet;

fn refresh(stage: &Stage, hash: u8) -> NewRefresh {
    NewRefresh {
        hash: [hash; 32],
        family: fresh_id(),
        agent: stage.agents[0].id,
        expires_at: stage.now.plus_ms(1_000_000),
        absolute_until: stage.now.plus_ms(2_000_000),
        fingerprint: [7; 32],
    }
}

fn next(stage: &Stage, number: u8) -> Successor {
    Successor {
        hash: [number; 32],
        expires_at: stage.now.plus_ms(1_000_000),
        token: format!("token {number}"),
    }
}

#[test]
fn of_twenty_refreshes_at_once_one_rotates_and_all_get_its_token() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice"]);
        let first = refresh(&stage, 1);
        let now = stage.now;
        stage.store.add_refresh(&first, now).unwrap();
        let first = &first;
        let successors: Vec<(u8, Successor)> =
            (100..120).map(|number| (number, next(&stage, number))).collect();
        let rotations: Vec<(u8, Rotation)> = std::thread::scope(|scope| {
            let tries: Vec<_> = successors
                .iter()
                .map(|(number, successor)| {
                    scope.spawn(move || {
                        let mut store = Store::open(target).unwrap();
                        (
                            *number,
                            store
                                .rotate_refresh(&first.hash, successor, &[7; 32], 30_000, now)
                                .unwrap(),
                        )
                    })
                })
                .collect();
            tries.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let winners: Vec<u8> = rotations
            .iter()
            .filter(|(_, r)| matches!(r, Rotation::Rotated { .. }))
            .map(|(n, _)| *n)
            .collect();
        assert_eq!(winners.len(), 1);
        let given: BTreeSet<String> = rotations
            .iter()
            .filter_map(|(_, rotation)| match rotation {
                Rotation::Repeated { token, .. } => Some(token.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(given, BTreeSet::from([format!("token {}", winners[0])]));
        assert_eq!(rotations.len(), 20);
    });
}

#[test]
fn a_spent_token_ends_its_family() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice"]);
        let first = refresh(&stage, 1);
        let now = stage.now;
        let successors = [next(&stage, 2), next(&stage, 3), next(&stage, 4)];
        let store = &mut stage.store;
        store.add_refresh(&first, now).unwrap();
        assert_eq!(
            store
                .rotate_refresh(&[9; 32], &successors[0], &[7; 32], 30_000, now)
                .unwrap(),
            Rotation::Unknown
        );
        let rotated = Rotation::Rotated {
            agent: first.agent,
            family: first.family,
        };
        assert_eq!(
            store
                .rotate_refresh(&first.hash, &successors[0], &[7; 32], 30_000, now)
                .unwrap(),
            rotated
        );
        // Another client with the old token is a thief, or the one that was robbed.
        let reused = Rotation::Reused {
            agent: first.agent,
            family: first.family,
        };
        assert_eq!(
            store
                .rotate_refresh(&first.hash, &successors[1], &[8; 32], 30_000, now)
                .unwrap(),
            reused
        );
        assert_eq!(
            store
                .rotate_refresh(&[2; 32], &successors[2], &[7; 32], 30_000, now)
                .unwrap(),
            Rotation::Expired
        );
    });
}

#[test]
fn a_token_ends_by_time_by_grace_and_by_revocation() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice"]);
        let (a, b, c) = (refresh(&stage, 1), refresh(&stage, 2), refresh(&stage, 3));
        let now = stage.now;
        let successors = [next(&stage, 11), next(&stage, 12), next(&stage, 13)];
        let store = &mut stage.store;
        for token in [&a, &b, &c] {
            store.add_refresh(token, now).unwrap();
        }
        let mut rotate = |hash, next, at| store.rotate_refresh(hash, next, &[7; 32], 30_000, at).unwrap();
        assert_eq!(
            rotate(&a.hash, &successors[0], now.plus_ms(1_000_000)),
            Rotation::Expired
        );
        assert!(matches!(
            rotate(&b.hash, &successors[1], now),
            Rotation::Rotated { .. }
        ));
        assert!(matches!(
            rotate(&b.hash, &successors[2], now.plus_ms(30_001)),
            Rotation::Reused { .. }
        ));
        store
            .revoke(RevocationKind::Agent, &c.agent.to_string(), now.plus_ms(5), now)
            .unwrap();
        let ended = store
            .rotate_refresh(&c.hash, &successors[2], &[7; 32], 30_000, now)
            .unwrap();
        assert_eq!(ended, Rotation::Expired);
    });
}

#[test]
fn revocations_come_in_the_order_of_their_versions() {
    on_both(|target| {
        let stage = Stage::new(target, &["alice"]);
        let now = stage.now;
        std::thread::scope(|scope| {
            for thread in 0..4 {
                scope.spawn(move || {
                    let mut store = Store::open(target).unwrap();
                    for number in 0..5 {
                        store
                            .revoke(
                                RevocationKind::Token,
                                &format!("{thread} {number}"),
                                now.plus_ms(9),
                                now,
                            )
                            .unwrap();
                    }
                });
            }
        });
        let mut reader = Reader::open(target).unwrap();
        let (all, newest) = reader.revocations_since(0).unwrap();
        assert_eq!((all.len(), newest), (20, 20));
        assert_eq!(
            all.iter().map(|one| one.version).collect::<Vec<_>>(),
            (1..=20).collect::<Vec<i64>>()
        );
        let mut store = stage.store;
        assert_eq!(
            store
                .revoke(RevocationKind::Token, "0 0", now.plus_ms(99), now)
                .unwrap(),
            21
        );
        let (new, _) = reader.revocations_since(20).unwrap();
        assert_eq!(
            (new.len(), new[0].id.as_str(), new[0].until),
            (1, "0 0", now.plus_ms(99))
        );
    });
}

#[test]
fn a_rate_is_exact_for_many_takers() {
    on_both(|target| {
        let mut stage = Stage::new(target, &[]);
        let now = stage.now;
        let taken: usize = std::thread::scope(|scope| {
            let takers: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(move || {
                        let mut store = Store::open(target).unwrap();
                        (0..5)
                            .filter(|_| {
                                store
                                    .take_rate("register 127.0.0.1", 5, 3_600_000, now)
                                    .unwrap()
                                    .is_ok()
                            })
                            .count()
                    })
                })
                .collect();
            takers.into_iter().map(|taker| taker.join().unwrap()).sum()
        });
        assert_eq!(taken, 5);
        let store = &mut stage.store;
        let mut take = |who: &str, after| store.take_rate(who, 5, 3_600_000, now.plus_ms(after)).unwrap();
        assert_eq!(take("register 127.0.0.1", 600_000), Err(RetryAfterMs(3_000_000)));
        assert_eq!(take("register 127.0.0.2", 0), Ok(()));
        assert!(take("register 127.0.0.1", 3_599_999).is_err());
        assert_eq!(take("register 127.0.0.1", 3_600_000), Ok(()));
    });
}

#[test]
fn signing_keys_are_kept_once() {
    on_both(|target| {
        let mut stage = Stage::new(target, &[]);
        let key = SigningKeyRow {
            kid: "k1".to_owned(),
            alg: "EdDSA".to_owned(),
            public: vec![1, 0, 2],
            private: vec![3, 0, 4],
            state: "active".to_owned(),
            not_before: Timestamp(1),
            not_after: Timestamp(2),
        };
        assert!(stage.store.add_signing_key(&key).unwrap());
        assert!(
            !stage
                .store
                .add_signing_key(&SigningKeyRow {
                    private: vec![9],
                    ..key.clone()
                })
                .unwrap()
        );
        assert!(stage.store.set_signing_key_state("k1", "retiring").unwrap());
        assert!(!stage.store.set_signing_key_state("k2", "retiring").unwrap());
        assert_eq!(
            stage.store.signing_keys().unwrap(),
            [SigningKeyRow {
                state: "retiring".to_owned(),
                ..key
            }]
        );
    });
}
