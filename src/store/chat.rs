//! Reading what was said.

use super::agent::handle_of;
use super::connection::on_conn;
use super::schema::chat_messages::dsl as m;
use super::sql_types::Id;
use super::{Reader, Result};
use crate::base::id::AgentId;
use crate::base::time::Timestamp;
use crate::domain::agent::Handle;
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl};
use serde::Serialize;
use uuid::Uuid;

/// A chat message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it; columns of table chat_messages")]
pub struct ChatMessage {
    pub id: Uuid,
    pub sender_id: Handle,
    pub sender_name: String,
    /// None: said to everybody in range.
    pub recipient_id: Option<Handle>,
    pub region: String,
    pub message: String,
    pub volume: String,
    pub created_at: Timestamp,
}

impl Reader {
    /// The latest public messages that spectators may see, of a region or of all but the hidden ones, newest last.
    pub fn chat_history(
        &mut self,
        region: Option<&str>,
        hidden: &[String],
        limit: i64,
    ) -> Result<Vec<ChatMessage>> {
        self.read("read the chat", |conn| {
            // Whispers aloud are for those around only.
            let public = || {
                m::chat_messages
                    .filter(m::recipient_id.is_null())
                    .filter(m::volume.ne("whisper"))
            };
            let rows: Vec<ChatRow> = match region {
                Some(region) => on_conn!(conn, |c| public()
                    .filter(m::region.eq(region))
                    .order((m::created_at.desc(), m::seq.desc()))
                    .limit(limit)
                    .select(COLUMNS)
                    .load(c)),
                None => on_conn!(conn, |c| public()
                    .filter(m::region.ne_all(hidden))
                    .order((m::created_at.desc(), m::seq.desc()))
                    .limit(limit)
                    .select(COLUMNS)
                    .load(c)),
            }?;
            rows.into_iter().rev().map(message_of).collect()
        })
    }

    /// The latest private messages from and to an agent, newest last.
    pub fn chat_with(&mut self, agent: AgentId, limit: i64) -> Result<Vec<ChatMessage>> {
        self.read("read an agent's chat", |conn| {
            let mine = || {
                m::recipient_id
                    .eq(Id(agent.0))
                    .or(m::sender_id.eq(Id(agent.0)).and(m::recipient_id.is_not_null()))
            };
            let rows: Vec<ChatRow> = on_conn!(conn, |c| m::chat_messages
                .filter(mine())
                .order((m::created_at.desc(), m::seq.desc()))
                .limit(limit)
                .select(COLUMNS)
                .load(c))?;
            rows.into_iter().rev().map(message_of).collect()
        })
    }
}

type ChatRow = (Id, String, String, Option<String>, String, String, String, i64);

type Columns = (
    m::id,
    m::sender_agent,
    m::sender_name,
    m::recipient_agent,
    m::region,
    m::message,
    m::volume,
    m::created_at,
);

const COLUMNS: Columns = (
    m::id,
    m::sender_agent,
    m::sender_name,
    m::recipient_agent,
    m::region,
    m::message,
    m::volume,
    m::created_at,
);

fn message_of(
    (id, sender, sender_name, recipient, region, message, volume, created_at): ChatRow,
) -> QueryResult<ChatMessage> {
    Ok(ChatMessage {
        id: id.0,
        sender_id: handle_of(&sender)?,
        sender_name,
        recipient_id: recipient.as_deref().map(handle_of).transpose()?,
        region,
        message,
        volume,
        created_at: Timestamp(created_at),
    })
}
