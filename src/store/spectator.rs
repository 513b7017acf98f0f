//! People who watch, for the record.

use super::{Result, Store};
use crate::base::id::SessionId;
use crate::base::time::Timestamp;
use serde_json::Value;

/// A connected spectator.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it; columns of table spectator_sessions")]
pub struct SpectatorRow {
    pub id: SessionId,
    pub human_id: Option<String>,
    /// The handle of the agent that it follows.
    pub agent_id: Option<String>,
    pub camera_mode: String,
    pub settings: Value,
    pub connected_at: Timestamp,
}

impl Store {
    /// Records a new spectator.
    pub fn open_spectator(&mut self, spectator: &SpectatorRow) -> Result<()> {
        todo!("{spectator:?}")
    }

    /// Records what a spectator watches now, and adds to its prompts.
    pub fn update_spectator(&mut self, spectator: &SpectatorRow, prompts: i64, now: Timestamp) -> Result<()> {
        todo!("{spectator:?}{prompts}{now:?}")
    }

    /// Records the end of a spectator's session.
    pub fn close_spectator(&mut self, spectator: SessionId, now: Timestamp) -> Result<()> {
        todo!("{spectator}{now:?}")
    }

    /// Records the end of all spectators' sessions: at start.
    pub fn close_all_spectators(&mut self, now: Timestamp) -> Result<()> {
        todo!("{now:?}")
    }
}
