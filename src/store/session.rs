//! Sockets of agents, for the record.

use super::bulk::{Bulk, Cell};
use super::connection::on_conn;
use super::schema::sessions::dsl as s;
use super::sql_types::{Doc, Id};
use super::{Reader, Result, Store};
use crate::base::id::{AgentId, NodeId, SessionId};
use crate::base::time::Timestamp;
use crate::domain::space::Vec3;
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
use serde_json::Value;

/// A connected agent.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it; columns of table sessions")]
pub struct SessionRow {
    pub id: SessionId,
    pub agent: AgentId,
    /// Which has its socket.
    pub node: NodeId,
    /// The token's id, never the token.
    pub token_id: String,
    pub region: String,
    pub at: Vec3,
    pub status: String,
    pub connected_at: Timestamp,
    pub metadata: Value,
}

/// A session that is not closed, as its row tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it; columns of table sessions")]
pub struct OpenSession {
    pub agent: AgentId,
    /// The token's id, never the token.
    pub token_id: String,
    pub connected_at: Timestamp,
}

impl Reader {
    /// The sessions that are not closed, each agent's newest last. Those of a process that was killed stay until a start closes them.
    pub fn open_sessions(&mut self) -> Result<Vec<OpenSession>> {
        self.read("read open sessions", |conn| {
            let query = || {
                let open = s::sessions.filter(s::disconnected_at.is_null());
                open.order((s::agent_id, s::connected_at, s::id)).select((
                    s::agent_id,
                    s::token,
                    s::connected_at,
                ))
            };
            let rows: Vec<(Id, String, i64)> = on_conn!(conn, |c| query().load(c))?;
            let open = |(agent, token_id, connected_at): (Id, String, i64)| OpenSession {
                agent: AgentId(agent.0),
                token_id,
                connected_at: Timestamp(connected_at),
            };
            Ok(rows.into_iter().map(open).collect())
        })
    }
}

impl Store {
    /// Records a new session.
    pub fn open_session(&mut self, session: &SessionRow) -> Result<()> {
        self.write("open a session", |conn| {
            let row = || {
                (
                    (
                        s::id.eq(Id(session.id.0)),
                        s::agent_id.eq(Id(session.agent.0)),
                        s::token.eq(&session.token_id),
                    ),
                    (
                        s::region.eq(&session.region),
                        s::x.eq(session.at.x),
                        s::y.eq(session.at.y),
                        s::z.eq(session.at.z),
                    ),
                    (
                        s::status.eq(&session.status),
                        s::connected_at.eq(session.connected_at.0),
                    ),
                    (
                        s::last_heartbeat.eq(session.connected_at.0),
                        s::metadata.eq(Doc(session.metadata.clone())),
                        s::node.eq(Id(session.node.0)),
                    ),
                )
            };
            on_conn!(conn, |c| diesel::insert_into(s::sessions)
                .values(row())
                .execute(c))?;
            Ok(())
        })
    }

    /// Records that sessions are alive, and where their agents are.
    pub fn heartbeat(&mut self, alive: &[(SessionId, String, Vec3)], now: Timestamp) -> Result<()> {
        const HEAD: &str = "WITH v (id, region, x, y, z, at) AS (VALUES ";
        const TAIL: &str = ") UPDATE sessions SET region = v.region, x = v.x, y = v.y, z = v.z, last_heartbeat = v.at \
             FROM v WHERE sessions.id = v.id AND sessions.disconnected_at IS NULL";
        let alive: std::collections::BTreeMap<_, _> = alive
            .iter()
            .map(|(id, region, at)| (Id(id.0), (region, at)))
            .collect();
        let rows: Vec<Vec<Cell<'_>>> = alive
            .iter()
            .map(|(id, (region, at))| {
                let place = [at.x, at.y, at.z].map(Cell::Double);
                let mut row = vec![Cell::Id(*id), Cell::Text(region)];
                row.extend(place);
                row.push(Cell::Big(now.0));
                row
            })
            .collect();
        self.write("keep sessions alive", |conn| {
            for part in rows.chunks(1_000) {
                on_conn!(conn, |c| Bulk::<()>::new(HEAD, part, TAIL).execute(c))?;
            }
            Ok(())
        })
    }

    /// Records the end of a session.
    pub fn close_session(&mut self, session: SessionId, now: Timestamp) -> Result<()> {
        self.write("close a session", |conn| {
            let open = s::sessions
                .find(Id(session.0))
                .filter(s::disconnected_at.is_null());
            let close = || diesel::update(open).set((s::disconnected_at.eq(now.0), s::status.eq("offline")));
            on_conn!(conn, |c| close().execute(c))?;
            Ok(())
        })
    }
}
