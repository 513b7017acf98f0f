//! What goes wrong between us and the database.

use super::*;
use diesel::connection::SimpleConnection;
use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const PASS: u8 = 0;
const CUT_BEFORE_COMMIT: u8 = 1;
const CUT_AFTER_COMMIT: u8 = 2;

/// A way to PostgreSQL that is cut around the next COMMIT: before the server gets it, or before its answer comes back.
fn faulty_way(target: &Target) -> (Target, Arc<AtomicU8>) {
    let Target::Postgres(url) = target else {
        panic!("not PostgreSQL")
    };
    let (address, database) = url.rsplit_once('@').unwrap().1.split_once('/').unwrap();
    let (address, listener) = (address.to_owned(), TcpListener::bind("127.0.0.1:0").unwrap());
    let way = Target::Postgres(format!(
        "postgres://postgres@{}/{database}",
        listener.local_addr().unwrap()
    ));
    let mode = Arc::new(AtomicU8::new(PASS));
    let shared = mode.clone();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(&address).unwrap();
            let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut answers, &mut back));
            let mode = shared.clone();
            std::thread::spawn(move || forward(client, server, &mode));
        }
    });
    (way, mode)
}

fn forward(mut client: TcpStream, mut server: TcpStream, mode: &AtomicU8) {
    let mut buffer = vec![0; 65_536];
    while let Ok(length) = client.read(&mut buffer) {
        let part = &buffer[..length];
        let is_commit = part.windows(7).any(|text| text == b"COMMIT\0");
        let wanted = if is_commit {
            mode.swap(PASS, Ordering::SeqCst)
        } else {
            PASS
        };
        if wanted == CUT_AFTER_COMMIT {
            // The way back is closed first, so the answer cannot arrive.
            client.shutdown(std::net::Shutdown::Both).unwrap();
        }
        if length == 0
            || wanted == CUT_BEFORE_COMMIT
            || server.write_all(part).is_err()
            || wanted == CUT_AFTER_COMMIT
        {
            break;
        }
    }
    // Only our half is closed: the server reads the COMMIT to its end.
    let _ = server.shutdown(std::net::Shutdown::Write);
    let _ = client.shutdown(std::net::Shutdown::Both);
}

#[test]
fn a_commit_whose_answer_is_lost_is_told_by_the_database() {
    let database = postgres();
    let mut stage = Stage::new(&database.target, &["alice", "bob"]);
    let (way, mode) = faulty_way(&database.target);
    let mut store = Store::open(&way).unwrap();
    for (round, fault) in [CUT_AFTER_COMMIT, CUT_BEFORE_COMMIT, PASS]
        .into_iter()
        .cycle()
        .take(12)
        .enumerate()
    {
        mode.store(fault, Ordering::SeqCst);
        let batch = stage.batch(vec![stage.pay("alice", "bob", 1, &format!("{round}"))]);
        let outcomes = store.commit(&batch).unwrap();
        assert_eq!(
            seq_of(&outcomes[0]),
            i64::try_from(round).unwrap() + 1,
            "fault {fault}"
        );
        assert_eq!(mode.load(Ordering::SeqCst), PASS, "the fault was not used");
    }
    assert_eq!((stage.balance("bob"), stage.last_seq()), (100_012, 12));
    stage.assert_sound();
}

#[test]
fn a_lost_commit_of_another_owners_shard_is_fenced() {
    let database = postgres();
    let mut stage = Stage::new(&database.target, &["alice", "bob"]);
    let (way, mode) = faulty_way(&database.target);
    let mut store = Store::open(&way).unwrap();
    let batch = stage.batch(vec![stage.pay("alice", "bob", 1, "1")]);
    let now = stage.now;
    stage.store.claim_shards(NodeId(fresh_id()), 60_000, now).unwrap();
    mode.store(CUT_BEFORE_COMMIT, Ordering::SeqCst);
    assert!(matches!(store.commit(&batch), Err(CommitError::Fenced(_))));
    assert_eq!(stage.balance("bob"), 100_000);
}

#[test]
fn a_store_comes_back_after_its_connection_was_cut() {
    let database = postgres();
    let mut stage = Stage::new(&database.target, &["alice", "bob"]);
    let mut reader = Reader::open(&database.target).unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    tamper(&database.target, cut);
    let pay = stage.pay("alice", "bob", 1, "1");
    assert_eq!(seq_of(&stage.commit(vec![pay])[0]), 1);
    assert_eq!(reader.count_agents().unwrap(), 2);
    tamper(&database.target, cut);
    let carol = new_agent("carol");
    let now = stage.now;
    assert_eq!(stage.store.register_agent(&carol, now).unwrap(), Registered::Done);
}

#[test]
fn a_full_disk_is_told_apart_and_heals_without_a_restart() {
    let database = sqlite();
    migrate(&database.target, NOW).unwrap();
    let mut stage = Stage::new(&database.target, &["alice", "bob"]);
    let limit = |stage: &mut Stage, sql: &str| match stage.store.conn().unwrap() {
        crate::store::connection::Conn::Sqlite(c) => c.batch_execute(sql).unwrap(),
        crate::store::connection::Conn::Pg(_) => panic!("not SQLite"),
    };
    // The smallest limit that SQLite takes is the present size.
    limit(&mut stage, "PRAGMA max_page_count = 1");
    let big = (0..500)
        .map(|n| stage.pay("alice", "bob", 1, &format!("{n}")))
        .collect();
    let batch = stage.batch(big);
    match stage.store.commit(&batch) {
        Err(CommitError::NotCommitted { is_disk_full, .. }) => assert!(is_disk_full),
        other => panic!("{other:?}"),
    }
    assert_eq!((stage.balance("bob"), stage.last_seq()), (100_000, 0));
    limit(&mut stage, "PRAGMA max_page_count = 1000000");
    assert_eq!(stage.store.commit(&batch).unwrap().len(), 500);
    assert_eq!((stage.balance("bob"), stage.last_seq()), (100_500, 500));
    stage.assert_sound();
}

#[test]
fn a_batch_over_the_limit_is_refused() {
    let database = sqlite();
    migrate(&database.target, NOW).unwrap();
    let mut stage = Stage::new(&database.target, &["alice", "bob"]);
    let batch = stage.batch(
        (0..=BATCH_MAX)
            .map(|n| stage.pay("alice", "bob", 1, &format!("{n}")))
            .collect(),
    );
    assert!(matches!(
        stage.store.commit(&batch),
        Err(CommitError::NotCommitted {
            is_disk_full: false,
            ..
        })
    ));
    assert_eq!(stage.last_seq(), 0);
}
