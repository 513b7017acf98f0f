//! Throw-away PostgreSQL and Redis servers on free ports of 127.0.0.1, in folders of their own, so that a test may kill them.
//!
//! A server and its folder go when its value is dropped, when a test panics, and when the test process itself is killed:
//! a small watcher process waits for the end of our side of a pipe, which the kernel closes in every case.
//! A missing program fails the test with the command that installs it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How often a new port is tried when another process was faster.
const MAX_STARTS: u32 = 5;
/// How long a server may take to start or to stop. Recovery after a kill is part of it.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// Ports are taken below the kernel's range for outgoing connections, so that a killed server finds its port free again.
const FIRST_PORT: u16 = 20_000;
const PORTS: u16 = 12_000;

/// Waits until `is_there` gives a value, and panics with `what` when that takes longer than a minute.
pub fn wait_until<T>(what: &str, mut is_there: impl FnMut() -> Option<T>) -> T {
    for _ in 0..PATIENCE.as_millis() / POLL_INTERVAL.as_millis() {
        if let Some(value) = is_there() {
            return value;
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "the pause between two looks at a state, bounded by PATIENCE"
        )]
        std::thread::sleep(POLL_INTERVAL);
    }
    panic!("waited {PATIENCE:?} in vain: {what}");
}

/// Finds a program in `PATH` and in `folders`; the error names the command that installs it.
pub fn program(name: &str, folders: &[PathBuf], package: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let sbin = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    let mut places = folders
        .iter()
        .cloned()
        .chain(std::env::split_paths(&path))
        .chain(sbin);
    places
        .find_map(|folder| Some(folder.join(name)).filter(|file| file.is_file()))
        .ok_or_else(|| {
            format!("`{name}` is missing: run `scripts/need.sh services` (apt-get install {package})")
        })
}

/// Gives a port of 127.0.0.1 on which nobody listens, another one on each call.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test processes that run at the same time start at different places.
    let start = u16::try_from(std::process::id() % u32::from(PORTS))
        .unwrap_or_default()
        .wrapping_mul(37)
        % PORTS;
    let candidates =
        (0..PORTS).map(|_| FIRST_PORT + (start + NEXT.fetch_add(1, Ordering::Relaxed) % PORTS) % PORTS);
    let mut free = candidates.filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.next().expect("one of 12,000 ports is free")
}

/// The user that servers run as: PostgreSQL refuses to run as root.
#[derive(Clone, Copy)]
struct Account {
    user_id: u32,
    group_id: u32,
}

impl Account {
    /// Nothing to change for an ordinary user; for root `postgres`, else `nobody`.
    fn unprivileged(folder: &Path) -> Option<Self> {
        if fs::metadata(folder).expect("our own folder is there").uid() != 0 {
            return None;
        }
        let users = fs::read_to_string("/etc/passwd").expect("the list of users is readable");
        let find = |wanted: &str| {
            let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
            let mut matching = fields.filter(|fields| fields.len() > 3 && fields[0] == wanted);
            let fields = matching.next()?;
            Some(Self {
                user_id: fields[2].parse().ok()?,
                group_id: fields[3].parse().ok()?,
            })
        };
        Some(
            find("postgres")
                .or_else(|| find("nobody"))
                .expect("root needs a user `postgres` or `nobody`"),
        )
    }
}

/// A folder, the server that lives in it, and the watcher that removes both when we are gone.
pub struct Cell {
    /// The folder, gone after drop.
    pub folder: PathBuf,
    account: Option<Account>,
    server: Option<Child>,
    watcher: Child,
    line: Option<ChildStdin>,
}

