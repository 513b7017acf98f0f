//! The fence: who does not hold the shard writes nothing, and who holds another is not in the way.

use super::*;

#[test]
fn a_fenced_batch_writes_nothing() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let old = stage.batch(vec![stage.pay("alice", "bob", 10, "x")]);
        let thief = NodeId(fresh_id());
        let claims = stage.store.claim_shards(thief, 600_000, stage.now).unwrap();
        assert_eq!(claims[0].epoch, stage.lease.epoch + 1);
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
                .save_checkpoint(stage.lease, &checkpoint, 0, stage.now)
                .unwrap()
        );
        stage.lease = claims[0];
        assert!(
            stage
                .store
                .save_checkpoint(stage.lease, &checkpoint, 0, stage.now)
                .unwrap()
        );
        let pay = stage.pay("alice", "bob", 10, "x");
        assert_eq!(seq_of(&stage.commit(vec![pay])[0]), 1);
        assert_eq!(stage.loaded().checkpoint, Some(checkpoint));
        stage.assert_sound();
    });
}

#[test]
fn a_batch_of_an_earlier_epoch_of_the_same_owner_is_fenced() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let old = stage.batch(vec![stage.pay("alice", "bob", 10, "x")]);
        let claims = stage.store.claim_shards(stage.lease.owner, 600_000, stage.now);
        assert_eq!(claims.unwrap()[0].epoch, stage.lease.epoch + 1);
        assert!(matches!(stage.store.commit(&old), Err(CommitError::Fenced(_))));
        assert_eq!((stage.balance("bob"), stage.last_seq()), (100_000, 0));
    });
}

#[test]
fn a_writer_waits_for_the_disk() {
    let database = postgres();
    let mut store = Store::open(&database.target).unwrap();
    assert!(store.waits_for_the_disk());
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
fn a_commit_renews_the_lease_and_never_shortens_it() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        // For as long as a lease holds, nobody else gets the shard.
        let day_ms = 86_400_000;
        let free_after = |stage: &mut Stage, ms: i64| {
            let at = stage.now.plus_ms(ms);
            let holdings = stage.store.holdings(at).unwrap();
            let held = holdings.iter().find(|held| held.shard == stage.lease.shard);
            held.unwrap().owner.is_none()
        };
        let pay = |stage: &mut Stage, id: &str, lease_ttl_ms: i64| {
            let mut batch = stage.batch(vec![stage.pay("alice", "bob", 1, id)]);
            batch.lease_ttl_ms = lease_ttl_ms;
            stage.store.commit(&batch).unwrap();
        };
        pay(&mut stage, "long", 30 * day_ms);
        pay(&mut stage, "short", 1);
        // PostgreSQL judges by its own clock, SQLite by ours.
        assert!(!free_after(&mut stage, 29 * day_ms));
        tamper(target, "UPDATE shard SET lease_until = lease_until - 2505600000");
        assert!(!free_after(&mut stage, day_ms / 2), "it was 30 days");
        tamper(target, "UPDATE shard SET lease_until = lease_until - 172800000");
        assert!(free_after(&mut stage, day_ms / 2));
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
                        lease_ttl_ms: 0,
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
