//! A folder with a server in it; both go with the value, with a panic, and with the test process.

use super::wait_until;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

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
/// with the signal `$2` and, when that does not help within 5 seconds, with KILL; then it removes the folder `$1`, whose `cluster` may be a disk of its own.
const WATCHER: &str = r#"
pid=0
while read -r line; do pid=$line; done
if [ "$pid" -gt 0 ]; then
    kill -s "$2" "$pid"
    tries=50
    while kill -0 "$pid" && [ "$tries" -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
    kill -s KILL "$pid"
fi
if grep -qF " $1/cluster " /proc/mounts; then umount "$1/cluster"; fi
rm -rf -- "$1"
"#;

impl Cell {
    /// A cell whose server must not run as root; `end` is the signal that ends it.
    pub(super) fn new(kind: &str, end: Signal) -> Self {
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

    /// Ends the server with a signal, waits until it is gone, and gives how it ended; `None` when there is none.
    pub fn stop(&mut self, signal: Signal) -> Option<ExitStatus> {
        let server = self.server.as_mut()?;
        let pid = Pid::from_raw(i32::try_from(server.id()).expect("a process id is small"));
        kill(pid, signal).expect("our own child can be signalled");
        let ended = wait_until("the server is gone", || {
            server.try_wait().expect("our own child can be looked at")
        });
        self.server = None;
        self.tell_watcher();
        Some(ended)
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
