//! Statements over many rows, each said once for both databases.
//!
//! On SQLite rows go in parts of a few fixed lengths, so that each statement stays prepared. `OR FAIL`: after an error the whole
//! transaction is rolled back, so SQLite need not keep a journal of each statement as well. On PostgreSQL see `columns`.

use super::columns::Unnest;
use super::rows::{AccountRow, ChatRow, CommandRow, EventRow, InboxHeadRow, InboxRow, PlaceRow, TransferRow};
use crate::store::bulk::{Bulk, Cell};
use crate::store::connection::Conn;
use crate::store::parts::parts;
use crate::store::sql_types::DocRef;
use diesel::sql_types::Array;
use diesel::sqlite::SqliteConnection;
use diesel::{IntoSql, QueryResult, RunQueryDsl};

/// The SQL types of columns, by the names of `Cell`.
mod kind {
    use crate::store::sql_types::{Json, Uid};
    use diesel::sql_types::{BigInt, Binary, Nullable, SmallInt};

    pub(super) use diesel::sql_types::{Bool, Double, Integer, Text};
    pub(super) type Id = Uid;
    pub(super) type NullableId = Nullable<Uid>;
    pub(super) type NullableText = Nullable<Text>;
    pub(super) type Bytes = Binary;
    pub(super) type Small = SmallInt;
    pub(super) type NullableInteger = Nullable<Integer>;
    pub(super) type Big = BigInt;
    pub(super) type NullableBig = Nullable<BigInt>;
    pub(super) type Doc = Json;
    pub(super) type NullableDoc = Nullable<Json>;
}

/// A field as both databases take it.
macro_rules! value {
    (Text, $field:expr) => {
        &*$field
    };
    (NullableDoc, $field:expr) => {
        $field.as_ref().map(|doc| DocRef(&doc.0))
    };
    ($kind:ident, $field:expr) => {
        $field
    };
}

/// `"a", "b"`: quoted, for `offset` is a word of SQL.
macro_rules! names {
    ($first:ident $(, $column:ident)*) => {
        concat!("\"", stringify!($first), "\"" $(, ", \"", stringify!($column), "\"")*)
    };
}

/// A function that runs a statement over all rows, from its head and tail on SQLite and on PostgreSQL.
macro_rules! statement {
    ($name:ident, $row:ty, $sqlite:expr, $pg:expr, $($column:ident: $kind:ident),+) => {
        /// Gives how many rows it touched.
        pub(super) fn $name(conn: &mut Conn, rows: &[$row]) -> QueryResult<usize> {
            match conn {
                _ if rows.is_empty() => Ok(0),
                Conn::Sqlite(c) => {
                    let cells: Vec<Vec<Cell<'_>>> = rows
                        .iter()
                        .map(|row| vec![$(Cell::$kind(value!($kind, row.$column))),+])
                        .collect();
                    run_in_parts(c, &cells, $sqlite)
                }
                Conn::Pg(c) => {
                    let columns = ($(
                        rows.iter()
                            .map(|row| value!($kind, row.$column))
                            .collect::<Vec<_>>()
                            .into_sql::<Array<kind::$kind>>(),
                    )+);
                    let (head, tail) = $pg;
                    Unnest::<_>::new(head, columns, (tail, "")).execute(c)
                }
            }
        }
    };
}

/// New rows of a table.
macro_rules! insert {
    ($name:ident, $row:ty, $table:literal, $($column:ident: $kind:ident),+) => {
        statement!(
            $name,
            $row,
            (concat!("INSERT OR FAIL INTO ", $table, " (", names!($($column),+), ") VALUES "), ""),
            (concat!("INSERT INTO ", $table, " (", names!($($column),+), ") SELECT * FROM unnest("), ")"),
            $($column: $kind),+
        );
    };
}

