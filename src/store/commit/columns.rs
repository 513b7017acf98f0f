//! A batch's statements on PostgreSQL: rows travel as one array a column, so the text of a statement never changes with the
//! size of the batch, and the server parses and plans it once a connection instead of once a batch.

use super::rows::{AccountRow, CommandRow, EventRow, InboxHeadRow, InboxRow, TransferRow};
use crate::store::connection::PgConnection;
use crate::store::sql_types::{Id, Json, Uid};
use diesel::dsl::AsExprOf;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, SmallInt, Text};
use diesel::{IntoSql, QueryResult, RunQueryDsl};
use std::marker::PhantomData;

/// `head $1, $2, .. tail`, the tail in two parts. `ST` is the SQL type of the answer's rows.
pub(super) struct Unnest<B, ST = ()> {
    head: &'static str,
    columns: B,
    tail: (&'static str, &'static str),
    answer: PhantomData<ST>,
}

impl<B, ST> Unnest<B, ST> {
    /// A statement over columns of equal length. `head` ends before the first of them.
    pub(super) fn new(head: &'static str, columns: B, tail: (&'static str, &'static str)) -> Self {
        Self {
            head,
            columns,
            tail,
            answer: PhantomData,
        }
    }
}

impl<B, ST> QueryId for Unnest<B, ST> {
    type QueryId = ();
    // Known by its text: two statements may have columns of the same types.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<B, ST> Query for Unnest<B, ST> {
    type SqlType = ST;
}

impl<B, ST, C> RunQueryDsl<C> for Unnest<B, ST> {}

impl<B: QueryFragment<Pg>, ST> QueryFragment<Pg> for Unnest<B, ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(self.head);
        self.columns.walk_ast(out.reborrow())?;
        out.push_sql(self.tail.0);
        out.push_sql(self.tail.1);
        Ok(())
    }
}

/// One column of rows.
macro_rules! column {
    ($rows:expr, $kind:ty, $value:expr) => {
        $rows
            .iter()
            .map($value)
            .collect::<Vec<_>>()
            .into_sql::<Array<$kind>>()
    };
}

/// The columns of keys of commands.
type Keys = (AsExprOf<Vec<Id>, Array<Uid>>, AsExprOf<Vec<String>, Array<Text>>);

/// A select that joins the keys of commands.
pub(super) fn keys<ST>(
    head: &'static str,
    keys: &[(Id, &str)],
    tail: (&'static str, &'static str),
) -> Unnest<Keys, ST> {
    let columns = (
        column!(keys, Uid, |key| key.0),
        column!(keys, Text, |key| key.1.to_owned()),
    );
    Unnest::new(head, columns, tail)
}

/// New balances. The rows are locked. Gives how many were found.
pub(super) fn update_accounts(conn: &mut PgConnection, rows: &[AccountRow]) -> QueryResult<usize> {
    let columns = (
        column!(rows, Uid, |r| r.id),
        column!(rows, BigInt, |r| r.balance),
        column!(rows, BigInt, |r| r.version),
    );
    Unnest::<_>::new(
        "UPDATE account SET balance = v.balance, version = v.version FROM unnest(",
        columns,
        (") AS v (id, balance, version)", " WHERE account.id = v.id"),
    )
    .execute(conn)
}

/// New tops of inboxes. The rows are locked. Gives how many were found.
pub(super) fn update_inbox_heads(conn: &mut PgConnection, rows: &[InboxHeadRow]) -> QueryResult<usize> {
    let columns = (
        column!(rows, Uid, |r| r.agent_id),
        column!(rows, BigInt, |r| r.top),
    );
    Unnest::<_>::new(
        "UPDATE inbox_head SET top = v.top FROM unnest(",
        columns,
        (
            ") AS v (agent_id, top)",
            " WHERE inbox_head.agent_id = v.agent_id",
        ),
    )
    .execute(conn)
}

