//! The services harness keeps its word: servers answer, survive what they should, and leave nothing behind.

use std::io::{BufRead, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::services::{Postgres, Redis, free_port, program, wait_until};

#[test]
fn each_database_is_empty_and_its_own() {
    let postgres = Postgres::shared();
    let (left, right) = (postgres.fresh_database(), postgres.fresh_database());
    assert_ne!(left, right);
    assert!(postgres.url().ends_with("/postgres"));
    let name = |url: &str| url.rsplit('/').next().unwrap().to_owned();
    postgres.query(
        &name(&left),
        "CREATE TABLE seat (id int); INSERT INTO seat VALUES (7)",
    );
    assert_eq!(postgres.query(&name(&left), "SELECT id FROM seat"), "7");
    assert_eq!(
        postgres.query(
            &name(&right),
            "SELECT count(*) FROM pg_tables WHERE tablename = 'seat'"
        ),
        "0"
    );
    assert_eq!(
        postgres.query("postgres", "SHOW fsync; SHOW max_connections"),
        "off\n100"
    );
}

#[test]
fn a_row_committed_before_a_kill_is_there_after_the_restart() {
    let mut postgres = Postgres::start();
    assert_eq!(
        postgres.query("postgres", "SHOW fsync; SHOW synchronous_commit"),
        "on\non"
    );
    let url = postgres.create_database("nest");
    assert_eq!(url, postgres.url_of("nest"));
    postgres.query(
        "nest",
        "CREATE TABLE egg (id int); INSERT INTO egg VALUES (1), (2)",
    );
    postgres.kill_immediate();
    assert!(
        std::fs::read_to_string(postgres.folder().join("log"))
            .unwrap()
            .contains("immediate shutdown")
    );
    postgres.restart();
    assert_eq!(postgres.query("nest", "SELECT id FROM egg ORDER BY id"), "1\n2");
    assert_eq!(postgres.url_of("nest"), url);
    let log = std::fs::read_to_string(postgres.folder().join("log")).unwrap();
    assert!(log.contains("not properly shut down"), "{log}");
}

#[test]
fn redis_forgets_on_flush_and_on_kill_and_keeps_its_port() {
    let mut redis = Redis::start();
    let url = redis.url();
    let put = |redis: &Redis| assert_eq!(redis.ask("SET egg 1").as_deref(), Some("+OK\r\n"));
    put(&redis);
    redis.flush();
    assert_eq!(redis.ask("GET egg").as_deref(), Some("$-1\r\n"));
    put(&redis);
    redis.kill();
    assert_eq!(redis.ask("GET egg"), None);
    redis.restart();
    assert_eq!(redis.ask("GET egg").as_deref(), Some("$-1\r\n"));
    assert_eq!(redis.url(), url);
}

#[test]
fn a_panicking_test_leaves_no_server_and_no_folder() {
    let mut left: Option<(String, PathBuf)> = None;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let redis = Redis::start();
        left = Some((process_id(&redis), redis.folder().to_owned()));
        panic!("as a failing test does");
    }));
    assert!(outcome.is_err());
    let (pid, folder) = left.expect("the server was started");
    assert!(!is_running(&pid) && !folder.exists());
}

const HOLD: &str = "ROOKERY_TEST_HOLDS_SERVERS";

/// Runs itself in a second process, which starts servers and waits, and kills that process without warning.
#[test]
fn servers_and_folders_go_with_a_killed_test_process() {
    if std::env::var_os(HOLD).is_some() {
        let (postgres, redis) = (Postgres::fast(), Redis::start());
        let pid = postgres.query("postgres", "SELECT pg_backend_pid()");
        assert!(!pid.is_empty());
        let postmaster = std::fs::read_to_string(postgres.folder().join("cluster/postmaster.pid")).unwrap();
        let (postgres_pid, redis_pid) = (postmaster.lines().next().unwrap(), process_id(&redis));
        println!(
            "\nheld {postgres_pid} {} {redis_pid} {}",
            postgres.folder().display(),
            redis.folder().display()
        );
        // The parent holds the other end and kills us; its own end would end us, too.
        std::io::stdin().read_line(&mut String::new()).unwrap();
        return;
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "services_tests::servers_and_folders_go_with_a_killed_test_process",
            "--nocapture",
        ])
        .env(HOLD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let held = lines
        .into_iter()
        .find(|line| line.starts_with("held "))
        .expect("the child starts its servers");
    let words: Vec<&str> = held.split(' ').collect();
    let [_, postgres_pid, postgres_folder, redis_pid, redis_folder] = words[..] else {
        panic!("{held}")
    };
    assert!(is_running(postgres_pid) && is_running(redis_pid));
    assert!(Path::new(postgres_folder).exists() && Path::new(redis_folder).exists());
    child.kill().unwrap();
    child.wait().unwrap();
    wait_until("servers are gone", || {
        (!is_running(postgres_pid) && !is_running(redis_pid)).then_some(())
    });
    let is_clean = || !Path::new(postgres_folder).exists() && !Path::new(redis_folder).exists();
    wait_until("folders are gone", || is_clean().then_some(()));
}

#[test]
fn a_missing_program_is_named_with_the_command_that_installs_it() {
    let error = program("no-such-server", &[], "no-such-package").unwrap_err();
    assert!(
        error.contains("`no-such-server` is missing") && error.contains("apt-get install no-such-package"),
        "{error}"
    );
}

#[test]
fn a_port_in_use_is_not_given() {
    let taken: Vec<_> = (0..3)
        .map(|_| std::net::TcpListener::bind(("127.0.0.1", free_port())).unwrap())
        .collect();
    let port = free_port();
    assert!(
        taken
            .iter()
            .all(|listener| listener.local_addr().unwrap().port() != port)
    );
}

fn process_id(redis: &Redis) -> String {
    let info = redis.ask("INFO server").expect("the server answers");
    info.lines()
        .find_map(|line| line.strip_prefix("process_id:"))
        .expect("the answer has a process id")
        .to_owned()
}

/// Whether a process is there and not just waiting to be forgotten.
fn is_running(pid: &str) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    state
        .rsplit(')')
        .next()
        .is_some_and(|rest| !rest.trim().is_empty() && !rest.trim_start().starts_with('Z'))
}