/// New values of rows that are found by their key. They are locked.
macro_rules! update {
    ($name:ident, $row:ty, $table:literal, $key:ident: $key_kind:ident, $first:ident: $first_kind:ident $(, $column:ident: $kind:ident)*) => {
        statement!(
            $name,
            $row,
            (
                concat!("WITH v (", names!($key, $first $(, $column)*), ") AS (VALUES "),
                concat!(
                    ") UPDATE OR FAIL ", $table,
                    " SET ", stringify!($first), " = v.", stringify!($first)
                    $(, ", ", stringify!($column), " = v.", stringify!($column))*,
                    " FROM v WHERE ", $table, ".", stringify!($key), " = v.", stringify!($key)
                )
            ),
            (
                concat!(
                    "UPDATE ", $table,
                    " SET ", stringify!($first), " = v.", stringify!($first)
                    $(, ", ", stringify!($column), " = v.", stringify!($column))*,
                    " FROM unnest("
                ),
                concat!(
                    ") AS v (", names!($key, $first $(, $column)*), ")",
                    " WHERE ", $table, ".", stringify!($key), " = v.", stringify!($key)
                )
            ),
            $key: $key_kind, $first: $first_kind $(, $column: $kind)*
        );
    };
}

// Only from the version that was read: a lost or doubled update is an error, whatever became of the lock.
statement!(
    update_accounts,
    AccountRow,
    (
        "WITH v (id, read_version, balance, version, last_transfer) AS (VALUES ",
        ") UPDATE OR FAIL account SET balance = v.balance, version = v.version, last_transfer = v.last_transfer FROM v \
         WHERE account.id = v.id AND account.version = v.read_version"
    ),
    (
        "UPDATE account SET balance = v.balance, version = v.version, last_transfer = v.last_transfer FROM unnest(",
        ") AS v (id, read_version, balance, version, last_transfer) WHERE account.id = v.id AND account.version = v.read_version"
    ),
    id: Id,
    read_version: Big,
    balance: Big,
    version: Big,
    last_transfer: NullableId
);
update!(update_inbox_heads, InboxHeadRow, "inbox_head", agent_id: Id, top: Big);
update!(
    update_places, PlaceRow<'_>, "agents", id: Id, region: Text, shard_id: Integer, x: Double, y: Double, z: Double, hop: Big,
    is_in_world: Bool, carried: NullableText, updated_at: Big
);
insert!(
    insert_transfers, TransferRow<'_>, "transfer", id: Id, shard_id: NullableInteger, seq: NullableBig, agent_id: Id,
    command_id: Text, body_hash: Bytes, debit: Id, credit: Id, amount: Big, currency: Small, code: Small, note: NullableText,
    debit_balance: Big, debit_version: Big, credit_balance: Big, credit_version: Big, debit_previous: NullableId,
    credit_previous: NullableId, tick: Big, created_at: Big
);
insert!(
    insert_events, EventRow<'_>, "events", created_at: Big, shard_id: Integer, seq: Big, epoch: Big, event_id: Id,
    event_type: Text, source_agent: NullableText, target_agent: NullableText, region: Text, content: Doc,
    location: NullableDoc, hearers: Text, is_public: Bool, world_tick: Big, deltas: NullableDoc
);
insert!(
    insert_inbox, InboxRow, "inbox", agent_id: Id, offset: Big, shard_id: Integer, seq: Big, tick: Big, created_at: Big
);
insert!(
    insert_chats, ChatRow<'_>, "chat_messages", id: Id, sender_id: Id, sender_agent: Text, sender_name: Text,
    recipient_id: NullableId, recipient_agent: NullableText, region: Text, message: Text, volume: Text, shard_id: Integer,
    seq: Big, created_at: Big
);
insert!(
    insert_commands, CommandRow<'_>, "command", agent_id: Id, command_id: Text, body_hash: Bytes, action: Text, status: Text,
    result: Doc, shard_id: Integer, seq: Big, region: Text, tick: Big, created_at: Big
);

/// Runs a statement over all rows, part by part. Gives how many rows it touched.
fn run_in_parts<'a>(
    conn: &mut SqliteConnection,
    rows: &'a [Vec<Cell<'a>>],
    (head, tail): (&'static str, &'static str),
) -> QueryResult<usize> {
    let mut touched = 0_usize;
    for part in parts(rows) {
        touched = touched.saturating_add(Bulk::<()>::new(head, part, tail).kept().execute(conn)?);
    }
    Ok(touched)
}
