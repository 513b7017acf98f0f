//! Sockets of agents, for the record.

use super::{Result, Store};
use crate::base::id::{AgentId, SessionId};
use crate::base::time::Timestamp;
use crate::domain::space::Vec3;
use serde_json::Value;

/// A connected agent.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it; columns of table sessions")]
pub struct SessionRow {
    pub id: SessionId,
    pub agent: AgentId,
    /// The token's id, never the token.
    pub token_id: String,
    pub region: String,
    pub at: Vec3,
    pub status: String,
    pub connected_at: Timestamp,
    pub metadata: Value,
}

impl Store {
    /// Records a new session.
    pub fn open_session(&mut self, session: &SessionRow) -> Result<()> {
        todo!("{session:?}")
    }

    /// Records that sessions are alive, and where their agents are.
    pub fn heartbeat(&mut self, alive: &[(SessionId, String, Vec3)], now: Timestamp) -> Result<()> {
        todo!("{alive:?}{now:?}")
    }

    /// Records the end of a session.
    pub fn close_session(&mut self, session: SessionId, now: Timestamp) -> Result<()> {
        todo!("{session}{now:?}")
    }

    /// Records the end of all sessions: at start, when none can be alive.
    pub fn close_all_sessions(&mut self, now: Timestamp) -> Result<()> {
        todo!("{now:?}")
    }
}
