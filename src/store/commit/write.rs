//! Writes what was decided, each table with one multi-row statement.

use super::Batch;
use super::decide::Staged;
use super::many::{
    insert_commands, insert_events, insert_inbox, insert_transfers, update_accounts, update_inbox_heads,
    update_places,
};
use super::rows::{AccountRow, CommandRow, EventRow, InboxHeadRow, InboxRow, ItemRow, PlaceRow, TransferRow};
use super::talk::{write_chats, write_conversations};
use crate::base::time::Timestamp;
use crate::domain::ledger::CREDIT;
use crate::store::connection::{Conn, on_conn};
use crate::store::error::lost_update;
use crate::store::schema;
use crate::store::sql_types::{Doc, DocRef, Id};
use diesel::upsert::excluded;
use diesel::{ExpressionMethods, QueryResult, RunQueryDsl};
use uuid::Uuid;

/// Bind parameters in one statement. SQLite takes 32,766, PostgreSQL 65,535.
pub(super) const BINDS_MAX: usize = 30_000;

macro_rules! insert_all {
    ($conn:expr, $table:expr, $columns:literal, $rows:expr) => {
        for part in $rows.chunks(BINDS_MAX / $columns) {
            on_conn!($conn, |c| diesel::insert_into($table).values(part).execute(c))?;
        }
    };
}
pub(super) use insert_all;

/// Writes everything that is staged.
pub(super) fn write(conn: &mut Conn, batch: &Batch, at: Timestamp, staged: &Staged) -> QueryResult<()> {
    write_accounts(conn, staged)?;
    write_transfers(conn, batch, at, staged)?;
    write_places(conn, at, staged)?;
    write_events(conn, batch, at, staged)?;
    write_inboxes(conn, batch, at, staged)?;
    write_commands(conn, batch, at, staged)?;
    write_chats(conn, batch, at, staged)?;
    write_items(conn, at, staged)?;
    write_objects(conn, at, staged)?;
    write_conversations(conn, batch, at, staged)
}

fn write_accounts(conn: &mut Conn, staged: &Staged) -> QueryResult<()> {
    let touched = staged
        .touched_accounts
        .iter()
        .filter_map(|id| Some((id, staged.view.accounts.get(id)?)));
    let rows: Vec<AccountRow> = touched
        .map(|(id, account)| AccountRow {
            id: Id(*id),
            read_version: account.read_version,
            balance: account.balance,
            version: account.version,
            last_transfer: account.last_transfer.map(Id),
        })
        .collect();
    all_found("account", update_accounts(conn, &rows)?, rows.len())
}

/// Rows that were locked a moment ago are there, as they were read. Errors: a lost update, which may be tried again.
fn all_found(table: &'static str, found: usize, expected: usize) -> QueryResult<()> {
    if found == expected {
        Ok(())
    } else {
        Err(lost_update(table))
    }
}

fn write_transfers(conn: &mut Conn, batch: &Batch, at: Timestamp, staged: &Staged) -> QueryResult<()> {
    let rows: Vec<TransferRow<'_>> = staged
        .transfers
        .iter()
        .filter_map(|transfer| {
            let commit = batch.commits.get(transfer.commit)?;
            let command = commit.command.as_ref();
            Some(TransferRow {
                id: Id(commit.event_id.0),
                shard_id: Some(batch.lease.shard.0),
                seq: Some(transfer.seq),
                agent_id: Id(commit.agent.0),
                command_id: command.map_or_else(|| commit.event_id.to_string(), |command| command.id.clone()),
                body_hash: command.map_or(&[0; 32], |command| command.body_hash.as_slice()),
                debit: Id(transfer.debit),
                credit: Id(transfer.credit),
                amount: transfer.amount,
                currency: CREDIT,
                code: transfer.code,
                note: transfer.note.as_deref(),
                debit_balance: transfer.debit_balance,
                debit_version: transfer.debit_version,
                credit_balance: transfer.credit_balance,
                credit_version: transfer.credit_version,
                debit_previous: transfer.debit_previous.map(Id),
                credit_previous: transfer.credit_previous.map(Id),
                tick: commit.tick.0,
                created_at: at.0,
            })
        })
        .collect();
    insert_transfers(conn, &rows)?;
    Ok(())
}

fn write_places(conn: &mut Conn, at: Timestamp, staged: &Staged) -> QueryResult<()> {
    let rows: Vec<PlaceRow<'_>> = staged
        .places
        .iter()
        .map(|(id, place)| PlaceRow {
            id: Id(*id),
            region: &place.region,
            shard_id: place.shard,
            x: place.at.x,
            y: place.at.y,
            z: place.at.z,
            hop: place.hop,
            is_in_world: place.is_in_world,
            carried: place.carried.as_deref(),
            updated_at: at.0,
        })
        .collect();
    update_places(conn, &rows)?;
    Ok(())
}

