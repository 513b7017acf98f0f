//! PostgreSQL.

use super::{Cell, program, start_on_free_port, wait_until};
use nix::sys::signal::Signal;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A PostgreSQL cluster with 100 connections and the superuser `rookery`, who needs no password on 127.0.0.1.
pub struct Postgres {
    cell: Cell,
    programs: PathBuf,
    port: u16,
    is_durable: bool,
}

impl Postgres {
    /// Starts a cluster that is as durable as a real one.
    pub fn start() -> Self {
        Self::with(true)
    }

    /// Starts a cluster that does not wait for the disk: for tests that never kill it.
    pub fn fast() -> Self {
        Self::with(false)
    }

    /// The fast cluster that all tests of this process share; each takes a database of its own.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Self::fast)
    }

    fn with(is_durable: bool) -> Self {
        let cell = Cell::new("postgres", Signal::SIGQUIT);
        let initdb =
            program("initdb", &postgres_folders(), "postgresql").unwrap_or_else(|error| panic!("{error}"));
        let made = cell
            .command(&initdb)
            .args([
                "--pgdata=cluster",
                "--username=rookery",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-locale",
            ])
            .args(["--no-sync", "--no-instructions"])
            .output()
            .expect("initdb starts");
        assert!(
            made.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let programs = initdb.parent().expect("a program is in a folder").to_owned();
        let mut postgres = Self {
            cell,
            programs,
            port: 0,
            is_durable,
        };
        postgres.port = start_on_free_port("PostgreSQL", |port| postgres.launch(port));
        postgres
    }

    fn launch(&mut self, port: u16) -> Result<(), String> {
        let mut command = self.cell.command(&self.programs.join("postgres"));
        command.args(["-D", "cluster", "-p", &port.to_string()]);
        let mut settings = vec![
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=100",
        ];
        settings.extend(["shared_buffers=32MB", "dynamic_shared_memory_type=mmap"]);
        if !self.is_durable {
            settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"]);
        }
        command.args(settings.iter().flat_map(|setting| ["-c", setting]));
        // The file outlives a killed server, so it counts only with the new server's process id.
        let state = self.cell.folder.join("cluster/postmaster.pid");
        self.cell.start(&mut command, |pid| {
            let text = fs::read_to_string(&state).unwrap_or_default();
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            lines.first() == Some(&pid.to_string().as_str()) && lines.get(7) == Some(&"ready")
        })
    }

    /// The address of the database `postgres`, which every cluster has.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The address of a database of this cluster.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://rookery@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database and gives its address; `name` is used as it stands, so let it be lower-case letters,
    /// digits and `_`, and new in this cluster.
    pub fn create_database(&self, name: &str) -> String {
        self.query("postgres", &format!("CREATE DATABASE \"{name}\""));
        self.url_of(name)
    }

    /// Makes an empty database with a name that nobody else in this process gets, and gives its address.
    pub fn fresh_database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        self.create_database(&format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    /// Runs SQL in a database and gives the rows as psql prints them: a line a row, `|` between columns.
    pub fn query(&self, database: &str, sql: &str) -> String {
        let mut command = self.cell.command(&self.programs.join("psql"));
        let psql = command
            .args(["--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql])
            .arg(self.url_of(database));
        let answer = psql.output().expect("psql starts");
        assert!(
            answer.status.success(),
            "{sql}: {}",
            String::from_utf8_lossy(&answer.stderr)
        );
        String::from_utf8_lossy(&answer.stdout).trim_end().to_owned()
    }

    /// Keeps everybody else away from a table until the value is dropped.
    pub fn hold(&self, database: &str, table: &str) -> Held<'_> {
        let mut command = self.cell.command(&self.programs.join("psql"));
        let psql = command
            .args(["--no-psqlrc", "-qAt"])
            .arg(self.url_of(database))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut psql = psql.spawn().expect("psql starts");
        // It waits for more, in the middle of its transaction, until its input ends.
        let input = psql.stdin.as_mut().expect("its input is a pipe");
        writeln!(input, "BEGIN; LOCK TABLE {table};").expect("psql reads");
        let held = Held {
            postgres: self,
            database: database.to_owned(),
            table: table.to_owned(),
            psql,
        };
        wait_until("a table is held", || {
            (!held.sessions("granted").is_empty()).then_some(())
        });
        held
    }

    /// Ends the server as a crash does: connections break, nothing is written back, the next start recovers from the log.
    pub fn kill_immediate(&mut self) {
        self.cell.stop(Signal::SIGQUIT);
    }

    /// Starts the server again on the same port and data; kills it first when it runs.
    pub fn restart(&mut self) {
        self.kill_immediate();
        let port = self.port;
        self.launch(port)
            .unwrap_or_else(|log| panic!("PostgreSQL does not start again:\n{log}"));
    }

    /// The folder of the server, gone after drop.
    pub fn folder(&self) -> &Path {
        &self.cell.folder
    }
}

/// A table that nobody else can read.
pub struct Held<'a> {
    postgres: &'a Postgres,
    database: String,
    table: String,
    psql: Child,
}

impl Held<'_> {
    /// Whether somebody waits for it.
    pub fn is_waited_for(&self) -> bool {
        !self.sessions("NOT granted").is_empty()
    }

    /// The sessions whose lock of the table is of that kind.
    fn sessions(&self, which: &str) -> String {
        let Self { database, table, .. } = self;
        let locks = format!("SELECT pid FROM pg_locks WHERE relation = '{table}'::regclass AND {which}");
        self.postgres.query(
            database,
            &format!(
                "{locks} AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            ),
        )
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        drop(self.psql.stdin.take());
        // Its input has ended, so it ends by itself.
        let _ = self.psql.wait();
    }
}

/// Debian keeps the server's programs outside `PATH`, a folder a version; the newest comes first.
fn postgres_folders() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let mut versions: Vec<PathBuf> = versions.collect();
    versions.sort_by_key(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        std::cmp::Reverse(name.and_then(|name| name.parse::<u32>().ok()))
    });
    versions.iter().map(|path| path.join("bin")).collect()
}
