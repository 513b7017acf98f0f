//! What was measured on, and who else was at work meanwhile.

use crate::server::RESULTS;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use rookery::host::clock::Clock;
use std::process::Command;
use std::time::Duration;

/// The machine and what runs on it, as of the start.
pub struct Machine {
    /// Processors, memory, system and disk.
    pub hardware: String,
    /// The compiler.
    pub rustc: String,
    /// What Rookery was built from.
    pub commit: String,
    /// When.
    pub date: String,
}

impl Machine {
    /// Looks now. Panics when this is no Linux.
    pub fn look() -> Self {
        let cores = std::thread::available_parallelism().expect("there is a processor");
        let memory: f64 = field("/proc/meminfo", "MemTotal:")
            .trim_end_matches(" kB")
            .parse()
            .expect("a number");
        // The page itself is about to be written, so it says nothing of what was built.
        let changes = said(
            "git",
            &["status", "--porcelain", "--", ".", ":!docs/BENCHMARKS.md"],
        );
        let state = if changes.is_empty() {
            "the tree clean".to_owned()
        } else {
            format!("**the tree not clean: {} files differ**", changes.lines().count())
        };
        let disk = said("df", &["--output=fstype", RESULTS]);
        let now = chrono::DateTime::from_timestamp_millis(Clock::system().now_ms());
        Self {
            hardware: format!(
                "{cores} cores of {}, {:.0} GiB, Linux {}, {}",
                field("/proc/cpuinfo", "model name").trim_start_matches([':', ' ', '\t']),
                memory / 1_048_576.0,
                said("uname", &["-r"]),
                disk.lines().last().unwrap_or_default(),
            ),
            rustc: said("rustc", &["--version"]),
            commit: format!("{}, {state}", said("git", &["rev-parse", "--short=12", "HEAD"])),
            date: now
                .expect("the clock is right")
                .format("%-d %B %Y, %H:%M UTC")
                .to_string(),
        }
    }
}

/// The rest of a file's first line that begins with a name.
fn field(file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(file).expect("Linux tells it");
    let rest = text.lines().find_map(|line| line.strip_prefix(name));
    rest.expect("Linux tells it").trim().to_owned()
}

/// What a program prints, run in the folder of the package.
fn said(program: &str, words: &[&str]) -> String {
    let mut command = Command::new(program);
    // A checkout may belong to another user than the one who measures it.
    if program == "git" {
        command.args(["-c", "safe.directory=*"]);
    }
    let run = command
        .args(words)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    let run = run.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(run.status.success(), "{program} {words:?}: {}", run.status);
    String::from_utf8_lossy(&run.stdout).trim().to_owned()
}

/// The machine's processor time, and our own.
pub struct Watch {
    clock: Clock,
    at: Duration,
    /// Of all processes. Units: seconds.
    busy: f64,
    /// Kept by the machine's host for others. Units: seconds.
    stolen: f64,
    /// Of this process and its children that have ended. Units: seconds.
    own: f64,
}

impl Watch {
    /// Begins to watch.
    pub fn start() -> Self {
        Self::at(Clock::system())
    }

    fn at(clock: Clock) -> Self {
        let text = field("/proc/stat", "cpu ");
        // Source: proc(5): user, nice, system, idle, iowait, irq, softirq, steal, in hundredths of a second.
        let ticks = |index| -> f64 {
            let text = text.split_whitespace().nth(index);
            text.and_then(|text| text.parse().ok()).expect("Linux tells it")
        };
        let of = |who| {
            let usage = getrusage(who).expect("the system tells it");
            [usage.user_time(), usage.system_time()].map(|time| {
                Duration::from_micros(u64::try_from(time.num_microseconds()).unwrap_or(0)).as_secs_f64()
            })
        };
        let own = [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN].map(of);
        Self {
            at: clock.monotonic(),
            clock,
            busy: [0, 1, 2, 5, 6].map(ticks).iter().sum::<f64>() / 100.0,
            stolen: ticks(7) / 100.0,
            own: own.iter().flatten().sum(),
        }
    }

    /// Who else was at work since then, in words.
    pub fn end(&self) -> String {
        let now = Self::at(self.clock.clone());
        let seconds = now.at.saturating_sub(self.at).as_secs_f64();
        let others = (now.busy - self.busy) - (now.own - self.own);
        format!(
            "other processes took {:.2} cores and the machine's host {:.2}",
            others.max(0.0) / seconds,
            (now.stolen - self.stolen) / seconds
        )
    }
}
