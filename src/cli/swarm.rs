//! `rookery swarm` and the hidden `rookery swarm-floor`.

use crate::base::limit::PAYLOAD_MAX_BYTES;
use crate::client::Target;
use crate::host::files::raise_file_limit;
use crate::swarm::layout::{GROUP_MAX, PREFIX_MAX_CHARS, SPREAD_MAX_M, regions};
use crate::swarm::mix::Mix;
use crate::swarm::plan::{Agents, Channel, Load, Plan};
use crate::swarm::report::{Report, Setup};
use crate::swarm::{self, floor, identity, world};
use crate::wire::Encoding;
use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Most sockets of one run: the ports that one address has.
const SOCKETS_MAX: i64 = 50_000;
/// Descriptors for everything that is no socket of a member.
const DESCRIPTORS_SPARE: u64 = 64;
/// Shortest payload that a publication's number fits into. Units: bytes.
const PAYLOAD_MIN_BYTES: i64 = 48;

/// What `--help` tells beside the flags.
const HELP: &str = "\
Agents stand in groups of --group within regions that the swarm makes, 64 m from one group to the next, so that all of
a group see each other and nobody else. A delivery is one `move_to` that reaches one neighbour, or one publication that
reaches one subscriber. It counts once, and what does not come is reported as missing. Prepare the agents on the server's
own store, and start the server with --unlimited:

  rookery token mint --agents 3000 > agents.jsonl
  rookery token admin > admin.token
  rookery swarm --tokens agents.jsonl --admin-token-file admin.token --agents 3000 --rate 2 --action-mix move_to";

/// Drive a running server with many clients, and measure it.
#[derive(Debug, Args)]
#[command(after_long_help = HELP)]
pub struct Swarm {
    /// The server.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8000")]
    pub url: String,
    /// Agents with tokens, as `rookery token mint` prints them; - reads the standard input.
    #[arg(long, value_name = "FILE", required_unless_present = "anonymous")]
    pub tokens: Option<PathBuf>,
    /// A file with a token of `rookery token admin`, to make the regions; without it they must be there.
    #[arg(long, value_name = "FILE")]
    pub admin_token_file: Option<PathBuf>,
    /// How many agents.
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=SOCKETS_MAX))]
    pub agents: u32,
    /// Agents of a group.
    #[arg(long, value_name = "K", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=i64::from(GROUP_MAX)))]
    pub group: u32,
    /// Actions a second of each agent; with --channel publications a second of each publisher.
    #[arg(long, value_name = "P", default_value_t = 1.0, value_parser = rate)]
    pub rate: f64,
    /// What agents do, by weight: move_to, say, emote, pay, ping, perception, or one of the queries that perception is
    /// any of: get_location, get_nearby_agents, get_nearby_objects, get_region_info.
    #[arg(
        long,
        value_name = "ACTION=WEIGHT,..",
        default_value = "move_to=30,say=10,perception=60"
    )]
    pub action_mix: Mix,
    /// Agents join and do nothing.
    #[arg(long, conflicts_with_all = ["rate", "action_mix", "channel"])]
    pub idle: bool,
    /// So many sockets without tokens, which do nothing.
    #[arg(long, value_name = "N", conflicts_with_all = ["agents", "idle", "channel", "rate", "action_mix", "tokens"],
          value_parser = clap::value_parser!(u32).range(1..=SOCKETS_MAX))]
    pub anonymous: Option<u32>,
    /// Measure a channel in place of agents: --publishers with tokens publish, --subscribers without tokens listen.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["agents", "group", "action_mix"])]
    pub channel: Option<String>,
    /// How many publish.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "channel", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub publishers: u32,
    /// How many listen.
    #[arg(long, value_name = "N", default_value_t = 1_000, requires = "channel",
          value_parser = clap::value_parser!(u32).range(1..=SOCKETS_MAX))]
    pub subscribers: u32,
    /// Bytes of a publication.
    #[arg(long, value_name = "BYTES", default_value_t = 256, requires = "channel", value_parser = clap::value_parser!(u32).range(payload_range()))]
    pub payload: u32,
    /// How long is measured. Units: seconds.
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub seconds: u32,
    /// How long is acted before that. Units: seconds.
    #[arg(long, value_name = "S", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=3_600))]
    pub warm_up: u32,
    /// Sockets opened a second.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub join_rate: u32,
    /// Agents that are joining at one time.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=SOCKETS_MAX))]
    pub join_concurrency: u32,
    /// Side of the square that a group walks in. Up to 16 it lies within one cell, from 17 on across four. Units: metres.
    #[arg(long, value_name = "METRES", default_value_t = 12, value_parser = clap::value_parser!(u32).range(2..=i64::from(SPREAD_MAX_M)))]
    pub spread: u32,
    /// What the names of the regions begin with: 1-59 of a-z, 0-9, _ and -.
    #[arg(long, value_name = "TEXT", default_value = "swarm", value_parser = prefix)]
    pub region_prefix: String,
    /// How the sockets speak.
    #[arg(long, value_enum, default_value_t = Speech::Json)]
    pub encoding: Speech,
    /// What chance begins with: targets, moments and actions.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The server's process, to read what processor time and memory it takes.
    #[arg(long, value_name = "PID")]
    pub pid: Option<u32>,
    /// After each round do the same on the floor: a bare loop that writes as many frames of the same length. Then compare
    /// the medians of the processor time that a delivery takes.
    #[arg(long, requires = "pid")]
    pub floor: bool,
    /// Rounds [default: 1, with --floor 3].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: Option<u32>,
    /// Write the report as JSON; to - in place of the table.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// How sockets speak.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Speech {
    /// JSON in text frames.
    Json,
    /// Protobuf in binary frames.
    Protobuf,
}

