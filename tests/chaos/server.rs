//! The real program: started, killed, and asked on the command line.

use crate::options::Options;
use crate::services::{self, Postgres, Redis};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use rookery::store::{Reader, Target};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::time::Duration;

/// How long a server may take to start: the old leases, and a slow machine.
const STARTING: Duration = Duration::from_secs(60);

/// An agent with its token.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its handle.
    pub agent_id: String,
    /// Its token.
    pub token: String,
}

fn free_address() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, services::free_port()))
}

fn temporary_folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("rookery-chaos-").tempdir();
    folder.expect("a temporary folder can be made")
}

/// A world on one database, whose server comes and goes.
pub struct World {
    /// Where it listens, each time.
    pub address: SocketAddr,
    folder: tempfile::TempDir,
    postgres: Option<Arc<Mutex<Postgres>>>,
    redis: Option<Arc<Mutex<Redis>>>,
    lease_ttl_ms: u64,
    world_file: Option<PathBuf>,
    surroundings: Vec<(String, String)>,
    detour: Option<SocketAddr>,
    program: PathBuf,
    running: Option<Child>,
}

/// The program that is tested.
fn tested() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_rookery"))
}

impl World {
    /// An empty world.
    pub fn new(database: &str, options: &Options) -> Self {
        let folder = temporary_folder();
        let postgres = (database == "postgres").then(|| Arc::new(Mutex::new(Postgres::start())));
        Self {
            address: free_address(),
            folder,
            postgres,
            redis: None,
            lease_ttl_ms: options.lease_ttl_ms,
            world_file: None,
            surroundings: options
                .mutant
                .iter()
                .map(|defect| ("ROOKERY_MUTANT".to_owned(), defect.clone()))
                .collect(),
            detour: None,
            program: options.from.clone().unwrap_or_else(tested),
            running: None,
        }
    }

    /// Another node of the same world, on the same PostgreSQL.
    pub fn beside(&self) -> Self {
        assert!(self.postgres.is_some(), "SQLite serves one process");
        Self {
            address: free_address(),
            folder: temporary_folder(),
            postgres: self.postgres.clone(),
            redis: self.redis.clone(),
            lease_ttl_ms: self.lease_ttl_ms,
            world_file: None,
            surroundings: self.surroundings.clone(),
            detour: None,
            program: self.program.clone(),
            running: None,
        }
    }

    /// From the next start on it runs the program that is tested.
    pub fn renew(&mut self) {
        self.program = tested();
    }

    /// Gives the world a Redis.
    pub fn add_redis(&mut self) {
        self.redis = Some(Arc::new(Mutex::new(Redis::start())));
    }

    /// Lets the program see a variable from now on.
    pub fn surround(&mut self, name: &str, value: &str) {
        self.surroundings.push((name.to_owned(), value.to_owned()));
    }

    /// Where its PostgreSQL listens.
    pub fn postgres_address(&self) -> SocketAddr {
        let url = self.postgres().url();
        let place = url.split(['@', '/']).nth(3).expect("a URL with a user");
        place.parse().expect("an address and a port")
    }

    /// Lets the server reach PostgreSQL by way of a proxy; other commands go straight.
    pub fn detour(&mut self, proxy: SocketAddr) {
        self.detour = Some(proxy);
    }

    /// Where the node listens that holds the first shard.
    pub fn holder(&self) -> String {
        let sql = "SELECT n.addr FROM shard s JOIN node n ON n.id = s.owner WHERE s.id = 1";
        self.postgres().query("postgres", sql)
    }

    /// Whether this node holds it.
    pub fn has_the_world(&self) -> bool {
        self.holder() == self.address.to_string()
    }

