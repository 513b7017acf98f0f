//! Reading what a node did not hear while the bus was away.

use super::connection::on_conn;
use super::event::EventRow;
use super::schema::{events, events::dsl as e, inbox, shard};
use super::sql_types::Id;
use super::{Reader, Result};
use crate::base::id::{AgentId, ShardId};
use crate::base::time::{Tick, Timestamp};
use diesel::{BoolExpressionMethods, ExpressionMethods, JoinOnDsl, QueryDsl, RunQueryDsl, SelectableHelper};
use serde_json::Value;

/// An event as nodes hear it.
#[derive(Clone, Debug, PartialEq)]
pub struct Missed {
    /// Its number.
    pub seq: i64,
    /// When in the world.
    pub tick: Tick,
    /// Where.
    pub region: String,
    /// Whether everybody may hear of it who is or looks there.
    pub is_public: bool,
    /// The handles of those who heard it: `,alice,bob,`.
    pub hearers: String,
    /// The event in wire form: as `Event::to_wire` with its position.
    pub payload: Value,
}

/// An entry of an inbox that was not heard of.
#[derive(Clone, Debug, PartialEq)]
pub struct MissedEntry {
    /// Whose.
    pub agent: AgentId,
    /// Its place there.
    pub offset: i64,
    /// When it was committed.
    pub at: Timestamp,
    /// When in the world.
    pub tick: Tick,
    /// The event in wire form.
    pub payload: Value,
}

impl Reader {
    /// The numbers of the last events of all shards.
    pub fn last_seqs(&mut self) -> Result<Vec<(ShardId, i64)>> {
        self.read("read the last numbers", |conn| {
            let rows: Vec<(i32, i64)> = on_conn!(conn, |c| shard::table
                .select((shard::id, shard::last_seq))
                .load(c))?;
            Ok(rows.into_iter().map(|(id, seq)| (ShardId(id), seq)).collect())
        })
    }

    /// The events of a shard after a number, in order. `since`: none of them is older, so that few partitions are looked into.
    pub fn missed(
        &mut self,
        shard: ShardId,
        after: i64,
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<Missed>> {
        self.read("read missed events", |conn| {
            let rows: Vec<(EventRow, bool, String)> = on_conn!(conn, |c| events::table
                .filter(
                    e::shard_id
                        .eq(shard.0)
                        .and(e::seq.gt(after))
                        .and(e::created_at.ge(since.0))
                )
                .order(e::seq)
                .limit(limit)
                .select((EventRow::as_select(), e::is_public, e::hearers))
                .load(c))?;
            let missed = |(row, is_public, hearers): (EventRow, bool, String)| Missed {
                seq: row.seq,
                tick: Tick(row.world_tick),
                region: row.region.clone(),
                is_public,
                hearers,
                payload: row.into_wire(),
            };
            Ok(rows.into_iter().map(missed).collect())
        })
    }

    /// The entries since a time in the inboxes of these agents, in the order of time.
    pub fn missed_entries(
        &mut self,
        agents: &[AgentId],
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<MissedEntry>> {
        let agents: Vec<Id> = agents.iter().map(|agent| Id(agent.0)).collect();
        self.read("read missed entries", |conn| {
            let on = || {
                e::created_at
                    .eq(inbox::created_at)
                    .and(e::shard_id.eq(inbox::shard_id))
                    .and(e::seq.eq(inbox::seq))
            };
            let rows: Vec<(Id, i64, EventRow)> = on_conn!(conn, |c| inbox::table
                .inner_join(events::table.on(on()))
                .filter(
                    inbox::agent_id
                        .eq_any(agents.clone())
                        .and(inbox::created_at.ge(since.0))
                )
                .order((inbox::created_at, inbox::agent_id, inbox::offset))
                .limit(limit)
                .select((inbox::agent_id, inbox::offset, EventRow::as_select()))
                .load(c))?;
            let entry = |(agent, offset, row): (Id, i64, EventRow)| MissedEntry {
                agent: AgentId(agent.0),
                offset,
                at: Timestamp(row.created_at),
                tick: Tick(row.world_tick),
                payload: row.into_wire(),
            };
            Ok(rows.into_iter().map(entry).collect())
        })
    }
}
