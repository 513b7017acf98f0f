//! `rookery channel` as people call it: the real program against a real world.

mod listen;
mod login;
mod publish;
mod run;
mod scripted_server;
mod settings;
mod tls;

use crate::world::{PATIENCE, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_rookery");

/// A user with a home and a configuration.
pub struct User {
    home: TempDir,
    server: String,
}

/// What a call did.
#[derive(Debug)]
pub struct Done {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A call that goes on.
pub struct Running {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
    _folder: TempDir,
}

impl User {
    /// A user of a server, whom nobody knows yet.
    pub fn of(server: &str) -> Self {
        let home = tempfile::tempdir().expect("a folder can be made");
        Self {
            home,
            server: server.to_owned(),
        }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn config(&self) -> PathBuf {
        self.home().join(".config/rookery/channel.json")
    }

    /// `rookery channel` for the server of this user.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .arg("channel")
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            .env("ROOKERY_SERVER", &self.server)
            .current_dir(self.home())
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Done {
        done(&mut self.command(arguments))
    }

    /// Runs it with a text on its standard input.
    pub fn feed(&self, arguments: &[&str], text: &str) -> Done {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut input = child.stdin.take().expect("a pipe");
        input.write_all(text.as_bytes()).expect("it reads");
        drop(input);
        Done::of(child.wait_with_output().expect("it ends"))
    }

    /// Starts a call that goes on.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let (stdout, stderr) = (folder.path().join("stdout"), folder.path().join("stderr"));
        let file = |path: &Path| File::create(path).expect("a file can be made");
        let mut command = self.command(arguments);
        let child = command.stdout(file(&stdout)).stderr(file(&stderr)).spawn();
        Running {
            child: child.expect("the program starts"),
            stdout,
            stderr,
            _folder: folder,
        }
    }

    /// Starts `sub` and waits until it has subscribed to so many channels.
    pub async fn sub(&self, arguments: &[&str], count: usize) -> Running {
        let running = self.start(&[&["sub", "-v"], arguments].concat());
        running.subscribed(count).await;
        running
    }

    /// Keeps a token.
    pub fn log_in(&self, token: &str) {
        self.run(&["login", "--token", token]).ok();
    }
}

fn done(command: &mut Command) -> Done {
    Done::of(command.output().expect("the program starts"))
}

impl Done {
    fn of(output: std::process::Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
        Self {
            status: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// What it printed, having done what it should.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.status, Some(0), "{self:?}");
        self.stdout
    }

    /// The line that it printed.
    #[track_caller]
    pub fn json(self) -> Value {
        let text = self.ok();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// What it said, having failed like that.
    #[track_caller]
    pub fn failed(self, status: i32) -> String {
        assert_eq!(
            (self.status, self.stdout.as_str()),
            (Some(status), ""),
            "{self:?}"
        );
        self.stderr
    }
}

impl Running {
    pub fn stderr(&self) -> String {
        fs::read_to_string(&self.stderr).expect("its output is there")
    }

    /// The whole lines that it printed so far.
    pub fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.stdout).expect("its output is there");
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        whole.lines().map(read).collect()
    }

    /// Waits until its errors have a text so often.
    pub async fn says(&self, text: &str, times: usize) {
        until(&format!("it says {text}"), async || {
            (self.stderr().matches(text).count() >= times).then_some(())
        })
        .await;
    }

    pub async fn subscribed(&self, count: usize) {
        self.says("subscribed", count).await;
    }

    /// Waits until it printed so many lines.
    pub async fn printed(&self, count: usize) -> Vec<Value> {
        until(&format!("{count} lines"), async || {
            Some(self.lines()).filter(|lines| lines.len() >= count)
        })
        .await
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a process id is small"));
        kill(pid, signal).expect("our own child can be signalled");
    }

    /// Waits until it ends.
    pub async fn ended(&mut self) -> ExitStatus {
        let child = &mut self.child;
        until(&format!("it ends within {PATIENCE:?}"), async || {
            child.try_wait().expect("our own child can be looked at")
        })
        .await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
