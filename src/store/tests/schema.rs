//! The schema itself: migrations, partitions, retention, locks, backups.

use super::*;
use crate::base::id::SessionId;
use crate::config::Retention;
use crate::store::connection::{Conn, on_conn};
use crate::store::session::SessionRow;
use crate::store::{StoreError, backup::backup, lock, migration};
use diesel::sql_types::Integer;
use diesel::{QueryableByName, RunQueryDsl};

#[test]
fn migrations_go_up_down_and_up_again() {
    for database in [sqlite(), postgres()] {
        migrate(&database.target, NOW).unwrap();
        migration::revert(&database.target, None).unwrap();
        migrate(&database.target, NOW).unwrap();
        let mut stage = Stage::new(&database.target, &["alice"]);
        stage.assert_sound();
    }
}

#[test]
fn transfers_are_chained_when_the_migration_finds_them() {
    for database in [sqlite(), postgres()] {
        let mut stage = Stage::new(&database.target, &["alice", "bob"]);
        for number in ["1", "2", "3"] {
            let pays = vec![
                stage.pay("alice", "bob", 3, number),
                stage.pay("bob", "alice", 2, number),
            ];
            stage.commit(pays);
        }
        let alice = stage.agent("alice").id;
        let before = stage.store.statement(alice, 10, None).unwrap();
        migration::revert(&database.target, Some("0004")).unwrap();
        let chained = "SELECT debit_previous FROM transfer";
        assert!(
            stage
                .store
                .read("look at the chain", |conn| run(conn, chained))
                .is_err()
        );
        migrate(&database.target, NOW).unwrap();
        stage.assert_sound();
        assert_eq!(stage.store.statement(alice, 10, None).unwrap(), before);
        let pay = stage.pay("alice", "bob", 1, "4");
        stage.commit(vec![pay]);
        stage.assert_sound();
    }
}

#[test]
fn a_new_version_of_an_account_without_a_new_last_transfer_is_refused() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let mut update = |columns: &str, kind: i16| {
            let sql = format!("UPDATE account SET {columns} WHERE kind = {kind}");
            let tried = stage.store.write("tamper with an account", |conn| {
                run(conn, &sql)?;
                // Nothing of it stays.
                Err::<(), _>(diesel::result::Error::RollbackTransaction)
            });
            format!("{:?}", tried.unwrap_err())
        };
        // The market has no last transfer yet; the mint's is bob's grant.
        for kind in [2200, 9000] {
            for columns in [
                "version = version + 1",
                "version = 9, last_transfer = last_transfer",
            ] {
                let refused = update(columns, kind);
                assert!(
                    refused.contains("the last transfer did not"),
                    "{columns}: {refused}"
                );
            }
            let other =
                "(SELECT t.id FROM transfer t JOIN agents g ON g.id = t.credit WHERE g.agent_id = 'alice')";
            for columns in [
                "version = version, balance = balance".to_owned(),
                format!("version = version + 1, last_transfer = {other}"),
            ] {
                let passed = update(&columns, kind);
                assert!(passed.contains("RollbackTransaction"), "{columns}: {passed}");
            }
        }
    });
}

fn run(conn: &mut Conn, sql: &str) -> diesel::QueryResult<()> {
    use diesel::connection::SimpleConnection;
    on_conn!(conn, |c| c.batch_execute(sql))
}

#[test]
fn memory_databases_are_shared_by_name() {
    let target = Target::SqliteMemory(format!("shared-{}", unique()));
    migrate(&target, NOW).unwrap();
    let mut stage = Stage::new(&target, &["alice", "bob"]);
    let pay = stage.pay("alice", "bob", 1, "1");
    stage.commit(vec![pay]);
    let bob = stage.agent("bob").id;
    let mut reader = Reader::open(&target).unwrap();
    assert_eq!(reader.balance(bob).unwrap(), Some(100_001));
    reader.ping().unwrap();
}

#[test]
fn partitions_exist_for_next_month_and_appear_when_needed() {
    let database = postgres();
    let mut stage = Stage::new(&database.target, &["alice", "bob"]);
    let month = 31 * 86_400_000_i64;
    for ahead in [0, 1, 12] {
        stage.now = stage.now.plus_ms(ahead * month);
        let pay = stage.pay("alice", "bob", 1, &format!("{ahead}"));
        assert!(seq_of(&stage.commit(vec![pay])[0]) > 0);
    }
    stage.assert_sound();
    // A year later the first months are gone, and the floor says so.
    let now = stage.now;
    stage.store.retain(now, &Retention::default()).unwrap();
    assert_eq!(
        seqs(&stage.store.events_of_shard(stage.lease.shard, 0, 10).unwrap()),
        [3]
    );
    stage.assert_sound();
}