/// The bare loop that `--floor` starts.
#[derive(Debug, Args)]
pub struct SwarmFloor {
    /// What it writes.
    #[command(flatten)]
    pub shape: floor::Shape,
}

fn payload_range() -> std::ops::RangeInclusive<i64> {
    PAYLOAD_MIN_BYTES..=i64::try_from(PAYLOAD_MAX_BYTES).unwrap_or(i64::MAX)
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text
        .parse::<f64>()
        .ok()
        .filter(|rate| (0.001..=1_000.0).contains(rate));
    rate.ok_or_else(|| "a number from 0.001 to 1000".to_owned())
}

fn prefix(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    let is_prefix = (1..=PREFIX_MAX_CHARS).contains(&text.len()) && text.bytes().all(fits);
    is_prefix
        .then(|| text.to_owned())
        .ok_or_else(|| format!("1 to {PREFIX_MAX_CHARS} of a-z, 0-9, _ and -"))
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Swarm {
    /// Runs the command.
    ///
    /// Errors: a server that does not answer, too few tokens, too few descriptors, nobody who could join.
    pub fn run(self) -> anyhow::Result<()> {
        let plan = self.plan()?;
        let (limit, needed) = (
            raise_file_limit(),
            u64::try_from(plan.sockets())?.saturating_add(DESCRIPTORS_SPARE),
        );
        ensure!(
            limit >= needed,
            "{needed} descriptors are needed, and the system allows {limit}"
        );
        if let (Load::Agents(agents), Some(path)) = (&plan.load, &self.admin_token_file) {
            let token = std::fs::read_to_string(path)
                .with_context(|| format!("could not read {}", path.display()))?;
            world::make_regions(
                &plan.target,
                token.trim(),
                &regions(&agents.region_prefix, plan.groups()),
            )?;
        }
        let rounds = self.rounds.unwrap_or(if self.floor { 3 } else { 1 });
        let (rounds, floor) = swarm::run(&plan, rounds, self.floor)?;
        let report = Report {
            version: env!("CARGO_PKG_VERSION"),
            setup: self.setup(&plan),
            rounds,
            floor,
        };
        let text = serde_json::to_string_pretty(&report)?;
        match &self.report {
            Some(path) if path.as_os_str() == "-" => println!("{text}"),
            Some(path) => {
                std::fs::write(path, text + "\n")
                    .with_context(|| format!("could not write {}", path.display()))?;
                print!("{report}");
            }
            None => print!("{report}"),
        }
        Ok(())
    }

    fn plan(&self) -> anyhow::Result<Plan> {
        let period = Duration::from_secs_f64(1.0 / self.rate);
        let (load, named) = if let Some(sockets) = self.anonymous {
            (Load::Anonymous(count(sockets)), 0)
        } else if let Some(name) = &self.channel {
            let channel = Channel {
                name: name.clone(),
                publishers: count(self.publishers),
                subscribers: count(self.subscribers),
                payload_bytes: count(self.payload),
                period,
            };
            (Load::Channel(channel), count(self.publishers))
        } else {
            let agents = Agents {
                group: count(self.group),
                spread_m: self.spread,
                region_prefix: self.region_prefix.clone(),
                acting: (!self.idle).then(|| (period, self.action_mix.clone())),
            };
            (Load::Agents(agents), count(self.agents))
        };
        let identities = match &self.tokens {
            Some(path) => identity::read(path, named)?,
            None => Vec::new(),
        };
        let target = Target::of_url(&self.url)?;
        ensure!(
            !target.is_tls,
            "{} is over TLS, which ends at the proxy: drive the server itself",
            self.url
        );
        Ok(Plan {
            target,
            load,
            identities,
            encoding: match self.encoding {
                Speech::Json => Encoding::Json,
                Speech::Protobuf => Encoding::Protobuf,
            },
            measured: Duration::from_secs(u64::from(self.seconds)),
            warm_up: Duration::from_secs(u64::from(self.warm_up)),
            join_rate: self.join_rate,
            join_concurrency: count(self.join_concurrency),
            seed: self.seed,
            pid: self.pid,
        })
    }

    fn setup(&self, plan: &Plan) -> Setup {
        let load = match &plan.load {
            Load::Agents(agents) => {
                let doing = match &agents.acting {
                    Some((_, mix)) => format!("each {} actions/s of {mix}", self.rate),
                    None => "idle".to_owned(),
                };
                format!(
                    "{} agents in groups of {} within {} m, {doing}",
                    plan.sockets(),
                    agents.group,
                    agents.spread_m
                )
            }
            Load::Anonymous(sockets) => format!("{sockets} sockets without tokens, idle"),
            Load::Channel(channel) => format!(
                "{} publishers on {} to {} subscribers, each {}/s of {} bytes",
                channel.publishers, channel.name, channel.subscribers, self.rate, channel.payload_bytes
            ),
        };
        Setup {
            url: self.url.clone(),
            sockets: plan.sockets(),
            group: plan.audience(),
            load,
            encoding: match self.encoding {
                Speech::Json => "json",
                Speech::Protobuf => "protobuf",
            },
            seconds: f64::from(self.seconds),
            warm_up_s: f64::from(self.warm_up),
            seed: self.seed,
        }
    }
}

impl SwarmFloor {
    /// Runs the loop until its standard input ends.
    ///
    /// Errors: no port, nothing to watch sockets with.
    pub fn run(self) -> anyhow::Result<()> {
        // A socket that finds no descriptor is refused by the system, and the swarm reports it.
        let _ = raise_file_limit();
        floor::serve(self.shape)
    }
}
