//! A batch's statements on SQLite: rows in parts of a few fixed lengths, so that each statement stays prepared.
//!
//! `OR FAIL`: after an error the whole transaction is rolled back, so SQLite need not keep a journal of each statement as well.

use super::rows::{AccountRow, CommandRow, EventRow, InboxHeadRow, InboxRow, TransferRow};
use crate::store::bulk::{Bulk, Cell};
use crate::store::parts::parts;
use diesel::sqlite::SqliteConnection;
use diesel::{QueryResult, RunQueryDsl};

/// Runs a statement over all rows. Gives how many rows it touched.
fn run<'a>(
    conn: &mut SqliteConnection,
    head: &'static str,
    rows: &'a [Vec<Cell<'a>>],
    tail: &'static str,
) -> QueryResult<usize> {
    let mut touched = 0_usize;
    for part in parts(rows) {
        touched = touched.saturating_add(Bulk::<()>::new(head, part, tail).kept().execute(conn)?);
    }
    Ok(touched)
}

/// New balances. Gives how many accounts were found.
pub(super) fn update_accounts(conn: &mut SqliteConnection, rows: &[AccountRow]) -> QueryResult<usize> {
    let cells: Vec<Vec<Cell<'_>>> = rows
        .iter()
        .map(|row| vec![Cell::Id(row.id), Cell::Big(row.balance), Cell::Big(row.version)])
        .collect();
    run(
        conn,
        "WITH v (id, balance, version) AS (VALUES ",
        &cells,
        ") UPDATE OR FAIL account SET balance = v.balance, version = v.version FROM v WHERE account.id = v.id",
    )
}

/// New tops of inboxes. Gives how many were found.
pub(super) fn update_inbox_heads(conn: &mut SqliteConnection, rows: &[InboxHeadRow]) -> QueryResult<usize> {
    let cells: Vec<Vec<Cell<'_>>> = rows
        .iter()
        .map(|row| vec![Cell::Id(row.agent_id), Cell::Big(row.top)])
        .collect();
    run(
        conn,
        "WITH v (agent_id, top) AS (VALUES ",
        &cells,
        ") UPDATE OR FAIL inbox_head SET top = v.top FROM v WHERE inbox_head.agent_id = v.agent_id",
    )
}

pub(super) fn insert_transfers(conn: &mut SqliteConnection, rows: &[TransferRow<'_>]) -> QueryResult<usize> {
    let cells: Vec<Vec<Cell<'_>>> = rows.iter().map(transfer).collect();
    run(
        conn,
        "INSERT OR FAIL INTO transfer (id, shard_id, seq, agent_id, command_id, body_hash, debit, credit, amount, currency, code, note, \
         debit_balance, debit_version, credit_balance, credit_version, tick, created_at) VALUES ",
        &cells,
        "",
    )
}

fn transfer<'a>(row: &'a TransferRow<'_>) -> Vec<Cell<'a>> {
    vec![
        Cell::Id(row.id),
        Cell::NullableBig(row.shard_id.map(i64::from)),
        Cell::NullableBig(row.seq),
        Cell::Id(row.agent_id),
        Cell::Text(&row.command_id),
        Cell::Bytes(row.body_hash),
        Cell::Id(row.debit),
        Cell::Id(row.credit),
        Cell::Big(row.amount),
        Cell::Integer(row.currency.into()),
        Cell::Integer(row.code.into()),
        Cell::NullableText(row.note),
        Cell::Big(row.debit_balance),
        Cell::Big(row.debit_version),
        Cell::Big(row.credit_balance),
        Cell::Big(row.credit_version),
        Cell::Big(row.tick),
        Cell::Big(row.created_at),
    ]
}

pub(super) fn insert_events(conn: &mut SqliteConnection, rows: &[EventRow<'_>]) -> QueryResult<usize> {
    let texts: Vec<(String, Option<String>)> = rows
        .iter()
        .map(|row| {
            (
                row.content.0.to_string(),
                row.location.as_ref().map(|at| at.0.to_string()),
            )
        })
        .collect();
    let cells: Vec<Vec<Cell<'_>>> = rows
        .iter()
        .zip(&texts)
        .map(|(row, (content, location))| event(row, content, location.as_deref()))
        .collect();
    run(
        conn,
        "INSERT OR FAIL INTO events (created_at, shard_id, seq, epoch, event_id, event_type, source_agent, target_agent, region, content, \
         location, hearers, is_public, world_tick) VALUES ",
        &cells,
        "",
    )
}

fn event<'a>(row: &'a EventRow<'_>, content: &'a str, location: Option<&'a str>) -> Vec<Cell<'a>> {
    vec![
        Cell::Big(row.created_at),
        Cell::Integer(row.shard_id),
        Cell::Big(row.seq),
        Cell::Big(row.epoch),
        Cell::Id(row.event_id),
        Cell::Text(row.event_type),
        Cell::NullableText(row.source_agent),
        Cell::NullableText(row.target_agent),
        Cell::Text(row.region),
        Cell::Text(content),
        Cell::NullableText(location),
        Cell::Text(&row.hearers),
        Cell::Bool(row.is_public),
        Cell::Big(row.world_tick),
    ]
}

pub(super) fn insert_inbox(conn: &mut SqliteConnection, rows: &[InboxRow]) -> QueryResult<usize> {
    let cell = |row: &InboxRow| {
        vec![
            Cell::Id(row.agent_id),
            Cell::Big(row.offset),
            Cell::Integer(row.shard_id),
            Cell::Big(row.seq),
            Cell::Big(row.tick),
            Cell::Big(row.created_at),
        ]
    };
    let cells: Vec<Vec<Cell<'_>>> = rows.iter().map(cell).collect();
    run(
        conn,
        "INSERT OR FAIL INTO inbox (agent_id, \"offset\", shard_id, seq, tick, created_at) VALUES ",
        &cells,
        "",
    )
}

pub(super) fn insert_commands(conn: &mut SqliteConnection, rows: &[CommandRow<'_>]) -> QueryResult<usize> {
    let texts: Vec<String> = rows.iter().map(|row| row.result.0.to_string()).collect();
    let cells: Vec<Vec<Cell<'_>>> = rows
        .iter()
        .zip(&texts)
        .map(|(row, result)| command(row, result))
        .collect();
    run(
        conn,
        "INSERT OR FAIL INTO command (agent_id, command_id, body_hash, action, status, result, shard_id, seq, region, tick, created_at) \
         VALUES ",
        &cells,
        "",
    )
}

fn command<'a>(row: &'a CommandRow<'_>, result: &'a str) -> Vec<Cell<'a>> {
    vec![
        Cell::Id(row.agent_id),
        Cell::Text(row.command_id),
        Cell::Bytes(row.body_hash),
        Cell::Text(row.action),
        Cell::Text(row.status),
        Cell::Text(result),
        Cell::Integer(row.shard_id),
        Cell::Big(row.seq),
        Cell::Text(row.region),
        Cell::Big(row.tick),
        Cell::Big(row.created_at),
    ]
}