/// What PostgreSQL says it would do.
fn plan_of(stage: &mut Stage, query: &str) -> String {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
        line: String,
    }
    let sql = format!("EXPLAIN {query}");
    let lines: Vec<Line> = stage
        .store
        .read("explain", |conn| {
            on_conn!(conn, |c| diesel::sql_query(&sql).load(c))
        })
        .unwrap();
    lines.into_iter().map(|line| line.line + "\n").collect()
}

#[test]
fn whole_months_go_with_the_floor_and_every_month_has_the_shards_index() {
    let database = postgres();
    let mut stage = Stage::new(&database.target, &["alice", "bob"]);
    let month = 31 * 86_400_000_i64;
    for ahead in 0..4_i64 {
        let pays = (0..50)
            .map(|n| stage.pay("alice", "bob", 1, &format!("{ahead} {n}")))
            .collect();
        stage.commit(pays);
        stage.now = stage.now.plus_ms(month);
    }
    // The fence alone numbers events: one after the other over the months, which no index of PostgreSQL could promise.
    let numbers = seqs(&stage.store.events_of_shard(stage.lease.shard, 0, 1_000).unwrap());
    assert_eq!(numbers, (1..=200).collect::<Vec<i64>>());
    stage.assert_sound();
    for query in [
        "SELECT seq FROM events WHERE shard_id = 1 AND seq > 90 AND seq <= 110 ORDER BY seq LIMIT 10",
        "SELECT created_at FROM events WHERE shard_id = 1 AND seq = 120",
    ] {
        let plan = plan_of(&mut stage, query);
        let indexed = plan.matches("shard_id_seq_idx").count();
        assert!(indexed >= 4 && !plan.contains("Seq Scan"), "{plan}");
    }
    // With the time only its month is looked into.
    let now = stage.now.0 - month;
    let plan = plan_of(
        &mut stage,
        &format!("SELECT seq FROM events WHERE created_at = {now} AND shard_id = 1 AND seq = 190"),
    );
    assert_eq!(plan.matches("Scan").count(), 1, "{plan}");
    // Dropped and told of in one transaction: when the floor cannot be raised, nothing is dropped.
    let kept = Retention {
        events_days: 35,
        ..Retention::default()
    };
    let keep = "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$; \
                CREATE TRIGGER no BEFORE UPDATE OF floor_seq ON shard FOR EACH ROW EXECUTE FUNCTION no()";
    tamper(&database.target, keep);
    let now = stage.now;
    assert!(stage.store.retain(now, &kept).is_err());
    stage.assert_sound();
    assert_eq!(
        seqs(&stage.store.events_of_shard(stage.lease.shard, 0, 1_000).unwrap()).len(),
        200
    );
    tamper(&database.target, "DROP TRIGGER no ON shard");
    stage.store.retain(now, &kept).unwrap();
    let left = seqs(&stage.store.events_of_shard(stage.lease.shard, 0, 1_000).unwrap());
    // Whole months: what is left begins where a month's events begin.
    assert!(
        left.len() < 200 && left.len().is_multiple_of(50) && left.last() == Some(&200),
        "{left:?}"
    );
    stage.assert_sound();
}

fn seqs(events: &[Value]) -> Vec<i64> {
    events
        .iter()
        .map(|event| event["seq"].as_i64().unwrap())
        .collect()
}

#[test]
fn retention_keeps_the_invariants() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        for day in 0..5 {
            let batch = (0..3)
                .map(|n| stage.pay("alice", "bob", 1, &format!("{day} {n}")))
                .collect();
            stage.commit(batch);
            stage.now = stage.now.plus_ms(3 * 86_400_000);
            if let Target::Sqlite(_) = target {
                tamper(target, "UPDATE shard SET lease_until = 9000000000000");
            }
        }
        let now = stage.now;
        let kept = Retention {
            events_days: 10,
            ..Retention::default()
        };
        stage.store.retain(now, &kept).unwrap();
        let bob = stage.agent("bob").id;
        let head = stage.store.inbox_head(bob).unwrap().unwrap();
        assert_eq!((head.top, head.floor), (15, 9));
        assert_eq!(stage.store.inbox(bob, 0, 100).unwrap().len(), 6);
        stage.assert_sound();
        // Money is for ever: the same command is still not executed twice.
        let again = stage.pay("alice", "bob", 1, "0 0");
        replay_of(&stage.commit(vec![again])[0]);
    });
}

