//! `rookery channel subexec`.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use clap::Args;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use super::batch::{Batch, Rule, WAITING_MAX};
use super::failure::{Exit, Failure};
use super::feed::{self, Heard};
use super::output::Output;
use super::session::Session;
use super::subscribe::runtime;
use crate::host::clock::Clock;

/// Longest event that is handed over as an argument: Linux takes 128 KiB. Units: bytes.
const ARGUMENT_MAX_BYTES: usize = 120 * 1024;
/// How long what waits is still handed over once the end was asked for.
const END_PATIENCE: Duration = Duration::from_secs(10);
/// How long a command may take to end once it was told to.
const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// Run a command for what is published, with the event as its last argument.
///
/// The event is the JSON that `sub` prints; with --buffer or --timeout it is {batch: true, count, messages, timestamp}. One that is
/// longer than 120 KiB is given on the command's standard input, and the argument is -. One command runs at a time; meanwhile
/// up to 1,024 events wait, then the oldest are dropped, and counted on the standard error output.
///
/// On SIGTERM, and when the subscription ends, what waits is still handed over, for ten seconds at most; on SIGINT only the
/// running command is waited for. A second signal ends that, too.
#[derive(Debug, Args)]
pub struct Subexec {
    /// The channels.
    #[arg(required = true, value_name = "CHANNEL")]
    pub channels: Vec<String>,
    /// Hand over so many events at a time.
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub buffer: Option<u16>,
    /// Hand over what waits when the first of it has waited so long. Units: milliseconds.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=86_400_000))]
    pub timeout: Option<u64>,
    /// Give the event on the command's standard input, and no argument more.
    #[arg(long)]
    pub stdin: bool,
    /// Wait for the server where it cannot be reached at the start.
    #[arg(long)]
    pub wait: bool,
    /// Say on the standard error output what is subscribed to, as well; twice, each event that comes, too.
    #[arg(long, short, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// The command with its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

impl Subexec {
    /// Runs the command until it is told to end.
    /// Errors: as of `sub`; the command cannot be started.
    pub fn run(self, session: &Session) -> Result<(), Failure> {
        let runtime = runtime()?;
        let done = runtime.block_on(self.follow(session));
        // A name that is still looked up keeps nobody waiting.
        runtime.shutdown_background();
        done
    }

