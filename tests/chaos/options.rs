//! The command line.

use rookery::host::clock::Clock;
use std::path::PathBuf;
use std::time::Duration;

/// What to run, and how much of it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which scenario.
    pub scenario: String,
    /// Whether it is the short run that belongs to `make test`.
    pub is_short: bool,
    /// Kills over all databases; fewer fail the run.
    pub kills: usize,
    /// Acknowledged commands over all databases; fewer fail the run.
    pub acks: usize,
    /// Agents that pay and talk.
    pub bots: usize,
    /// Agents besides them, for a scenario of its own.
    pub talkers: usize,
    /// Where all chance comes from.
    pub seed: u64,
    /// Only this database.
    pub database: Option<String>,
    /// Agents of the load.
    pub agents: usize,
    /// Length of a measurement.
    pub seconds: u64,
    /// Sockets that stop reading.
    pub slow: usize,
    /// The regions that the agents go through; none and they stay where they are.
    pub regions: Vec<String>,
    /// Whether one acknowledgement that nobody gave is written into a journal: the run must fail.
    pub is_lying: bool,
    /// How long leases hold. Units: milliseconds.
    pub lease_ttl_ms: u64,
    /// The time between two commands of a bot.
    pub pace: Duration,
    /// After this time without an answer a bot gives its socket up.
    pub patience: Duration,
    /// A defect to plant, to see that the run fails.
    pub mutant: Option<String>,
    /// Another build of the program, that nodes run before they are replaced; none for the one that is tested.
    pub from: Option<PathBuf>,
}

impl Options {
    /// Reads the arguments. Panics with what is wrong.
    pub fn read(arguments: impl Iterator<Item = String>) -> Self {
        let arguments: Vec<String> = arguments.collect();
        let is_short = arguments.iter().any(|argument| argument == "--short");
        let seed = u64::try_from(Clock::system().now_ms()).expect("the clock is past 1970") % 1_000_000;
        let mut options = Self {
            scenario: "kill9".to_owned(),
            is_short,
            kills: if is_short { 6 } else { 50 },
            acks: if is_short { 300 } else { 20_000 },
            bots: if is_short { 8 } else { 24 },
            talkers: 0,
            seed,
            database: None,
            agents: 1_000,
            seconds: if is_short { 3 } else { 20 },
            slow: 20,
            regions: Vec::new(),
            is_lying: false,
            lease_ttl_ms: 1_000,
            pace: Duration::from_millis(8),
            patience: Duration::from_secs(12),
            mutant: None,
            from: None,
        };
        let mut rest = arguments.into_iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().unwrap_or_else(|| panic!("{argument} needs a value"));
            match argument.as_str() {
                "--short" => {}
                "--lie" => options.is_lying = true,
                "--kills" => options.kills = number(&value()),
                "--acks" => options.acks = number(&value()),
                "--bots" => options.bots = number(&value()),
                "--seed" => options.seed = number(&value()),
                "--agents" => options.agents = number(&value()),
                "--seconds" => options.seconds = number(&value()),
                "--slow" => options.slow = number(&value()),
                "--lease-ttl-ms" => options.lease_ttl_ms = number(&value()),
                "--mutant" => options.mutant = Some(value()),
                "--from" => options.from = Some(PathBuf::from(value())),
                "--database" => options.database = Some(value()),
                word if !word.starts_with('-') => options.scenario = word.to_owned(),
                other => panic!("no option `{other}`"),
            }
        }
        assert!(options.bots >= 2, "a payment needs two bots");
        options
    }

    /// The databases to run on.
    pub fn databases(&self) -> Vec<&'static str> {
        let all = ["sqlite", "postgres"];
        let some: Vec<&str> = all
            .into_iter()
            .filter(|name| self.database.as_deref().is_none_or(|only| only == *name))
            .collect();
        assert!(!some.is_empty(), "--database is `sqlite` or `postgres`");
        some
    }
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse()
        .unwrap_or_else(|_| panic!("`{text}` is not a number"))
}
