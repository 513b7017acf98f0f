//! Reading conversations.

use super::{Reader, Result};
use crate::base::id::ConversationId;
use crate::base::time::{Tick, Timestamp};
use crate::domain::agent::Handle;
use crate::domain::conversation::Conversation;
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
        todo!("{id}")
    }

    /// The lines of a conversation after a number, in order.
    pub fn lines(&mut self, id: ConversationId, after: i64, limit: i64) -> Result<Vec<Line>> {
        todo!("{id}{after}{limit}")
    }
}
