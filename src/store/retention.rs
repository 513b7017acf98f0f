//! What is kept how long, and the partitions of `events`.

use super::connection::{Conn, PgConnection};
use super::{Result, Store};
use crate::base::time::Timestamp;
use crate::config::Retention;
use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryResult, QueryableByName, RunQueryDsl, sql_query};

/// Rows that one statement deletes, so that writers are not held up.
const DELETE_MAX: i64 = 5_000;
/// Statements of one kind in one run.
const ROUNDS_MAX: usize = 200;
/// How long a spent refresh token holds its successor. Units: milliseconds.
const GRACE_MS: i64 = 30_000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

const LONG_INBOXES: &str = "UPDATE inbox_head SET floor = top - $1 WHERE agent_id IN (SELECT agent_id FROM inbox_head \
     WHERE top - floor > $1 ORDER BY agent_id LIMIT $2)";
const OLD_INBOXES: &str = "UPDATE inbox_head SET floor = (SELECT max(i.\"offset\") FROM inbox i WHERE i.agent_id = inbox_head.agent_id \
     AND i.created_at < $1) WHERE agent_id IN (SELECT h.agent_id FROM inbox_head h JOIN inbox i ON i.agent_id = h.agent_id \
     AND i.\"offset\" = h.floor + 1 WHERE i.created_at < $1 ORDER BY h.agent_id LIMIT $2)";
// A CROSS JOIN, because SQLite keeps its order: else it reads all the entries and events there are, to look up whose they are.
const PAST_INBOXES: &str = "DELETE FROM inbox WHERE (agent_id, \"offset\") IN (SELECT i.agent_id, i.\"offset\" FROM inbox_head h \
     CROSS JOIN inbox i WHERE i.agent_id = h.agent_id AND i.\"offset\" <= h.floor AND $1 = $1 LIMIT $2)";
const OLD_EVENTS: &str = "UPDATE shard SET floor_seq = (SELECT max(e.seq) FROM events e WHERE e.shard_id = shard.id AND e.created_at < $1) \
     WHERE id IN (SELECT s.id FROM shard s CROSS JOIN events e WHERE e.shard_id = s.id AND e.seq = s.floor_seq + 1 \
     AND e.created_at < $1 LIMIT $2)";
const PAST_EVENTS: &str = "DELETE FROM events WHERE (shard_id, seq) IN (SELECT e.shard_id, e.seq FROM shard s CROSS JOIN events e \
     WHERE e.shard_id = s.id AND e.seq <= s.floor_seq AND $1 = $1 LIMIT $2)";

#[derive(QueryableByName)]
struct Partition {
    #[diesel(sql_type = Text)]
    name: String,
}

impl Store {
    /// Deletes what is older than allowed, in bounded batches, and makes the partitions of the next months.
    pub fn retain(&mut self, now: Timestamp, kept: &Retention) -> Result<()> {
        self.write("make partitions", |conn| make_partitions(conn, now))?;
        let ago = |count: u32, unit_ms: i64| now.0.saturating_sub(i64::from(count).saturating_mul(unit_ms));
        let events_before = ago(kept.events_days, DAY_MS);
        // An inbox entry needs its event, so it never outlives it.
        let inbox_before = events_before.max(ago(kept.inbox_days, DAY_MS));
        let commands_before = ago(kept.commands_hours, HOUR_MS);
        let sessions_before = ago(kept.sessions_days, DAY_MS);
        self.trim_inboxes(kept.inbox_messages, inbox_before)?;
        self.trim_events(events_before)?;
        self.forget_channel_changes(now.plus_ms(-HOUR_MS))?;
        self.own_grants()?;
        let rest = [
            (
                "DELETE FROM command WHERE (agent_id, command_id) IN (SELECT agent_id, command_id FROM command \
              WHERE created_at < $1 AND status <> 'poison' LIMIT $2)",
                commands_before,
            ),
            (
                "DELETE FROM rate_bucket WHERE key IN (SELECT key FROM rate_bucket WHERE expires_at < $1 LIMIT $2)",
                now.0,
            ),
            (
                "DELETE FROM login_challenge WHERE id IN (SELECT id FROM login_challenge WHERE expires_at < $1 LIMIT $2)",
                now.0,
            ),
            (
                "DELETE FROM refresh_token WHERE hash IN (SELECT hash FROM refresh_token WHERE absolute_until < $1 LIMIT $2)",
                now.0,
            ),
            (
                "DELETE FROM revocation WHERE (kind, id) IN (SELECT kind, id FROM revocation WHERE until < $1 LIMIT $2)",
                now.0,
            ),
            (
                "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE disconnected_at < $1 LIMIT $2)",
                sessions_before,
            ),
            (
                "DELETE FROM spectator_sessions WHERE id IN (SELECT id FROM spectator_sessions WHERE disconnected_at < $1 LIMIT $2)",
                sessions_before,
            ),
            (
                "UPDATE refresh_token SET successor = NULL WHERE hash IN (SELECT hash FROM refresh_token \
              WHERE consumed_at < $1 AND successor IS NOT NULL LIMIT $2)",
                now.0.saturating_sub(GRACE_MS),
            ),
        ];
        for (statement, before) in rest {
            self.repeat(statement, before)?;
        }
        Ok(())
    }

