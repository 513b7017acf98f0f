//! `rookery replay`.

use clap::Args;
use serde_json::json;

use crate::app;
use crate::base::id::ShardId;
use crate::base::time::Timestamp;
use crate::config::{Config, StoreFlags};
use crate::store::Reader;
use crate::store::replay::{Rebuilt, Until};

/// Differences that are told.
const TOLD_MAX: usize = 50;

/// Rebuild a shard from its newest snapshot and the events after it, and compare it with the stored world.
///
/// Beside a running server it sees one moment of it. With `--to` nothing is compared: the tables know only the present.
#[derive(Debug, Args)]
pub struct Replay {
    /// The shard's number: see `rookery admin shards`.
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(i32).range(1..))]
    pub shard: i32,
    /// The number of an event, or a time like 2026-01-31T12:00:00Z [default: the end].
    #[arg(long, value_name = "SEQ|TIME", value_parser = until)]
    pub to: Option<Until>,
    /// Print the whole state as JSON.
    #[arg(long)]
    pub json: bool,
    /// What names the store.
    #[command(flatten)]
    pub store: StoreFlags,
}

fn until(text: &str) -> Result<Until, String> {
    if let Some(seq) = text.parse::<i64>().ok().filter(|seq| *seq >= 0) {
        return Ok(Until::Seq(seq));
    }
    chrono::DateTime::parse_from_rfc3339(text)
        .map(|at| Until::Time(Timestamp(at.timestamp_millis())))
        .map_err(|_broken| "neither the number of an event nor a time of RFC 3339".to_owned())
}

impl Replay {
    /// Runs the command.
    ///
    /// Errors: settings that are refused, whatever the store answers, a shard that cannot be rebuilt, and one that is not what
    /// the tables say.
    pub fn run(self) -> anyhow::Result<()> {
        let config = Config::load(&self.store.into())?;
        let mut reader = Reader::open(&app::target_of(&config)?)?;
        let rebuilt = reader.rebuild(ShardId(self.shard), self.to.unwrap_or(Until::Now))??;
        for seq in &rebuilt.corrupt {
            eprintln!(
                "rookery: the snapshot after event {seq} does not match its checksum: the one before was used"
            );
        }
        let differences = match &rebuilt.tables {
            Some(tables) => rebuilt.state.differences(tables, TOLD_MAX),
            None => Vec::new(),
        };
        if self.json {
            println!("{:#}", report(&rebuilt, &differences));
        } else {
            tell(&rebuilt, &differences);
        }
        anyhow::ensure!(differences.is_empty(), "the tables are not what the events say");
        Ok(())
    }
}

fn report(rebuilt: &Rebuilt, differences: &[String]) -> serde_json::Value {
    json!({
        "shard": rebuilt.state.shard,
        "seq": rebuilt.state.last_seq,
        "from_seq": rebuilt.from_seq,
        "events": rebuilt.events,
        "corrupt_snapshots": rebuilt.corrupt,
        "hash": rebuilt.state.hash(),
        "tables_hash": rebuilt.tables.as_ref().map(|tables| tables.hash()),
        "differences": differences,
        "state": rebuilt.state.to_json(),
    })
}

fn tell(rebuilt: &Rebuilt, differences: &[String]) {
    let state = &rebuilt.state;
    let start = match rebuilt.from_seq {
        0 => "the beginning".to_owned(),
        seq => format!("the snapshot after event {seq}"),
    };
    println!(
        "shard {} after event {}, from {start} and {} events",
        state.shard, state.last_seq, rebuilt.events
    );
    println!(
        "{} agents, {} objects, {} conversations",
        state.agents.len(),
        state.objects.len(),
        state.conversations.len()
    );
    println!("sha256 {}", state.hash());
    for difference in differences {
        println!("in the tables: {difference}");
    }
    if let Some(tables) = rebuilt.tables.as_ref().filter(|_| differences.is_empty()) {
        println!("sha256 {} in the tables: the same", tables.hash());
    }
}