    async fn follow(self, session: &Session) -> Result<(), Failure> {
        let signals = |kind| signal(kind).map_err(|error| Failure::from(anyhow::Error::from(error)));
        let (mut term, mut interrupt) = (
            signals(SignalKind::terminate())?,
            signals(SignalKind::interrupt())?,
        );
        let mut feed = feed::listen(session, &self.channels, self.wait)?;
        let mut work = Work::new(&self, session);
        let ended = loop {
            work.start_due()?;
            let due = work.due_in();
            tokio::select! {
                heard = feed.recv() => match heard {
                    Some(Ok(heard)) => self.hear(heard, &mut work),
                    Some(Err(failure)) => break Err(failure),
                    None => break Ok(()),
                },
                status = ended(&mut work.child), if work.child.is_some() => work.ended(status),
                () = tokio::time::sleep(due.unwrap_or_default()), if due.is_some() => {}
                _ = term.recv() => break Ok(()),
                _ = interrupt.recv() => {
                    work.forget();
                    break Ok(());
                }
            }
        };
        drop(feed);
        if work.child.is_some() {
            session.output.note("ending; the command still runs");
        }
        let second = async {
            tokio::select! {
                _ = term.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        tokio::select! {
            finished = timeout(END_PATIENCE, work.finish()) => if let Ok(finished) = finished { finished? },
            () = second => {}
        }
        work.forget();
        work.end().await;
        ended
    }

    fn hear(&self, heard: Heard, work: &mut Work) {
        match heard {
            Heard::Detail(_) if self.verbose == 0 => {}
            Heard::Detail(note) | Heard::Note(note) => work.output.note(&note),
            Heard::Event(event) => {
                if self.verbose > 1 {
                    work.output.note(&format!("{}: an event came", event.channel));
                }
                if work.batch.push(event, work.clock.monotonic()) {
                    work.dropped = work.dropped.saturating_add(1);
                }
            }
        }
    }
}

/// What waits, and the command that runs.
struct Work {
    batch: Batch,
    child: Option<Child>,
    /// Events that gave way since the last command began.
    dropped: usize,
    command: Vec<String>,
    is_by_stdin: bool,
    output: Output,
    clock: Clock,
}

impl Work {
    fn new(order: &Subexec, session: &Session) -> Self {
        let rule = Rule {
            count: order.buffer.map(usize::from),
            patience: order.timeout.map(Duration::from_millis),
        };
        Self {
            batch: Batch::new(rule),
            child: None,
            dropped: 0,
            command: order.command.clone(),
            is_by_stdin: order.stdin,
            output: session.output,
            clock: session.clock.clone(),
        }
    }

    /// How long until a command is to be started; none while one runs, and while nothing is to be handed over.
    fn due_in(&self) -> Option<Duration> {
        if self.child.is_some() {
            return None;
        }
        self.batch.due_in(self.clock.monotonic())
    }

    /// Starts the command if something is due. Errors: it cannot be started.
    fn start_due(&mut self) -> Result<(), Failure> {
        if self.due_in() == Some(Duration::ZERO) {
            self.start()?;
        }
        Ok(())
    }

    /// Starts the command with what waits longest.
    fn start(&mut self) -> Result<(), Failure> {
        if self.dropped > 0 {
            let note = format!(
                "{} events were dropped: more than {WAITING_MAX} waited",
                self.dropped
            );
            self.output.note(&note);
            self.dropped = 0;
        }
        let taken = self
            .batch
            .take(self.clock.now_ms())
            .map_err(anyhow::Error::from)?;
        let (Some(event), Some((program, arguments))) = (taken, self.command.split_first()) else {
            return Ok(());
        };
        let is_long = event.len() > ARGUMENT_MAX_BYTES;
        let mut command = Command::new(program);
        command.args(arguments).kill_on_drop(true);
        if !self.is_by_stdin {
            command.arg(if is_long { "-" } else { event.as_str() });
        }
        let has_input = self.is_by_stdin || is_long;
        command.stdin(if has_input { Stdio::piped() } else { Stdio::null() });
        let mut child = command.spawn().map_err(|error| {
            let error = format!("could not start {program}: {error}");
            Failure::new(Exit::Failed, error).fix("see whether that command is there")
        })?;
        if let Some(mut input) = child.stdin.take() {
            tokio::spawn(async move {
                // A command may end without having read all: that is its affair.
                let _ = input.write_all(event.as_bytes()).await;
                let _ = input.write_all(b"\n").await;
            });
        }
        self.child = Some(child);
        Ok(())
    }

    /// The command ended.
    fn ended(&mut self, status: std::io::Result<ExitStatus>) {
        self.child = None;
        match status {
            Ok(status) if status.success() => {}
            Ok(status) => self.output.note(&format!("the command ended with {status}")),
            Err(error) => self.output.note(&format!("the command is lost: {error}")),
        }
    }

    /// Hands over all that waits, and waits until it is done. Errors: the command cannot be started.
    async fn finish(&mut self) -> Result<(), Failure> {
        loop {
            if self.child.is_some() {
                let status = ended(&mut self.child).await;
                self.ended(status);
            } else if self.batch.len() > 0 {
                self.start()?;
            } else {
                return Ok(());
            }
        }
    }

    /// Gives up what waits.
    fn forget(&mut self) {
        let left = self.batch.len();
        if left > 0 {
            self.output.note(&format!("{left} events were not handed over"));
            self.batch = Batch::new(Rule::default());
        }
    }

    /// Ends the command that still runs.
    async fn end(&mut self) {
        let Some(child) = &mut self.child else {
            return;
        };
        if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
            // It may have ended just now.
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        if timeout(KILL_PATIENCE, child.wait()).await.is_err() {
            // As above.
            let _ = child.kill().await;
        }
    }
}

/// Waits for the command that runs; for ever when there is none.
async fn ended(child: &mut Option<Child>) -> std::io::Result<ExitStatus> {
    match child {
        Some(child) => child.wait().await,
        None => std::future::pending().await,
    }
}
