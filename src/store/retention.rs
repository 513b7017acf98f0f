//! What is kept how long, and the partitions of `events`.

use super::connection::Conn;
use super::{Result, Store};
use crate::base::time::Timestamp;
use diesel::QueryResult;

impl Store {
    /// Deletes what is older than allowed, in bounded batches, and makes the partitions of the next months.
    pub fn retain(&mut self, now: Timestamp, events_days: i64, commands_hours: i64) -> Result<()> {
        todo!("{now:?}{events_days}{commands_hours}")
    }
}

/// Makes the partitions of this month and the two after it. Nothing to do on SQLite.
pub(crate) fn make_partitions(_conn: &mut Conn, _now: Timestamp) -> QueryResult<()> {
    Ok(())
}
