//! The witness: looks at the database by a connection of its own after every step, and knows what must never be.

use crate::ground::BEGIN_MS;
use diesel::sql_types::{BigInt, Binary, Integer, Nullable};
use diesel::sqlite::SqliteConnection;
use diesel::{Connection, QueryableByName, RunQueryDsl, sql_query};
use rookery::base::id::{EventId, NodeId, ShardId};
use rookery::store::Target;
use rookery::store::commit::Lease;
use std::collections::BTreeMap;

/// A shard's row.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Row {
    #[diesel(sql_type = Integer)]
    pub id: i32,
    #[diesel(sql_type = Nullable<Binary>)]
    pub owner: Option<Vec<u8>>,
    #[diesel(sql_type = BigInt)]
    pub epoch: i64,
    #[diesel(sql_type = BigInt)]
    pub lease_until: i64,
    #[diesel(sql_type = BigInt)]
    pub last_seq: i64,
}

impl Row {
    /// Whether a lease is the current one, run out or not.
    pub fn is_of(&self, lease: Lease) -> bool {
        self.epoch == lease.epoch && self.owner.as_deref() == Some(lease.owner.0.as_bytes().as_slice())
    }
}

#[derive(QueryableByName)]
struct EventRow {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = BigInt)]
    epoch: i64,
    #[diesel(sql_type = BigInt)]
    created_at: i64,
    #[diesel(sql_type = Binary)]
    event_id: Vec<u8>,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Balance {
    #[diesel(sql_type = Binary)]
    id: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    balance: i64,
}

/// What is known of a shard.
#[derive(Default)]
struct Known {
    row: Option<Row>,
    seq: i64,
    epoch: i64,
    at: i64,
    events: Vec<Vec<u8>>,
}

/// The witness.
pub struct Witness {
    connection: SqliteConnection,
    shards: BTreeMap<i32, Known>,
    /// Times that a shard got another owner.
    pub takeovers: u64,
}

impl Witness {
    pub fn new(target: &Target) -> Self {
        let Target::SqliteMemory(name) = target else {
            panic!("a run is in memory");
        };
        let url = format!("file:/{name}?vfs=memdb");
        Self {
            connection: SqliteConnection::establish(&url).expect("it opens"),
            shards: BTreeMap::new(),
            takeovers: 0,
        }
    }

    /// The row of a shard, as of the last look.
    pub fn row(&self, shard: ShardId) -> &Row {
        self.shards[&shard.0].row.as_ref().expect("it was looked at")
    }

    /// Whether a node holds a shard under an epoch at a time. Units: milliseconds since the beginning.
    pub fn holds(&self, node: NodeId, shard: ShardId, epoch: i64, now_ms: u64) -> bool {
        let row = self.row(shard);
        let lease = Lease {
            shard,
            owner: node,
            epoch,
        };
        let now_ms = BEGIN_MS + i64::try_from(now_ms).expect("runs are short");
        row.is_of(lease) && row.lease_until > now_ms
    }

    /// Looks at what is new. Errors: what must never be.
    pub fn look(&mut self) -> Result<(), String> {
        let rows: Vec<Row> =
            sql_query("SELECT id, owner, epoch, lease_until, last_seq FROM shard ORDER BY id")
                .load(&mut self.connection)
                .expect("it reads");
        let mut has_news = false;
        for row in rows {
            let known = self.shards.entry(row.id).or_default();
            if let Some(before) = &known.row {
                if row.epoch < before.epoch || row.epoch > before.epoch + 1 {
                    return Err(format!(
                        "shard {} went from epoch {} to {}",
                        row.id, before.epoch, row.epoch
                    ));
                }
                let is_changed = before.owner != row.owner && row.owner.is_some();
                if is_changed && before.epoch == row.epoch {
                    return Err(format!("shard {} has two owners in epoch {}", row.id, row.epoch));
                }
                self.takeovers += u64::from(before.epoch != row.epoch);
            }
            if row.last_seq != known.seq {
                has_news = true;
                let events: Vec<EventRow> = sql_query(
                    "SELECT seq, epoch, created_at, event_id FROM events WHERE shard_id = ? AND seq > ? ORDER BY seq",
                )
                .bind::<Integer, _>(row.id)
                .bind::<BigInt, _>(known.seq)
                .load(&mut self.connection)
                .expect("it reads");
                known.take(&row, events)?;
            }
            known.row = Some(row);
        }
        if has_news { self.add_up() } else { Ok(()) }
    }

