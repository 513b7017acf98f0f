//! People who watch, for the record.

use super::connection::on_conn;
use super::schema::spectator_sessions::dsl as s;
use super::sql_types::{Doc, Id};
use super::{Result, Store};
use crate::base::id::{NodeId, SessionId};
use crate::base::time::Timestamp;
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
use serde_json::Value;

/// A connected spectator.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    missing_docs,
    reason = "the names say it; columns of table spectator_sessions"
)]
pub struct SpectatorRow {
    pub id: SessionId,
    /// Which has its socket.
    pub node: NodeId,
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
        self.write("open a spectator", |conn| {
            let row = || {
                (
                    (
                        s::id.eq(Id(spectator.id.0)),
                        s::human_id.eq(&spectator.human_id),
                        s::agent_id.eq(&spectator.agent_id),
                    ),
                    (
                        s::camera_mode.eq(&spectator.camera_mode),
                        s::settings.eq(Doc(spectator.settings.clone())),
                    ),
                    (
                        s::prompts_sent.eq(0_i64),
                        s::connected_at.eq(spectator.connected_at.0),
                    ),
                    s::last_activity.eq(spectator.connected_at.0),
                    s::node.eq(Id(spectator.node.0)),
                )
            };
            on_conn!(conn, |c| diesel::insert_into(s::spectator_sessions)
                .values(row())
                .execute(c))?;
            Ok(())
        })
    }

    /// Records what a spectator watches now, and adds to its prompts.
    pub fn update_spectator(&mut self, spectator: &SpectatorRow, prompts: i64, now: Timestamp) -> Result<()> {
        self.write("update a spectator", |conn| {
            let update = || {
                diesel::update(s::spectator_sessions.find(Id(spectator.id.0))).set((
                    s::agent_id.eq(&spectator.agent_id),
                    s::camera_mode.eq(&spectator.camera_mode),
                    s::settings.eq(Doc(spectator.settings.clone())),
                    s::prompts_sent.eq(s::prompts_sent + prompts),
                    s::last_activity.eq(now.0),
                ))
            };
            on_conn!(conn, |c| update().execute(c))?;
            Ok(())
        })
    }

    /// Records the end of a spectator's session.
    pub fn close_spectator(&mut self, spectator: SessionId, now: Timestamp) -> Result<()> {
        self.write("close a spectator", |conn| {
            let open = s::spectator_sessions
                .find(Id(spectator.0))
                .filter(s::disconnected_at.is_null());
            on_conn!(conn, |c| diesel::update(open)
                .set(s::disconnected_at.eq(now.0))
                .execute(c))?;
            Ok(())
        })
    }
}
