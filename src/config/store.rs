//! `[store]`.

use super::check::{scheme, within};
use super::{ConfigError, Secret};

section! {
    /// The database: SQLite in the data folder, or PostgreSQL.
    pub struct Store in "store" {
        /// Address of a PostgreSQL database; without it SQLite in the data folder is used.
        database: Option<Secret> = None; example "postgres://rookery@127.0.0.1/rookery",
        /// Threads that write to PostgreSQL. SQLite always has one.
        writer_threads: u32 = 4,
        /// Threads that read.
        reader_threads: u32 = 4,
        /// How long a statement waits for SQLite's lock, which commands beside the server take too. Units: milliseconds.
        busy_timeout_ms: u32 = 5_000,
        /// How long the start waits for the database. Units: seconds.
        connect_timeout_s: u32 = 30,
        /// How long a commit waits for company when the writer is idle, rounded up to whole milliseconds. Units: microseconds.
        batch_wait_us: u64 = 1_000,
        /// How often positions are saved. Units: milliseconds.
        checkpoint_ms: u64 = 1_000,
        /// How long a lease of a shard holds; after a crash on PostgreSQL the next start waits that long. Units: milliseconds.
        lease_ttl_ms: u64 = 6_000,
    }
}

impl Store {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if let Some(database) = &self.database {
            scheme("store.database", database, &["postgres", "postgresql"])?;
        }
        within("store.writer_threads", self.writer_threads.into(), 1, 64)?;
        within("store.reader_threads", self.reader_threads.into(), 1, 64)?;
        within("store.busy_timeout_ms", self.busy_timeout_ms.into(), 10, 60_000)?;
        within("store.connect_timeout_s", self.connect_timeout_s.into(), 1, 600)?;
        within("store.batch_wait_us", self.batch_wait_us, 0, 100_000)?;
        // Two seconds are what a crash may cost (architecture.md §6), one of them is for writing.
        within("store.checkpoint_ms", self.checkpoint_ms, 100, 1_000)?;
        // A lease is renewed three times before it ends, and a commit may take a tenth of a second.
        within("store.lease_ttl_ms", self.lease_ttl_ms, 400, 60_000)
    }
}
