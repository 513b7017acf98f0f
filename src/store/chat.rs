//! Reading what was said.

use super::{Reader, Result};
use crate::base::id::AgentId;
use crate::base::time::Timestamp;
use crate::domain::agent::Handle;
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
    /// The latest public messages that spectators may see, of a region or of all, newest last.
    pub fn chat_history(&mut self, region: Option<&str>, limit: i64) -> Result<Vec<ChatMessage>> {
        todo!("{region:?}{limit}")
    }

    /// The latest private messages from and to an agent, newest last.
    pub fn chat_with(&mut self, agent: AgentId, limit: i64) -> Result<Vec<ChatMessage>> {
        todo!("{agent}{limit}")
    }
}
