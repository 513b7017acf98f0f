//! A bot's journal: an append-only file of what it asked and what it was told. Each line is written before the bot goes on.

use rookery::host::clock::Clock;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What a bot asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Order {
    /// Pay somebody.
    Pay {
        /// Whom.
        to: String,
        /// Minor units.
        amount: i64,
    },
    /// Say something.
    Say {
        /// What.
        message: String,
    },
}

/// One line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Line {
    /// The command is about to be sent.
    Invoke {
        /// What it asks.
        #[serde(flatten)]
        order: Order,
    },
    /// It was acknowledged as committed.
    Ok {
        /// The event's number.
        seq: i64,
        /// Its shard.
        shard: i64,
        /// The answer.
        result: serde_json::Value,
        /// Whether the server said that this is the stored answer.
        replayed: bool,
    },
    /// It was refused for good.
    Fail {
        /// Why.
        code: String,
    },
    /// Nobody knows: the socket broke, or the server asked to come again.
    Unknown,
}

/// A line with its command and its time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Microseconds of the driver's monotonic clock.
    pub at_us: u64,
    /// Which command.
    pub command_id: String,
    /// What happened.
    #[serde(flatten)]
    pub line: Line,
}

/// An open journal.
pub struct Journal {
    file: File,
    clock: Clock,
}

impl Journal {
    /// Starts a journal.
    pub fn create(path: &Path, clock: Clock) -> Self {
        let file = OpenOptions::new()
            .create_new(true)
            .append(true)
            .open(path)
            .expect("the journal can be made");
        Self { file, clock }
    }

    /// Goes on with a journal.
    pub fn open(path: &Path, clock: Clock) -> Self {
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .expect("the journal is there");
        Self { file, clock }
    }

    /// Appends a line with one write.
    pub fn note(&mut self, command_id: &str, line: Line) {
        let at_us = u64::try_from(self.clock.monotonic().as_micros()).expect("a run is short");
        let entry = Entry {
            at_us,
            command_id: command_id.to_owned(),
            line,
        };
        let mut text = serde_json::to_string(&entry).expect("a line is plain data");
        text.push('\n');
        self.file
            .write_all(text.as_bytes())
            .expect("the journal can be written");
    }
}

/// Reads a journal back.
pub fn read(path: &PathBuf) -> Vec<Entry> {
    let text = std::fs::read_to_string(path).expect("the journal can be read");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a line of ours"))
        .collect()
}