    /// Its PostgreSQL.
    pub fn postgres(&self) -> MutexGuard<'_, Postgres> {
        let postgres = self.postgres.as_ref().expect("the world is on PostgreSQL");
        postgres.lock().expect("nobody failed with it")
    }

    /// Its Redis.
    pub fn redis(&self) -> MutexGuard<'_, Redis> {
        let redis = self.redis.as_ref().expect("the world has a Redis");
        redis.lock().expect("nobody failed with it")
    }

    /// A folder that goes with the world.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The world that the next start makes, as the text of a world file.
    pub fn describe(&mut self, text: &str) {
        let path = self.folder.path().join("world.toml");
        std::fs::write(&path, text).expect("the world file can be written");
        self.world_file = Some(path);
    }

    /// Resident memory of the server. Units: bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the server runs");
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .expect("Linux tells it");
        let kib: u64 = line
            .split_whitespace()
            .nth(1)
            .and_then(|text| text.parse().ok())
            .expect("a number");
        kib * 1_024
    }

    /// Processor time that the server took. Units: seconds.
    pub fn cpu_s(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).expect("the server runs");
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .expect("a name in brackets")
            .split_whitespace()
            .collect();
        let ticks = |index: usize| fields[index].parse::<f64>().expect("a number");
        // Fields 14 and 15 of proc(5), in hundredths of a second on every Linux.
        (ticks(11) + ticks(12)) / 100.0
    }

    /// The value of a metric without labels, or the sum over its labels.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = reqwest::get(format!("http://{}/metrics", self.address))
            .await
            .expect("the server answers");
        let text = text.text().await.expect("a text");
        let of_name = |line: &&str| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with([' ', '{']))
        };
        let values = text
            .lines()
            .filter(of_name)
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        values.sum()
    }

    /// What the server wrote to its log since the first start.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The program, its surroundings cleared of the caller's settings.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        let inherited = std::env::vars()
            .map(|(name, _)| name)
            .filter(|name| name.starts_with("ROOKERY_"));
        for name in inherited {
            command.env_remove(name);
        }
        command
            .current_dir(self.folder.path())
            .args(words)
            .arg("--data")
            .arg(self.data());
        if self.postgres.is_some() {
            let straight = self.postgres().url();
            let detour = self.detour.filter(|_| words.first() == Some(&"serve"));
            command
                .arg("--database")
                .arg(detour.map_or(straight, |proxy| format!("postgres://rookery@{proxy}/postgres")));
        }
        if self.redis.is_some() {
            command.env("ROOKERY_REDIS", self.redis().url());
        }
        command.env("ROOKERY_STORE__LEASE_TTL_MS", self.lease_ttl_ms.to_string());
        command.env("ROOKERY_LOG__FILTER", "warn").stdin(Stdio::null());
        command.envs(self.surroundings.iter().cloned());
        command
    }

    /// The database, for reading.
    pub fn reader(&self) -> Reader {
        let target = match &self.postgres {
            Some(_) => Target::Postgres(self.postgres().url()),
            None => Target::Sqlite(self.data().join("rookery.sqlite")),
        };
        Reader::open(&target).expect("the database opens")
    }

    /// Makes agents with tokens.
    pub fn mint(&self, count: usize) -> Vec<Identity> {
        let made = self
            .command(&["token", "mint", "--agents", &count.to_string()])
            .output()
            .expect("the program starts");
        assert!(
            made.status.success(),
            "mint: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let text = String::from_utf8(made.stdout).expect("it prints text");
        let identity = |line: &str| {
            let value: Value = serde_json::from_str(line).expect("it prints JSON");
            let field = |name: &str| value[name].as_str().expect("a text").to_owned();
            Identity {
                agent_id: field("agent_id"),
                token: field("token"),
            }
        };
        let made: Vec<Identity> = text.lines().map(identity).collect();
        assert_eq!(made.len(), count, "all agents are made");
        made
    }

    /// Runs `rookery verify`. Errors: what it found.
    pub fn verify(&self) -> Result<(), String> {
        let run = self.command(&["verify"]).output().expect("the program starts");
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&run.stdout),
            String::from_utf8_lossy(&run.stderr)
        );
        if run.status.success() { Ok(()) } else { Err(said) }
    }

    /// Starts the server without waiting for it. Gives what it says that it does, each time that changes.
    pub fn launch(&mut self) -> mpsc::Receiver<String> {
        assert!(self.running.is_none(), "one server at a time");
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .expect("a log");
        let listen = self.address.to_string();
        let mut command = self.command(&["serve", "--unlimited", "--listen", &listen]);
        if let Some(file) = &self.world_file {
            command.arg("--world").arg(file);
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let output = child.stdout.take().expect("its output is a pipe");
        self.running = Some(child);
        let (says, said) = mpsc::channel();
        // Reads until the server is gone, so that it never waits for a full pipe.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some((does, _address)) = line
                    .strip_prefix("Rookery ")
                    .and_then(|rest| rest.split_once(':'))
                {
                    // Nobody may wait any more.
                    let _ = says.send(does.to_owned());
                }
            }
        });
        said
    }

    /// Starts the server and waits until it runs.
    pub fn start(&mut self) {
        let said = self.launch();
        self.wait(&said, "runs");
    }

    /// Starts the server beside one that runs the world, and waits until it stands by.
    pub fn stand_by(&mut self) {
        let said = self.launch();
        self.wait(&said, "stands by");
    }

    /// Waits until a server that was launched does something.
    pub fn wait(&self, said: &mpsc::Receiver<String>, does: &str) {
        while let Ok(word) = said.recv_timeout(STARTING) {
            if word == does {
                return;
            }
        }
        let log = self.log();
        let tail: Vec<&str> = log.lines().rev().take(20).collect();
        panic!(
            "the server never said that it {does}; its log, newest first:\n{}",
            tail.join("\n")
        );
    }

    /// Kills the server with SIGKILL and waits until the kernel has taken it away.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            child.kill().expect("our own child can be killed");
            child.wait().expect("our own child can be waited for");
        }
    }

    /// Sends the server a signal.
    pub fn signal(&self, signal: Signal) {
        let process = Pid::from_raw(self.pid().try_into().expect("a process id"));
        nix::sys::signal::kill(process, signal).expect("our own child can be told");
    }

    /// Waits until a server that was told to stop has ended. Errors: how it ended, when not in order.
    pub fn ended(&mut self) -> Result<(), String> {
        let mut child = self.running.take().expect("the server runs");
        let status = child.wait().expect("our own child can be waited for");
        if status.success() {
            Ok(())
        } else {
            Err(status.to_string())
        }
    }

    /// The server's process id.
    pub fn pid(&self) -> u32 {
        self.running.as_ref().expect("the server runs").id()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.kill();
    }
}