#[test]
fn inboxes_and_sessions_are_kept_as_the_settings_say() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let (bob, start) = (stage.agent("bob").id, stage.now);
        for n in 0..6 {
            let pay = stage.pay("alice", "bob", 1, &format!("{n}"));
            stage.commit(vec![pay]);
        }
        let session = SessionRow {
            id: SessionId(fresh_id()),
            agent: bob,
            node: stage.lease.owner,
            token_id: "token".to_owned(),
            region: "plaza".to_owned(),
            at: Vec3::new(1.0, 2.0, 25.0),
            status: "idle".to_owned(),
            connected_at: start,
            metadata: json!({}),
        };
        stage.store.open_session(&session).unwrap();
        stage.store.close_session(session.id, start).unwrap();
        let offsets = |stage: &mut Stage| stage.store.inbox(bob, 0, 100).unwrap().len();
        let kept = Retention {
            inbox_messages: 4,
            inbox_days: 2,
            sessions_days: 3,
            ..Retention::default()
        };
        let sessions = |stage: &mut Stage| stage.store.row_counts().unwrap()["sessions"];
        let day = 86_400_000;
        stage.store.retain(start.plus_ms(2 * day - 1), &kept).unwrap();
        assert_eq!((offsets(&mut stage), sessions(&mut stage)), (4, 1));
        stage.store.retain(start.plus_ms(2 * day + 1), &kept).unwrap();
        assert_eq!((offsets(&mut stage), sessions(&mut stage)), (0, 1));
        stage.store.retain(start.plus_ms(3 * day + 1), &kept).unwrap();
        assert_eq!((offsets(&mut stage), sessions(&mut stage)), (0, 0));
        stage.assert_sound();
    });
}

#[test]
fn a_connection_to_sqlite_waits_for_the_lock_as_long_as_it_is_told() {
    let database = sqlite();
    let waits = |store: &mut Store| {
        store
            .read("read a pragma", |conn| match conn {
                Conn::Sqlite(c) => diesel::sql_query("PRAGMA busy_timeout").get_result::<Wait>(c),
                Conn::Pg(_) => panic!("not SQLite"),
            })
            .unwrap()
            .timeout
    };
    let mut store = Store::open_waiting(&database.target, 1_234).unwrap();
    assert_eq!(waits(&mut store), 1_234);
    // A connection that is made again is told the same.
    store.reset();
    assert_eq!(waits(&mut store), 1_234);
}

#[derive(QueryableByName)]
struct Wait {
    #[diesel(sql_type = Integer)]
    timeout: i32,
}

#[test]
fn a_second_server_on_the_file_is_refused() {
    let database = sqlite();
    let Target::Sqlite(path) = &database.target else {
        panic!("not a file")
    };
    let held = lock(path).unwrap();
    assert!(matches!(lock(path), Err(StoreError::Locked(_))));
    drop(held);
    lock(path).unwrap();
}

#[test]
fn a_backup_is_a_whole_world() {
    let database = sqlite();
    migrate(&database.target, NOW).unwrap();
    let mut stage = Stage::new(&database.target, &["alice", "bob"]);
    let pay = stage.pay("alice", "bob", 42, "1");
    stage.commit(vec![pay]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("copy.db");
    backup(&database.target, &file).unwrap();
    assert!(matches!(
        backup(&database.target, &file),
        Err(StoreError::File { .. })
    ));
    let mut copy = Reader::open(&Target::Sqlite(file.clone())).unwrap();
    assert_eq!(copy.balance(stage.agent("bob").id).unwrap(), Some(100_042));
    assert_eq!(copy.verify().unwrap(), []);
    let text = backup(&Target::Postgres("postgres://x".to_owned()), &file)
        .unwrap_err()
        .to_string();
    assert!(text.contains("pg_dump"), "{text}");
}

#[test]
fn a_reader_cannot_write() {
    on_both(|target| {
        let mut reader = Reader::open(target).unwrap();
        let write = reader.read("write", |conn| run(conn, "DELETE FROM account"));
        assert!(write.is_err());
    });
}