/// Reads the process id of the server (0 for none) from each line. At the end of the input it ends the server, first
/// with the signal `$2` and, when that does not help within 5 seconds, with KILL; then it removes the folder `$1`.
const WATCHER: &str = r#"
pid=0
while read -r line; do pid=$line; done
if [ "$pid" -gt 0 ]; then
    kill -s "$2" "$pid"
    tries=50
    while kill -0 "$pid" && [ "$tries" -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
    kill -s KILL "$pid"
fi
rm -rf -- "$1"
"#;

impl Cell {
    /// A cell whose server must not run as root; `end` is the signal that ends it.
    fn new(kind: &str, end: Signal) -> Self {
        Self::with_account(kind, end, Account::unprivileged)
    }

    /// A cell whose server runs as we do.
    pub fn own(kind: &str, end: Signal) -> Self {
        Self::with_account(kind, end, |_| None)
    }

    fn with_account(kind: &str, end: Signal, account_of: impl FnOnce(&Path) -> Option<Account>) -> Self {
        let folder = tempfile::Builder::new()
            .prefix(&format!("rookery-{kind}-"))
            .tempdir();
        let folder = folder.expect("a temporary folder can be made").keep();
        let account = account_of(&folder);
        if let Some(account) = account {
            chown(&folder, Some(account.user_id), Some(account.group_id))
                .expect("root may give its folder away");
        }
        let mut watcher = Command::new("sh")
            .args(["-c", WATCHER, "watcher"])
            .arg(&folder)
            .arg(end.as_str().trim_start_matches("SIG"))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A Ctrl-C at the terminal ends the tests, not the one who cleans up after them.
            .process_group(0)
            .spawn()
            .expect("sh starts");
        let line = watcher.stdin.take();
        Self {
            folder,
            account,
            server: None,
            watcher,
            line,
        }
    }

    /// A command that runs in the folder, as the unprivileged user when we are root.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .process_group(0);
        // The tests' surroundings, such as PGPORT or PGDATA, are not the server's.
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LC_ALL", "C");
        if let Some(account) = self.account {
            command.uid(account.user_id).gid(account.group_id);
        }
        command
    }

    /// The id of the server's process; 0 while there is none.
    pub fn pid(&self) -> u32 {
        self.server.as_ref().map_or(0, Child::id)
    }

    /// What the server wrote since its last start.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Starts the server and waits until it is ready; `Err` when it ended before.
    pub fn start(&mut self, command: &mut Command, is_ready: impl Fn(u32) -> bool) -> Result<(), String> {
        let log = File::create(self.folder.join("log")).expect("the log can be made");
        let errors = log.try_clone().expect("the log can be shared");
        self.server = Some(
            command
                .stdout(log)
                .stderr(errors)
                .spawn()
                .expect("the server's program starts"),
        );
        self.tell_watcher();
        let folder = self.folder.display().to_string();
        let server = self.server.as_mut().expect("the server was started just now");
        let is_up = wait_until(&format!("a server is ready in {folder}"), || {
            let has_ended = server
                .try_wait()
                .expect("our own child can be looked at")
                .is_some();
            (has_ended || is_ready(server.id())).then_some(!has_ended)
        });
        if is_up {
            return Ok(());
        }
        self.server = None;
        self.tell_watcher();
        Err(self.log())
    }

    fn tell_watcher(&mut self) {
        let pid = self.server.as_ref().map_or(0, Child::id);
        let line = self
            .line
            .as_mut()
            .expect("the watcher listens until we are dropped");
        writeln!(line, "{pid}").expect("the watcher lives");
    }

    /// Ends the server with a signal and waits until it is gone.
    pub fn stop(&mut self, signal: Signal) {
        let Some(server) = self.server.as_mut() else {
            return;
        };
        let pid = Pid::from_raw(i32::try_from(server.id()).expect("a process id is small"));
        kill(pid, signal).expect("our own child can be signalled");
        wait_until("the server is gone", || {
            server.try_wait().expect("our own child can be looked at")
        });
        self.server = None;
        self.tell_watcher();
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        // The watcher does the work, here as after a crash of ours: one way to clean up, used every day. A failure to
        // wait for it would leave a process that ends by itself.
        drop(self.line.take());
        if let Some(server) = self.server.as_mut() {
            let _ = server.wait();
        }
        let _ = self.watcher.wait();
    }
}

/// Starts on a new port again when another process took the port in between.
fn start_on_free_port(what: &str, mut start: impl FnMut(u16) -> Result<(), String>) -> u16 {
    let mut log = String::new();
    for _ in 0..MAX_STARTS {
        let port = free_port();
        match start(port) {
            Ok(()) => return port,
            Err(text) if text.contains("in use") => log = text,
            Err(text) => panic!("{what} does not start:\n{text}"),
        }
    }
    panic!("{what} found no port in {MAX_STARTS} attempts:\n{log}");
}

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

/// A Redis server that keeps nothing on disk.
pub struct Redis {
    cell: Cell,
    program: PathBuf,
    port: u16,
}

impl Redis {
    /// Starts an empty server.
    pub fn start() -> Self {
        let cell = Cell::new("redis", Signal::SIGKILL);
        let program = program("redis-server", &[], "redis-server").unwrap_or_else(|error| panic!("{error}"));
        let mut redis = Self {
            cell,
            program,
            port: 0,
        };
        redis.port = start_on_free_port("Redis", |port| redis.launch(port));
        redis
    }

    fn launch(&mut self, port: u16) -> Result<(), String> {
        let mut command = self.cell.command(&self.program);
        command.args([
            "--bind",
            "127.0.0.1",
            "--port",
            &port.to_string(),
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        // Another server may hold the port and answer in our place: the process id in the answer must be ours.
        self.cell.start(&mut command, |pid| {
            ask_redis(port, "INFO server")
                .is_some_and(|info| info.contains(&format!("\r\nprocess_id:{pid}\r\n")))
        })
    }

    /// The address of the server.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Sends one command, words parted by spaces, and gives the first 4 KiB of the raw answer (`+OK\r\n`); none when the
    /// server is away.
    pub fn ask(&self, command: &str) -> Option<String> {
        ask_redis(self.port, command)
    }

    /// Forgets everything, as an emptied server does.
    pub fn flush(&self) {
        assert_eq!(self.ask("FLUSHALL").as_deref(), Some("+OK\r\n"));
    }

    /// Ends the server without warning.
    pub fn kill(&mut self) {
        self.cell.stop(Signal::SIGKILL);
    }

    /// Starts the server again, empty, on the same port; kills it first when it runs.
    pub fn restart(&mut self) {
        self.kill();
        let port = self.port;
        self.launch(port)
            .unwrap_or_else(|log| panic!("Redis does not start again:\n{log}"));
    }

    /// The folder of the server, gone after drop.
    pub fn folder(&self) -> &Path {
        &self.cell.folder
    }
}

fn ask_redis(port: u16, command: &str) -> Option<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut socket = TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    socket.write_all(format!("{command}\r\n").as_bytes()).ok()?;
    let mut answer = [0; 4096];
    let length = socket.read(&mut answer).ok()?;
    Some(String::from_utf8_lossy(answer.get(..length)?).into_owned())
}
