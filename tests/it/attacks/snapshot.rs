//! What an attack must not change: row counts, balances, files.

use super::server::Server;
use rookery::domain::agent::Handle;
use rookery::store::Reader;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What changes by itself: counters of rates, trajectories that are saved each second, and snapshots of shards.
const RESTLESS: [&str; 3] = ["rate_bucket", "checkpoint", "shard_snapshot"];
/// Most agents of an attacked world.
const AGENTS_MAX: i64 = 1_000;

/// How a world stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Rows of each table.
    pub counts: BTreeMap<String, i64>,
    /// The balance of each agent. Units: minor.
    pub balances: BTreeMap<Handle, i64>,
    /// Files of the data folder with their sizes; those of the database have none, since it may be written behind our back.
    pub files: BTreeMap<PathBuf, u64>,
}

/// Looks at a world from outside.
pub struct Observer {
    reader: Reader,
    data: PathBuf,
}

impl Observer {
    /// An observer of a world.
    pub fn of(server: &Server) -> Self {
        Self {
            reader: server.reader(),
            data: server.data(),
        }
    }

    /// How the world stands now. The promises of the ledger must hold.
    pub fn look(&mut self) -> Snapshot {
        let mut counts = self.reader.row_counts().expect("tables can be counted");
        counts.retain(|table, _| !RESTLESS.contains(&table.as_str()));
        let agents = self
            .reader
            .agents(None, AGENTS_MAX)
            .expect("agents can be listed");
        let mut balance = |agent: &rookery::store::agent::AgentRow| {
            let minor = self.reader.balance(agent.id).expect("a balance can be read");
            (agent.handle.clone(), minor.expect("an agent has an account"))
        };
        let balances = agents.iter().map(&mut balance).collect();
        let mut files = BTreeMap::new();
        list(&self.data, &mut files);
        Snapshot {
            counts,
            balances,
            files,
        }
    }

    /// Checks the promises of the whole database.
    pub fn verify(&mut self) {
        let violations = self.reader.verify().expect("the database can be verified");
        assert!(violations.is_empty(), "{violations:?}");
    }
}

fn list(folder: &Path, files: &mut BTreeMap<PathBuf, u64>) {
    for entry in std::fs::read_dir(folder).expect("the folder is readable") {
        let entry = entry.expect("an entry is readable");
        let (path, metadata) = (entry.path(), entry.metadata().expect("a file has metadata"));
        if metadata.is_dir() {
            list(&path, files);
        } else {
            let is_database = entry.file_name().to_string_lossy().starts_with("rookery.sqlite");
            files.insert(path, if is_database { 0 } else { metadata.len() });
        }
    }
}

impl Snapshot {
    /// What is different, table by table; empty when nothing is but the growth that was announced.
    pub fn changes(&self, after: &Self, grows: &[(&str, i64)]) -> Vec<String> {
        let mut changes = Vec::new();
        for (table, before) in &self.counts {
            let now = after.counts.get(table).copied().unwrap_or_default();
            let announced: i64 = grows
                .iter()
                .filter(|(name, _)| name == table)
                .map(|(_, rows)| rows)
                .sum();
            if now - before != announced {
                changes.push(format!("{table}: {before} -> {now}, announced {announced}"));
            }
        }
        let is_money_moving = grows.iter().any(|(table, _)| *table == "transfer");
        for (handle, before) in &self.balances {
            let now = after.balances.get(handle);
            if now != Some(before) && !is_money_moving {
                changes.push(format!("balance of {handle}: {before} -> {now:?}"));
            }
        }
        if self.files != after.files {
            changes.push(format!("files: {:?} -> {:?}", self.files, after.files));
        }
        changes
    }
}
