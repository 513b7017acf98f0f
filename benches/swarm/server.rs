//! A fresh server, and the swarm that drives it.

use crate::services::Cell;
use nix::sys::signal::Signal;
use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The program.
const ROOKERY: &str = env!("CARGO_BIN_EXE_rookery");
/// Where results and databases lie: on a disk, which the folder for temporary files may not be.
pub const RESULTS: &str = env!("CARGO_TARGET_TMPDIR");
/// How long the longest run of a swarm may take; the rest of it is killed.
const RUN_MAX: Duration = Duration::from_secs(900);

/// A server in an empty world. It ends with the value, and when this process is killed.
pub struct Server {
    cell: Cell,
    data: tempfile::TempDir,
    url: String,
}

impl Server {
    /// Starts it, with so many agents that have tokens; with a world file in place of the built-in one.
    pub fn start(agents: u32, world: Option<&str>) -> Self {
        let data = tempfile::tempdir_in(RESULTS).expect("a folder can be made");
        let mut cell = Cell::own("bench", Signal::SIGTERM);
        let mut server = cell.command(Path::new(ROOKERY));
        server
            .env("ROOKERY_LOG__FILTER", "warn")
            .args(["serve", "--unlimited", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path());
        if let Some(text) = world {
            let file = data.path().join("world.toml");
            std::fs::write(&file, text).expect("the folder can be written");
            server.arg("--world").arg(file);
        }
        for (name, words) in [
            ("agents", vec!["mint", "--agents", &agents.to_string()]),
            ("admin", vec!["admin"]),
        ] {
            let mut token = cell.command(Path::new(ROOKERY));
            token.arg("token").args(words).arg("--data").arg(data.path());
            std::fs::write(data.path().join(name), output(&mut token)).expect("the folder can be written");
        }
        let address = |log: &str| {
            let (_, rest) = log.split_once("Rookery runs: ")?;
            Some(rest.split_once('\n')?.0.trim_end_matches('/').to_owned())
        };
        let log = cell.folder.join("log");
        let is_ready = |_pid| address(&std::fs::read_to_string(&log).unwrap_or_default()).is_some();
        cell.start(&mut server, is_ready)
            .unwrap_or_else(|log| panic!("the server does not start:\n{log}"));
        let url = address(&cell.log()).expect("it has said so just now");
        Self { cell, data, url }
    }

    /// Runs a swarm against it and gives its report. Its agents are those with tokens, in regions that it makes.
    pub fn swarm(&self, words: &str) -> Value {
        let report = self.file("report");
        let mut swarm = Command::new(ROOKERY);
        swarm.args(["swarm", "--url", &self.url, "--pid", &self.cell.pid().to_string()]);
        swarm.arg("--report").arg(&report).args(words.split_whitespace());
        if !words.contains("--anonymous") {
            swarm.arg("--tokens").arg(self.file("agents"));
            swarm.arg("--admin-token-file").arg(self.file("admin"));
        }
        println!("swarm {words}");
        print!("{}", output(&mut swarm));
        let text = std::fs::read_to_string(report).expect("the swarm has written its report");
        serde_json::from_str(&text).expect("the report is JSON")
    }

    /// A file beside the database.
    fn file(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }
}

/// What a program prints. Panics when it fails or takes too long.
fn output(command: &mut Command) -> String {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = child.expect("the program starts");
    let mut pipe = child.stdout.take().expect("its output is a pipe");
    let (ended, end) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        // When it prints no text or nobody waits any more, the other side says so.
        let _ = pipe.read_to_string(&mut text);
        let _ = ended.send(text);
    });
    let Ok(text) = end.recv_timeout(RUN_MAX) else {
        child.kill().expect("our own child can be killed");
        child.wait().expect("our own child can be waited for");
        panic!("not done within {RUN_MAX:?}: {command:?}");
    };
    let status = child.wait().expect("our own child can be waited for");
    assert!(status.success(), "{status}: {command:?}");
    text
}
