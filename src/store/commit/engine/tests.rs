//! The fence, and the order of locks.

use super::*;
use crate::store::commit::many::update_accounts;
use crate::store::commit::rows::AccountRow;
use crate::store::sql_types::Id;
use crate::store::test_database::on_both;
use crate::store::tests::world::Stage;

/// A stage on PostgreSQL, and another connection to it.
fn two_connections() -> (Stage, Conn) {
    let database = crate::store::test_database::postgres();
    crate::store::migrate(&database.target, crate::store::test_database::NOW).unwrap();
    let stage = Stage::new(&database.target, &["alice", "bob"]);
    let other = Conn::open(&database.target, true, crate::store::connection::LOCK_WAIT_MS).unwrap();
    (stage, other)
}

fn run_on(conn: &mut Conn, sql: &str) -> QueryResult<()> {
    use diesel::connection::SimpleConnection;
    on_conn!(conn, |c| c.batch_execute(sql))
}

#[test]
fn the_fence_holds_the_shard_until_the_transaction_ends() {
    let (mut stage, mut other) = two_connections();
    let batch = stage.batch(Vec::new());
    let take = "SELECT id FROM shard FOR UPDATE NOWAIT";
    let (conn, _) = stage.store.parts().unwrap();
    conn.begin().unwrap();
    assert!(fence(conn, &batch).unwrap().is_some());
    assert!(
        run_on(&mut other, take).is_err(),
        "somebody else took it meanwhile"
    );
    assert!(conn.rollback());
    run_on(&mut other, take).unwrap();
}

#[test]
fn a_lease_that_runs_out_while_the_transaction_waits_is_fenced() {
    let (mut stage, mut other) = two_connections();
    let until_soon =
        "UPDATE shard SET lease_until = (extract(epoch FROM clock_timestamp()) * 1000)::bigint + 1000";
    run_on(&mut other, until_soon).unwrap();
    let batch = stage.batch(Vec::new());
    let (conn, _) = stage.store.parts().unwrap();
    conn.begin().unwrap();
    run_on(conn, "SELECT pg_sleep(1.2)").unwrap();
    assert!(fence(conn, &batch).unwrap().is_none());
    assert!(conn.rollback());
}

#[test]
fn accounts_are_locked_in_one_order() {
    let (mut stage, mut other) = two_connections();
    let target = stage.store.target().clone();
    let mut ids = ["alice", "bob"].map(|name| stage.agent(name).id.0);
    ids.sort_unstable();
    let [first, last] = ids;
    let lock = |id, how: &str| format!("SELECT id FROM account WHERE id = '{id}' FOR UPDATE {how}");
    other.begin().unwrap();
    run_on(&mut other, &lock(last, "")).unwrap();
    let batch = stage.batch(vec![stage.pay("alice", "bob", 10, "1")]);
    let is_waited_for = "DO $$ BEGIN ASSERT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND pid IN \
         (SELECT pid FROM pg_stat_activity WHERE datname = current_database())); END $$";
    std::thread::scope(|scope| {
        scope.spawn(|| stage.store.commit(&batch).unwrap());
        let mut third = Conn::open(&target, true, crate::store::connection::LOCK_WAIT_MS).unwrap();
        let waits = (0..ATTEMPTS_MAX * 100).any(|_| {
            pause(1);
            run_on(&mut third, is_waited_for).is_ok()
        });
        assert!(waits, "nobody waits for the last account");
        let is_free = run_on(&mut third, &lock(first, "NOWAIT")).is_ok();
        assert!(other.rollback());
        assert!(!is_free, "it waits for the last one without the first");
    });
    assert_eq!(stage.balance("bob"), 100_010);
}

#[test]
fn an_account_changes_only_from_the_version_that_was_read() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice"]);
        let id = Id(stage.agent("alice").id.0);
        let from = |read_version| AccountRow {
            id,
            read_version,
            balance: 1,
            version: 7,
            last_transfer: Some(id),
        };
        let (conn, _) = stage.store.parts().unwrap();
        conn.begin().unwrap();
        // The grant made the first version.
        let touched = [0, 2, 1].map(|version| update_accounts(conn, &[from(version)]).unwrap());
        assert_eq!(touched, [0, 0, 1]);
        assert!(conn.rollback());
    });
}

#[test]
fn a_batch_whose_account_changed_after_it_was_read_leaves_nothing_and_is_tried_again() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let batch = stage.batch(vec![stage.pay("alice", "bob", 10, "1")]);
        let alice = stage.agent("alice").id.0;
        let (conn, resolver) = stage.store.parts().unwrap();
        conn.begin().unwrap();
        let fence = fence(conn, &batch).unwrap().unwrap();
        let view = read::view(conn, resolver, &batch).unwrap();
        let mut staged = decide::decide(&batch, fence.last_seq, view);
        // Alice was read before another writer changed her, which no lock of ours allows.
        staged.view.accounts.get_mut(&alice).unwrap().read_version -= 1;
        let source = write::write(conn, &batch, batch.now, &staged).unwrap_err();
        assert!(conn.rollback());
        let operation = "commit a batch";
        let error = StoreError::Query { operation, source };
        assert!(stage.store.may_repeat(&error, batch.now), "{error:?}");
        assert_eq!(
            (stage.balance("alice"), stage.balance("bob"), stage.last_seq()),
            (100_000, 100_000, 0)
        );
        stage.assert_sound();
        assert_eq!(stage.store.commit(&batch).unwrap().len(), 1);
        assert_eq!((stage.balance("bob"), stage.last_seq()), (100_010, 1));
        stage.assert_sound();
    });
}