fn write_events(conn: &mut Conn, batch: &Batch, at: Timestamp, staged: &Staged) -> QueryResult<()> {
    let rows: Vec<EventRow<'_>> = staged
        .events
        .iter()
        .filter_map(|(index, seq)| {
            let commit = batch.commits.get(*index)?;
            let event = &commit.event;
            Some(EventRow {
                created_at: at.0,
                shard_id: batch.lease.shard.0,
                seq: *seq,
                epoch: batch.lease.epoch,
                event_id: Id(commit.event_id.0),
                event_type: event.kind.name(),
                source_agent: event.source.as_ref().map(|handle| handle.as_str()),
                target_agent: event.target.as_ref().map(|handle| handle.as_str()),
                region: &commit.region,
                content: DocRef(&event.content),
                location: event.location.map(|at| Doc(serde_json::json!(at))),
                hearers: hearers_text(event.hearers.iter().map(|hearer| hearer.handle.as_str())),
                is_public: event.is_public,
                world_tick: commit.tick.0,
                deltas: staged.deltas.get(seq),
            })
        })
        .collect();
    insert_events(conn, &rows)?;
    Ok(())
}

/// `,alice,bob,`, or nothing.
fn hearers_text<'a>(handles: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for handle in handles {
        if text.is_empty() {
            text.push(',');
        }
        text.push_str(handle);
        text.push(',');
    }
    text
}

fn write_inboxes(conn: &mut Conn, batch: &Batch, at: Timestamp, staged: &Staged) -> QueryResult<()> {
    let shard_id = batch.lease.shard.0;
    let rows: Vec<InboxRow> = staged
        .inbox
        .iter()
        .filter_map(|(owner, offset, index, seq)| {
            let tick = batch.commits.get(*index)?.tick.0;
            Some(InboxRow {
                agent_id: Id(*owner),
                offset: *offset,
                shard_id,
                seq: *seq,
                tick,
                created_at: at.0,
            })
        })
        .collect();
    insert_inbox(conn, &rows)?;
    let touched = staged
        .touched_inboxes
        .iter()
        .filter_map(|id| Some((id, staged.view.inboxes.get(id)?)));
    let heads: Vec<InboxHeadRow> = touched
        .map(|(id, (_, top, _))| InboxHeadRow {
            agent_id: Id(*id),
            top: *top,
        })
        .collect();
    all_found("inbox_head", update_inbox_heads(conn, &heads)?, heads.len())
}

fn write_commands(conn: &mut Conn, batch: &Batch, at: Timestamp, staged: &Staged) -> QueryResult<()> {
    let rows: Vec<CommandRow<'_>> = staged
        .commands
        .iter()
        .filter_map(|row| {
            let commit = batch.commits.get(row.commit)?;
            let command = commit.command.as_ref()?;
            Some(CommandRow {
                agent_id: Id(commit.agent.0),
                command_id: &command.id,
                body_hash: &command.body_hash,
                action: command.action,
                status: if row.is_refused { "refused" } else { "committed" },
                result: DocRef(&row.result),
                shard_id: batch.lease.shard.0,
                seq: row.seq,
                region: &commit.region,
                tick: commit.tick.0,
                created_at: at.0,
            })
        })
        .collect();
    insert_commands(conn, &rows)?;
    Ok(())
}

fn write_items(conn: &mut Conn, at: Timestamp, staged: &Staged) -> QueryResult<()> {
    use schema::item::{self, dsl as i};
    let touched = staged
        .touched_items
        .iter()
        .filter_map(|key| Some((key, staged.view.items.get(key)?)));
    let row = |((holder, kind), stack): (&'_ (Uuid, String), &_)| -> (bool, Id, Id, String, i32) {
        let stack: &super::read::Stack = stack;
        (
            stack.is_stored,
            Id(stack.id),
            Id(*holder),
            kind.clone(),
            stack.quantity,
        )
    };
    let all: Vec<_> = touched.map(row).collect();
    let pick = |is_stored: bool| -> Vec<ItemRow<'_>> {
        let some = all.iter().filter(|row| row.0 == is_stored);
        some.map(|(_, id, holder_id, kind, quantity)| ItemRow {
            id: *id,
            holder_id: *holder_id,
            kind,
            quantity: *quantity,
            created_at: at.0,
            updated_at: at.0,
        })
        .collect()
    };
    for part in pick(true).chunks(BINDS_MAX / 6) {
        on_conn!(conn, |c| diesel::insert_into(item::table)
            .values(part)
            .on_conflict(i::id)
            .do_update()
            .set((
                i::quantity.eq(excluded(i::quantity)),
                i::updated_at.eq(excluded(i::updated_at))
            ))
            .execute(c))?;
    }
    // Another shard may make the same stack at the same time; then both quantities count.
    for part in pick(false).chunks(BINDS_MAX / 6) {
        on_conn!(conn, |c| diesel::insert_into(item::table)
            .values(part)
            .on_conflict((i::holder_id, i::kind))
            .do_update()
            .set((
                i::quantity.eq(i::quantity + excluded(i::quantity)),
                i::updated_at.eq(excluded(i::updated_at))
            ))
            .execute(c))?;
    }
    Ok(())
}

fn write_objects(conn: &mut Conn, at: Timestamp, staged: &Staged) -> QueryResult<()> {
    use diesel::QueryDsl;
    use schema::object::{self, dsl as o};
    // Objects of one region in one batch: a handful, so one statement each.
    for id in &staged.touched_objects {
        if let Some(next) = staged.view.objects.get(id) {
            on_conn!(conn, |c| diesel::update(object::table.find(id))
                .set((
                    o::state.eq(DocRef(&next.state)),
                    o::version.eq(next.version),
                    o::updated_at.eq(at.0)
                ))
                .execute(c))?;
        }
    }
    Ok(())
}
