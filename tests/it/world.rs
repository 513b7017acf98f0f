//! `TestWorld`: a real `rookery` process on a port of its own, with its data in a folder that goes with it.

mod admin;
mod border;
mod claim;
#[cfg(feature = "faults")]
mod fault;
mod permission;
mod placement;
mod presence;
mod reads;
mod replay;
mod restart;
mod shared;
mod shared_border;
mod shared_channels;
mod shared_flow;
mod shared_redis;
mod shared_rights;
mod shared_server_api;
mod standby;
mod stores;

pub use shared::Nodes;

use crate::agent::{Agent, Answer};
use crate::services::{Cell, free_port};
use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_rookery");
/// The secret of the tokens that tests make themselves.
pub const HMAC_SECRET: &str = "of-the-tests-only-0123456789abcdef";
/// How long an answer or a state may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks at a state.
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// How much of the log a failing test shows. Units: lines.
const LOG_LINES: usize = 60;

/// What a world is started with.
#[derive(Clone, Default)]
pub struct Settings {
    /// Whether rates and counts are limited.
    pub is_limited: bool,
    /// A PostgreSQL database in place of SQLite.
    pub database: Option<String>,
    /// A Redis server.
    pub redis: Option<String>,
    /// More variables.
    pub variables: Vec<(&'static str, String)>,
}

/// A running world. It goes with this value, with a panic, and with the test process.
pub struct TestWorld {
    cell: Cell,
    settings: Settings,
    port: u16,
    admin: OnceLock<String>,
}

/// A number that no other call in this process gets, for names.
pub fn unique() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Looks again and again until there is a value; fails with `what` when that takes too long.
pub async fn until<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    until_within(PATIENCE, what, look).await
}

/// Looks so long at the most.
pub async fn until_within<T>(patience: Duration, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let tries = patience.as_millis() / POLL_INTERVAL.as_millis();
    for _ in 0..tries {
        if let Some(value) = look().await {
            return value;
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    panic!("waited in vain: {what}");
}

impl TestWorld {
    /// The world without limits that all tests share which do not harm it.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<TestWorld> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Settings::default()))
    }

    /// Starts a world of its own.
    pub fn start(settings: Settings) -> Self {
        Self::start_as("runs", settings)
    }

    /// Starts a node beside one that runs the world on the same database.
    pub fn stand_by(settings: Settings) -> Self {
        Self::start_as("stands by", settings)
    }

    fn start_as(does: &str, settings: Settings) -> Self {
        let cell = Cell::own("world", Signal::SIGKILL);
        let mut world = Self {
            cell,
            settings,
            port: 0,
            admin: OnceLock::new(),
        };
        // Not port 0: a world that comes back must find its port again, so it is one below the kernel's own range.
        let port = free_port();
        world.launch(port, does);
        world
    }

    fn launch(&mut self, port: u16, does: &str) {
        let mut command = self.command(&["serve", "--listen", &format!("127.0.0.1:{port}")]);
        if !self.settings.is_limited {
            command.arg("--unlimited");
        }
        let log = self.cell.folder.join("log");
        let url_in = |log: &Path| {
            let text = std::fs::read_to_string(log).unwrap_or_default();
            let rest = text.split(&format!("Rookery {does}: http://127.0.0.1:")).nth(1)?;
            rest.split('/').next()?.parse::<u16>().ok()
        };
        let started = self.cell.start(&mut command, |_| url_in(&log).is_some());
        started.unwrap_or_else(|log| panic!("the world does not start:\n{log}"));
        self.port = url_in(&log).expect("a started world printed its address");
    }

    /// The program with the settings of this world.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.cell.command(Path::new(PROGRAM));
        command
            .args(arguments)
            .env("ROOKERY_DATA", self.cell.folder.join("data"));
        command.env("ROOKERY_TOKEN_HMAC_SECRET", HMAC_SECRET);
        // Hashing is tested elsewhere; here it only takes time.
        command
            .env("ROOKERY_AUTH__ARGON2_MEMORY_KIB", "8192")
            .env("ROOKERY_AUTH__ARGON2_PASSES", "1");
        if let Some(defect) = std::env::var_os("ROOKERY_MUTANT") {
            command.env("ROOKERY_MUTANT", defect);
        }
        if let Some(url) = &self.settings.database {
            command.env("ROOKERY_DATABASE", url);
        }
        if let Some(url) = &self.settings.redis {
            command.env("ROOKERY_REDIS", url);
        }
        command.envs(self.settings.variables.iter().cloned());
        command
    }

    /// Runs a subcommand on this world's data and gives what it printed.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("the program starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "rookery {arguments:?}: {errors}{said}");
        String::from_utf8(output.stdout).expect("it prints UTF-8")
    }

    /// Runs a subcommand on this world's data, which must fail, and gives what it said.
    pub fn refused(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("the program starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success(),
            "rookery {arguments:?} succeeds: {errors}"
        );
        errors.into_owned()
    }

    /// Ends the world with a signal: `SIGTERM` asks it, `SIGKILL` does not.
    pub fn stop(&mut self, signal: Signal) {
        self.cell.stop(signal);
    }

    /// Ends the world with a signal and starts it again with the same data on the same port.
    pub fn restart(&mut self, signal: Signal) {
        self.stop(signal);
        self.launch(self.port, "runs");
    }

    /// The PostgreSQL database that it was started on.
    pub fn database(&self) -> Option<String> {
        self.settings.database.clone()
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its data.
    pub fn data(&self) -> std::path::PathBuf {
        self.cell.folder.join("data")
    }

    /// The id of its process.
    pub fn pid(&self) -> u32 {
        self.cell.pid()
    }

    /// What the process wrote since its last start.
    pub fn log(&self) -> String {
        self.cell.log()
    }

    /// Shows the end of the log when the test fails.
    pub fn show_log_on_panic(&self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let first = lines.len().saturating_sub(LOG_LINES);
            eprintln!("the end of the world's log:\n{}", lines[first..].join("\n"));
        }
    }

    /// `scheme://127.0.0.1:port` and a path.
    pub fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://127.0.0.1:{}{path}", self.port)
    }

    /// Sends a request and reads the whole answer.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        Answer::of(method, &self.url("http", path), token, body).await
    }

    /// `GET` without a credential.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None, None).await
    }

    /// `POST` without a credential.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, None, Some(&body)).await
    }

    /// A token with the role `admin`.
    pub fn admin_token(&self) -> &str {
        self.admin
            .get_or_init(|| self.run(&["token", "admin"]).trim().to_owned())
    }

    /// `POST` as the administrator.
    pub async fn post_as_admin(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(self.admin_token()), Some(&body))
            .await
    }

    /// Registers an agent with a unique handle; it is not in the world yet.
    pub async fn agent(&self, name: &str) -> Agent {
        self.agent_of(name, "main").await
    }

    /// Registers an agent whose home is a region.
    pub async fn agent_of(&self, name: &str, region: &str) -> Agent {
        let handle = format!("{name}-{}", unique());
        let body = json!({"name": handle, "agent_id": handle, "default_region": region});
        let answer = self.post("/api/v1/register", body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        Agent::new(self.port, &answer.body)
    }
}

impl Drop for TestWorld {
    fn drop(&mut self) {
        self.show_log_on_panic();
    }
}
