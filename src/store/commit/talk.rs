//! Writes what was said: chat, conversations and their lines.

use super::Batch;
use super::decide::Staged;
use super::many::insert_chats;
use super::rows::{ChatRow, ConversationRow, LineRow};
use super::write::{BINDS_MAX, insert_all};
use crate::base::time::Timestamp;
use crate::domain::conversation::Phase;
use crate::domain::write::Write;
use crate::store::connection::{Conn, on_conn};
use crate::store::schema;
use crate::store::sql_types::{Doc, Id};
use diesel::upsert::excluded;
use diesel::{ExpressionMethods, QueryResult, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

pub(super) fn write_chats(conn: &mut Conn, batch: &Batch, at: Timestamp, staged: &Staged) -> QueryResult<()> {
    let rows: Vec<ChatRow<'_>> = staged
        .chats
        .iter()
        .filter_map(|(index, number, seq, recipient)| {
            let commit = batch.commits.get(*index)?;
            let Write::Chat {
                recipient: to,
                message,
                volume,
            } = commit.writes.get(*number)?
            else {
                return None;
            };
            Some(ChatRow {
                id: Id(chat_id(commit.event_id.0, *number)),
                sender_id: Id(commit.agent.0),
                sender_agent: commit.handle.as_str(),
                sender_name: &commit.name,
                recipient_id: recipient.map(Id),
                recipient_agent: to.as_ref().map(|handle| handle.as_str()),
                region: &commit.region,
                message,
                volume: volume.name(),
                shard_id: batch.lease.shard.0,
                seq: *seq,
                created_at: at.0,
            })
        })
        .collect();
    insert_chats(conn, &rows)?;
    Ok(())
}

/// A message takes the id of its event, which grows with time; a second one of the same event takes one made from it.
fn chat_id(event: Uuid, number: usize) -> Uuid {
    if number == 0 {
        event
    } else {
        Uuid::new_v5(&event, format!("chat {number}").as_bytes())
    }
}

pub(super) fn write_conversations(
    conn: &mut Conn,
    batch: &Batch,
    at: Timestamp,
    staged: &Staged,
) -> QueryResult<()> {
    use schema::conversation::{self, dsl as v};
    let mut lines: Vec<LineRow<'_>> = Vec::new();
    let mut latest: std::collections::BTreeMap<Uuid, ConversationRow<'_>> = std::collections::BTreeMap::new();
    for commit in staged
        .events
        .iter()
        .filter_map(|(index, _)| batch.commits.get(*index))
    {
        for write in &commit.writes {
            match write {
                Write::Conversation(whole) => {
                    let row = ConversationRow {
                        id: Id(whole.id.0),
                        shard_id: batch.lease.shard.0,
                        region: &whole.region,
                        phase: phase_name(whole.phase),
                        body: Doc(serde_json::to_value(whole).unwrap_or(Value::Null)),
                        opened_at: whole.opened_at.0,
                        last_at: whole.last_at.0,
                    };
                    // Of several states in one batch the last is the one that counts.
                    latest.insert(whole.id.0, row);
                }
                Write::ConversationLine {
                    conversation,
                    number,
                    addressed_to,
                    text,
                } => lines.push(LineRow {
                    conversation_id: Id(conversation.0),
                    number: *number,
                    speaker_id: Id(commit.agent.0),
                    speaker: commit.handle.as_str(),
                    addressed_to: Doc(serde_json::json!(addressed_to)),
                    message: text,
                    tick: commit.tick.0,
                    created_at: at.0,
                }),
                _ => {}
            }
        }
    }
    let rows: Vec<ConversationRow<'_>> = latest.into_values().collect();
    for part in rows.chunks(BINDS_MAX / 7) {
        on_conn!(conn, |c| diesel::insert_into(conversation::table)
            .values(part)
            .on_conflict(v::id)
            .do_update()
            .set((
                v::phase.eq(excluded(v::phase)),
                v::body.eq(excluded(v::body)),
                v::last_at.eq(excluded(v::last_at))
            ))
            .execute(c))?;
    }
    insert_all!(conn, schema::conversation_line::table, 8, lines);
    Ok(())
}

/// The name of a phase in the table.
fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Proposed => "proposed",
        Phase::Open => "open",
        Phase::Closing => "closing",
        Phase::Closed => "closed",
    }
}
