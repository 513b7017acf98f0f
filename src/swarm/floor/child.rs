//! The bare loop as a process of its own, so that what it takes is read like a server's.

use super::Shape;
use crate::client::Target;
use anyhow::{Context, ensure};
use std::io::{BufRead, BufReader};
use std::process::{ChildStdin, Command, Stdio};

/// What the loop prints before its address.
pub const READY: &str = "the floor listens on ";

/// A running loop; it ends with this value, and when this process ends however.
pub struct Child {
    process: std::process::Child,
    /// The loop ends when nobody holds the other end of its standard input.
    _alive: Option<ChildStdin>,
    /// Where it listens.
    pub target: Target,
}

impl Child {
    /// Starts a loop. Errors: this program cannot be started again, or says something else.
    pub fn start(shape: &Shape) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("could not find this program")?;
        let mut command = Command::new(program);
        command.arg("swarm-floor");
        let arguments = [
            ("--group", shape.group.to_string()),
            ("--tick-us", shape.tick_us.to_string()),
            ("--frames-per-s", shape.frames_per_s.to_string()),
            ("--greetings", shape.greetings.to_string()),
            ("--frame-bytes", shape.frame_bytes.to_string()),
            ("--answers-per-command", shape.answers_per_command.to_string()),
            ("--answer-bytes", shape.answer_bytes.to_string()),
        ];
        for (name, value) in arguments {
            command.arg(name).arg(value);
        }
        if shape.protobuf {
            command.arg("--protobuf");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().context("could not start the floor")?;
        let alive = process.stdin.take();
        let mut line = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let address = line.trim().strip_prefix(READY).unwrap_or_default();
        ensure!(!address.is_empty(), "the floor did not start");
        let target = Target::of_url(&format!("http://{address}"))?;
        Ok(Self {
            process,
            _alive: alive,
            target,
        })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