    /// Runs a bounded statement until it has nothing left to do, each time in its own transaction.
    fn repeat(&mut self, statement: &'static str, before: i64) -> Result<()> {
        for _ in 0..ROUNDS_MAX {
            let done = self.write("delete what is old", |conn| {
                let query = || {
                    sql_query(statement)
                        .bind::<BigInt, _>(before)
                        .bind::<BigInt, _>(DELETE_MAX)
                };
                match conn {
                    Conn::Sqlite(c) => query().execute(c),
                    Conn::Pg(c) => query().execute(c),
                }
            })?;
            if i64::try_from(done).is_ok_and(|done| done < DELETE_MAX) {
                break;
            }
        }
        Ok(())
    }

    /// Raises the floors of inboxes, then deletes what is below.
    fn trim_inboxes(&mut self, messages_max: u32, before: i64) -> Result<()> {
        self.repeat(LONG_INBOXES, messages_max.into())?;
        self.repeat(OLD_INBOXES, before)?;
        self.repeat(PAST_INBOXES, before)
    }

    /// Drops whole months on PostgreSQL; deletes from the old end on SQLite. The shards' floors tell what is gone.
    fn trim_events(&mut self, before: i64) -> Result<()> {
        if self.conn()?.is_postgres() {
            return self.write("drop old partitions", |conn| match conn {
                Conn::Pg(c) => drop_partitions(c, before),
                Conn::Sqlite(_) => Ok(()),
            });
        }
        self.repeat(OLD_EVENTS, before)?;
        self.repeat(PAST_EVENTS, before)
    }
}

/// Makes the partitions of this month and the two after it. Nothing to do on SQLite.
pub(crate) fn make_partitions(conn: &mut Conn, now: Timestamp) -> QueryResult<()> {
    let Conn::Pg(c) = conn else { return Ok(()) };
    let Some(first) = month_of(now.0) else {
        return Ok(());
    };
    for ahead in 0..=2 {
        let bounds = first
            .checked_add_months(Months::new(ahead))
            .zip(first.checked_add_months(Months::new(ahead + 1)));
        let Some((from, to)) = bounds else { continue };
        // Names and bounds are numbers of ours, never text of a client.
        c.batch_execute(&format!(
            "CREATE TABLE IF NOT EXISTS {} PARTITION OF events FOR VALUES FROM ({}) TO ({})",
            partition_name(from),
            start_of(from),
            start_of(to)
        ))?;
    }
    Ok(())
}

/// Drops the months that ended before a time.
fn drop_partitions(c: &mut PgConnection, before: i64) -> QueryResult<()> {
    let query = "SELECT c.relname::text AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
                 WHERE i.inhparent = 'events'::regclass ORDER BY 1";
    let Some(keep) = month_of(before).map(partition_name) else {
        return Ok(());
    };
    let partitions: Vec<Partition> = sql_query(query).load(c)?;
    for Partition { name } in partitions {
        // Names sort by month; anything else is not a partition of ours.
        let is_ours = name.len() == keep.len() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if is_ours && name < keep {
            c.batch_execute(&format!(
                "UPDATE shard SET floor_seq = greatest(floor_seq, m.top) FROM (SELECT shard_id, max(seq) AS top FROM {name} \
                 GROUP BY shard_id) m WHERE m.shard_id = shard.id; DROP TABLE {name};"
            ))?;
        }
    }
    Ok(())
}

/// The first day of the month of a time.
fn month_of(at_ms: i64) -> Option<NaiveDate> {
    DateTime::<Utc>::from_timestamp_millis(at_ms)?
        .date_naive()
        .with_day(1)
}

fn start_of(month: NaiveDate) -> i64 {
    month
        .and_time(chrono::NaiveTime::MIN)
        .and_utc()
        .timestamp_millis()
}

fn partition_name(month: NaiveDate) -> String {
    format!("events_{:04}_{:02}", month.year(), month.month())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::connection::LOCK_WAIT_MS;
    use crate::store::migrate;
    use crate::store::test_database::{NOW, sqlite};

    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        detail: String,
    }

    #[test]
    fn the_sweep_goes_to_old_entries_and_events_and_reads_no_others() {
        let database = sqlite();
        migrate(&database.target, NOW).unwrap();
        let Conn::Sqlite(mut conn) = Conn::open(&database.target, true, LOCK_WAIT_MS).unwrap() else {
            panic!("another database")
        };
        for statement in [OLD_INBOXES, PAST_INBOXES, OLD_EVENTS, PAST_EVENTS] {
            let plan: Vec<Step> = sql_query(format!("EXPLAIN QUERY PLAN {statement}"))
                .bind::<BigInt, _>(1)
                .bind::<BigInt, _>(1)
                .load(&mut conn)
                .unwrap();
            let steps: Vec<&str> = plan.iter().map(|step| step.detail.as_str()).collect();
            assert!(
                steps
                    .iter()
                    .any(|step| step.starts_with("SEARCH e ") || step.starts_with("SEARCH i ")),
                "{steps:?}"
            );
            let mut scanned = steps.iter().filter_map(|step| step.strip_prefix("SCAN "));
            assert!(
                !scanned.any(|table| matches!(table.split(' ').next(), Some("e" | "i"))),
                "{steps:?}"
            );
        }
    }
}