pub(super) fn insert_transfers(conn: &mut PgConnection, rows: &[TransferRow<'_>]) -> QueryResult<usize> {
    let columns = (
        column!(rows, Uid, |r| r.id),
        column!(rows, Nullable<Integer>, |r| r.shard_id),
        column!(rows, Nullable<BigInt>, |r| r.seq),
        column!(rows, Uid, |r| r.agent_id),
        column!(rows, Text, |r| r.command_id.as_str()),
        column!(rows, Binary, |r| r.body_hash),
        column!(rows, Uid, |r| r.debit),
        column!(rows, Uid, |r| r.credit),
        column!(rows, BigInt, |r| r.amount),
        column!(rows, SmallInt, |r| r.currency),
        column!(rows, SmallInt, |r| r.code),
        column!(rows, Nullable<Text>, |r| r.note),
        column!(rows, BigInt, |r| r.debit_balance),
        column!(rows, BigInt, |r| r.debit_version),
        column!(rows, BigInt, |r| r.credit_balance),
        column!(rows, BigInt, |r| r.credit_version),
        column!(rows, BigInt, |r| r.tick),
        column!(rows, BigInt, |r| r.created_at),
    );
    Unnest::<_>::new(
        "INSERT INTO transfer (id, shard_id, seq, agent_id, command_id, body_hash, debit, credit, amount, currency, code, note, \
         debit_balance, debit_version, credit_balance, credit_version, tick, created_at) SELECT * FROM unnest(",
        columns,
        (")", ""),
    )
    .execute(conn)
}

pub(super) fn insert_events(conn: &mut PgConnection, rows: &[EventRow<'_>]) -> QueryResult<usize> {
    let columns = (
        column!(rows, BigInt, |r| r.created_at),
        column!(rows, Integer, |r| r.shard_id),
        column!(rows, BigInt, |r| r.seq),
        column!(rows, BigInt, |r| r.epoch),
        column!(rows, Uid, |r| r.event_id),
        column!(rows, Text, |r| r.event_type),
        column!(rows, Nullable<Text>, |r| r.source_agent),
        column!(rows, Nullable<Text>, |r| r.target_agent),
        column!(rows, Text, |r| r.region),
        column!(rows, Json, |r| r.content),
        column!(rows, Nullable<Json>, |r| r.location.clone()),
        column!(rows, Text, |r| r.hearers.as_str()),
        column!(rows, Bool, |r| r.is_public),
        column!(rows, BigInt, |r| r.world_tick),
    );
    Unnest::<_>::new(
        "INSERT INTO events (created_at, shard_id, seq, epoch, event_id, event_type, source_agent, target_agent, region, content, \
         location, hearers, is_public, world_tick) SELECT * FROM unnest(",
        columns,
        (")", ""),
    )
    .execute(conn)
}

pub(super) fn insert_inbox(conn: &mut PgConnection, rows: &[InboxRow]) -> QueryResult<usize> {
    let columns = (
        column!(rows, Uid, |r| r.agent_id),
        column!(rows, BigInt, |r| r.offset),
        column!(rows, Integer, |r| r.shard_id),
        column!(rows, BigInt, |r| r.seq),
        column!(rows, BigInt, |r| r.tick),
        column!(rows, BigInt, |r| r.created_at),
    );
    Unnest::<_>::new(
        "INSERT INTO inbox (agent_id, \"offset\", shard_id, seq, tick, created_at) SELECT * FROM unnest(",
        columns,
        (")", ""),
    )
    .execute(conn)
}

pub(super) fn insert_commands(conn: &mut PgConnection, rows: &[CommandRow<'_>]) -> QueryResult<usize> {
    let columns = (
        column!(rows, Uid, |r| r.agent_id),
        column!(rows, Text, |r| r.command_id),
        column!(rows, Binary, |r| r.body_hash),
        column!(rows, Text, |r| r.action),
        column!(rows, Text, |r| r.status),
        column!(rows, Json, |r| r.result),
        column!(rows, Integer, |r| r.shard_id),
        column!(rows, BigInt, |r| r.seq),
        column!(rows, Text, |r| r.region),
        column!(rows, BigInt, |r| r.tick),
        column!(rows, BigInt, |r| r.created_at),
    );
    Unnest::<_>::new(
        "INSERT INTO command (agent_id, command_id, body_hash, action, status, result, shard_id, seq, region, tick, created_at) \
         SELECT * FROM unnest(",
        columns,
        (")", ""),
    )
    .execute(conn)
}
