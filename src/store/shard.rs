//! What a shard is rebuilt from.

use super::agent;
use super::agent::AgentRow;
use super::commit::Lease;
use super::connection::{Conn, load_for_update, on_conn};
use super::error::Inconsistency;
use super::object;
use super::schema;
use super::sql_types::{Doc, Id};
use super::{Reader, Result, Store};
use crate::base::id::{AgentId, ShardId};
use crate::base::time::{Tick, Timestamp};
use crate::domain::conversation::Conversation;
use crate::domain::object::SceneObject;
use crate::host::fault;
use diesel::dsl::sql;
use diesel::query_dsl::methods;
use diesel::sql_types::Bool;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, RunQueryDsl,
};

/// Where the agents of a shard were going, at a tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// When in the world.
    pub tick: Tick,
    /// The state, as its writer encoded it.
    pub body: Vec<u8>,
}

/// What a shard is rebuilt from.
#[derive(Clone, Debug)]
pub struct ShardLoad {
    /// The last checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// The agents that stand in it.
    pub agents: Vec<AgentRow>,
    /// What some of them took along when they came from another shard, as this shard encoded it.
    pub carried: Vec<(AgentId, String)>,
    /// The objects of its region.
    pub objects: Vec<SceneObject>,
    /// Its conversations that are not closed.
    pub conversations: Vec<Conversation>,
    /// The number of its last event.
    pub last_seq: i64,
}

impl Store {
    /// Keeps a shard's checkpoint in place of an earlier one, and how many agents are in it. `false`: nothing was written, because
    /// the lease is not the current one or a later checkpoint is there.
    pub fn save_checkpoint(
        &mut self,
        lease: Lease,
        checkpoint: &Checkpoint,
        agents: usize,
        now: Timestamp,
    ) -> Result<bool> {
        use schema::{checkpoint::dsl as k, shard::dsl as s};
        self.write("save a checkpoint", |conn| {
            let mine = s::shard
                .find(lease.shard.0)
                .filter(s::owner.eq(Id(lease.owner.0)).and(s::epoch.eq(lease.epoch)));
            let current: Vec<i32> = load_for_update!(conn, mine.select(s::agents))?;
            if current.is_empty() && !fault::is_mutant("snapshot_outside_the_fence") {
                return Ok(false);
            }
            let row = (
                k::shard_id.eq(lease.shard.0),
                k::epoch.eq(lease.epoch),
                k::tick.eq(checkpoint.tick.0),
                k::body.eq(&checkpoint.body),
                k::created_at.eq(now.0),
            );
            // Two writers may have two checkpoints of one shard. A new epoch counts first: its clock may have been set back.
            let is_later = k::epoch
                .lt(lease.epoch)
                .or(k::epoch.eq(lease.epoch).and(k::tick.le(checkpoint.tick.0)));
            let written = on_conn!(conn, |c| {
                let upsert = diesel::insert_into(k::checkpoint)
                    .values(row)
                    .on_conflict(k::shard_id)
                    .do_update()
                    .set((row.1, row.2, row.3, row.4));
                methods::FilterDsl::filter(upsert, is_later).execute(c)
            })?;
            let agents = i32::try_from(agents).unwrap_or(i32::MAX);
            if written > 0 && !current.contains(&agents) {
                let count = || diesel::update(s::shard.find(lease.shard.0)).set(s::agents.eq(agents));
                on_conn!(conn, |c| count().execute(c))?;
            }
            Ok(written > 0)
        })
    }
}

impl Reader {
    /// What a shard is rebuilt from. None: there is no such shard.
    pub fn load_shard(&mut self, shard: ShardId) -> Result<Option<ShardLoad>> {
        use schema::{checkpoint::dsl as k, shard::dsl as s};
        self.read("load a shard", |conn| {
            let query = || s::shard.find(shard.0).select((s::region, s::last_seq));
            let Some((region, last_seq)): Option<(String, i64)> =
                on_conn!(conn, |c| query().first(c).optional())?
            else {
                return Ok(None);
            };
            let query = || k::checkpoint.find(shard.0).select((k::tick, k::body));
            let saved: Option<(i64, Vec<u8>)> = on_conn!(conn, |c| query().first(c).optional())?;
            Ok(Some(ShardLoad {
                checkpoint: saved.map(|(tick, body)| Checkpoint {
                    tick: Tick(tick),
                    body,
                }),
                agents: agent::agents_of_shard(conn, shard)?,
                carried: agent::carried_to_shard(conn, shard)?,
                objects: object::objects_of_region(conn, &region)?,
                conversations: open_conversations(conn, shard)?,
                last_seq,
            }))
        })
    }
}

/// The region of a shard. None: there is no such shard.
pub(super) fn region_of(conn: &mut Conn, shard: ShardId) -> QueryResult<Option<String>> {
    use schema::shard::dsl as s;
    let query = || s::shard.find(shard.0).select(s::region);
    on_conn!(conn, |c| query().first(c).optional())
}

/// The conversations of a shard that are not closed, by id.
pub(super) fn open_conversations(conn: &mut Conn, shard: ShardId) -> QueryResult<Vec<Conversation>> {
    use schema::conversation::dsl as v;
    let query = || {
        v::conversation
            .filter(v::shard_id.eq(shard.0))
            // Literal: a bound text would not lead to the index of those that are open.
            .filter(sql::<Bool>("phase <> 'closed'"))
            .order(v::id)
    };
    let open: Vec<Doc> = on_conn!(conn, |c| query().select(v::body).load(c))?;
    let open = open.into_iter().map(|body| {
        serde_json::from_value(body.0).map_err(|_broken| Inconsistency::sql("conversation", "body", shard))
    });
    open.collect()
}
