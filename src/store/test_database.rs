//! Throw-away databases for tests: SQLite files and one PostgreSQL of our own a test process.

use super::connection::on_conn;
use super::{Result, Store, Target, migrate};
use crate::base::time::Timestamp;
use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// When tests take place: the middle of a month.
pub const NOW: Timestamp = Timestamp(1_789_500_000_000);

/// A database for one test.
pub struct TestDatabase {
    pub target: Target,
    _directory: Option<tempfile::TempDir>,
}

/// Runs one body on both databases, each migrated and empty.
pub fn on_both(body: impl Fn(&Target)) {
    for database in [sqlite(), postgres()] {
        migrate(&database.target, NOW).unwrap();
        body(&database.target);
    }
}

/// A SQLite file, empty.
pub fn sqlite() -> TestDatabase {
    let directory = tempfile::tempdir().unwrap();
    TestDatabase {
        target: Target::Sqlite(directory.path().join("world.db")),
        _directory: Some(directory),
    }
}

/// A database on the test server, empty.
pub fn postgres() -> TestDatabase {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let port = server();
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let mut admin = connect(port, "postgres").unwrap();
    diesel::sql_query(format!("CREATE DATABASE {name}"))
        .execute(&mut admin)
        .unwrap();
    TestDatabase {
        target: Target::Postgres(url(port, &name)),
        _directory: None,
    }
}

/// Runs a statement of the test's own.
pub fn tamper(target: &Target, sql: &str) {
    match super::connection::Conn::open(target, true, super::connection::LOCK_WAIT_MS).unwrap() {
        super::connection::Conn::Sqlite(mut c) => c.batch_execute(sql).unwrap(),
        super::connection::Conn::Pg(mut c) => c.batch_execute(sql).unwrap(),
    }
}

/// Panics in the middle of a transaction, when every agent has another name already.
pub fn tear(store: &mut Store) -> Result<()> {
    store.write("give another name", |conn| {
        on_conn!(conn, |c| c.batch_execute("UPDATE agents SET name = 'torn'"))?;
        panic!("torn out of its transaction")
    })
}

fn connect(port: u16, database: &str) -> diesel::ConnectionResult<super::connection::PgConnection> {
    super::connection::connect(&url(port, database), std::time::Duration::from_secs(5))
}

fn url(port: u16, database: &str) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/{database}")
}

/// The port of the server, which is started by the first who asks and ends with this process.
fn server() -> u16 {
    static PORT: OnceLock<u16> = OnceLock::new();
    *PORT.get_or_init(|| {
        let binaries = binaries().expect("PostgreSQL is missing: apt-get install -y postgresql");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let directory = std::env::temp_dir().join(format!("rookery-pg-{}-{port}", std::process::id()));
        let script = format!(
            "trap 'kill -INT $pid' TERM INT; mkdir -m 700 {dir} && cd {dir} && \
             {bin}/initdb -D {dir}/data -U postgres -A trust -E UTF8 --locale=C -N >{dir}/initdb.log 2>&1 && \
             {{ {bin}/postgres -D {dir}/data -p {port} -h 127.0.0.1 -k {dir} -c fsync=off -c synchronous_commit=off \
             -c full_page_writes=off -c max_connections=200 -c shared_buffers=64MB >{dir}/postgres.log 2>&1 & }}; \
             pid=$!; wait $pid; wait $pid; rm -rf {dir}",
            dir = directory.display(),
            bin = binaries.display()
        );
        // The signal comes when the starting thread ends, so that is one that never does.
        std::thread::spawn(move || {
            let is_root = nix_is_root();
            let mut command = Command::new("setpriv");
            if is_root {
                command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
            }
            command.args(["--pdeathsig", "TERM", "sh", "-c", &script]).stdin(Stdio::null());
            let mut child = command.spawn().unwrap();
            child.wait().unwrap();
        });
        wait_until_up(port);
        port
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "another process tells nobody that it is up"
)]
fn wait_until_up(port: u16) {
    for _ in 0..600 {
        if connect(port, "postgres").is_ok() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("PostgreSQL did not come up in 30 seconds");
}

fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<PathBuf> = versions.flatten().map(|entry| entry.path().join("bin")).collect();
    found.retain(|bin| bin.join("initdb").exists());
    found.sort();
    found.pop()
}

fn nix_is_root() -> bool {
    // The owner of /proc/self is who we are.
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}