    /// I1.
    fn add_up(&mut self) -> Result<(), String> {
        let sums: Vec<Number> = sql_query("SELECT sum(balance) AS number FROM account GROUP BY currency")
            .load(&mut self.connection)
            .expect("it reads");
        match sums.iter().find(|sum| sum.number != 0) {
            Some(sum) => Err(format!("the accounts of a currency sum to {}", sum.number)),
            None => Ok(()),
        }
    }

    /// Whether an event is in the log under its number.
    pub fn has_event(&self, shard: ShardId, event: EventId, seq: i64) -> bool {
        let Some(index) = usize::try_from(seq).ok().and_then(|seq| seq.checked_sub(1)) else {
            return false;
        };
        let events = &self.shards[&shard.0].events;
        events.get(index).is_some_and(|id| id == event.0.as_bytes())
    }

    /// How many events there are.
    pub fn events(&self) -> i64 {
        self.shards.values().map(|known| known.seq).sum()
    }

    /// What each account holds.
    pub fn balances(&mut self) -> BTreeMap<Vec<u8>, i64> {
        let rows: Vec<Balance> = sql_query("SELECT id, balance FROM account")
            .load(&mut self.connection)
            .expect("it reads");
        rows.into_iter().map(|row| (row.id, row.balance)).collect()
    }

    /// How often something was said.
    pub fn times_said(&mut self, text: &str) -> i64 {
        let found: Number = sql_query("SELECT count(*) AS number FROM chat_messages WHERE message = ?")
            .bind::<diesel::sql_types::Text, _>(text)
            .get_result(&mut self.connection)
            .expect("it reads");
        found.number
    }

    /// How often a command is in the log: as a command, and as a transfer.
    pub fn times_done(&mut self, agent: &[u8], command: &str) -> (i64, i64) {
        let mut count = |table: &str| {
            let query =
                format!("SELECT count(*) AS number FROM {table} WHERE agent_id = ? AND command_id = ?");
            let found: Number = sql_query(query)
                .bind::<Binary, _>(agent)
                .bind::<diesel::sql_types::Text, _>(command)
                .get_result(&mut self.connection)
                .expect("it reads");
            found.number
        };
        (count("command"), count("transfer"))
    }
}

impl Known {
    /// New events: dense, of the epoch that the shard is in, and never earlier than those before.
    fn take(&mut self, row: &Row, events: Vec<EventRow>) -> Result<(), String> {
        for event in events {
            let id = row.id;
            if event.seq != self.seq + 1 {
                return Err(format!("event {} of shard {id} follows {}", event.seq, self.seq));
            }
            if event.epoch < self.epoch {
                let (epoch, before) = (event.epoch, self.epoch);
                return Err(format!(
                    "event {} of shard {id} is of epoch {epoch}, after one of {before}",
                    event.seq
                ));
            }
            // The events of the beginning are looked at once, when their epoch is over.
            if event.epoch != row.epoch && self.row.is_some() {
                return Err(format!(
                    "event {} of shard {id} is of epoch {}, the shard of {}",
                    event.seq, event.epoch, row.epoch
                ));
            }
            if event.created_at < self.at {
                return Err(format!(
                    "event {} of shard {id} is earlier than the one before",
                    event.seq
                ));
            }
            (self.seq, self.epoch, self.at) = (event.seq, event.epoch, event.created_at);
            self.events.push(event.event_id);
        }
        if self.seq != row.last_seq {
            return Err(format!(
                "shard {} has events up to {}, its row says {}",
                row.id, self.seq, row.last_seq
            ));
        }
        Ok(())
    }
}
