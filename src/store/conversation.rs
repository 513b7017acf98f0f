//! Reading conversations.

use super::agent::handle_of;
use super::connection::on_conn;
use super::error::Inconsistency;
use super::schema::{conversation::dsl as v, conversation_line::dsl as l};
use super::sql_types::{Doc, Id};
use super::{Reader, Result};
use crate::base::id::ConversationId;
use crate::base::time::{Tick, Timestamp};
use crate::domain::agent::Handle;
use crate::domain::conversation::Conversation;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use serde::Serialize;

/// A line of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it; columns of table conversation_line")]
pub struct Line {
    pub number: i64,
    pub speaker: Handle,
    pub addressed_to: Vec<Handle>,
    pub text: String,
    pub tick: Tick,
    pub created_at: Timestamp,
}

impl Reader {
    /// The conversation with this id.
    pub fn conversation(&mut self, id: ConversationId) -> Result<Option<Conversation>> {
        self.read("read a conversation", |conn| {
            let query = || v::conversation.find(Id(id.0)).select(v::body);
            let body: Option<Doc> = on_conn!(conn, |c| query().first(c).optional())?;
            let read = |body: Doc| {
                serde_json::from_value(body.0)
                    .map_err(|_broken| Inconsistency::sql("conversation", "body", id))
            };
            body.map(read).transpose()
        })
    }

    /// The lines of a conversation after a number, in order.
    pub fn lines(&mut self, id: ConversationId, after: i64, limit: i64) -> Result<Vec<Line>> {
        self.read("read the lines of a conversation", |conn| {
            let query = || {
                l::conversation_line
                    .filter(l::conversation_id.eq(Id(id.0)))
                    .filter(l::number.gt(after))
            };
            let columns = (
                l::number,
                l::speaker,
                l::addressed_to,
                l::message,
                l::tick,
                l::created_at,
            );
            let rows: Vec<(i64, String, Doc, String, i64, i64)> = on_conn!(conn, |c| query()
                .order(l::number)
                .limit(limit)
                .select(columns)
                .load(c))?;
            rows.into_iter()
                .map(|(number, speaker, addressed_to, text, tick, created_at)| {
                    Ok(Line {
                        number,
                        speaker: handle_of(&speaker)?,
                        addressed_to: serde_json::from_value(addressed_to.0)
                            .map_err(|_broken| Inconsistency::sql("conversation_line", "addressed_to", id))?,
                        text,
                        tick: Tick(tick),
                        created_at: Timestamp(created_at),
                    })
                })
                .collect()
        })
    }
}
