//! Who runs which shard, and what a shard is rebuilt from.

use super::agent;
use super::agent::AgentRow;
use super::commit::Lease;
use super::connection::{Conn, load_for_update, on_conn};
use super::error::Inconsistency;
use super::object;
use super::schema;
use super::sql_types::{Doc, Id};
use super::{Reader, Result, Store};
use crate::base::id::{AgentId, NodeId, ShardId};
use crate::base::time::{Tick, Timestamp};
use crate::domain::conversation::Conversation;
use crate::domain::object::SceneObject;
use diesel::dsl::sql;
use diesel::query_dsl::methods;
use diesel::sql_types::{BigInt, Bool};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, QueryableByName,
    RunQueryDsl,
};

/// A shard that a node took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The right to write for it.
    pub lease: Lease,
    /// The number of its last event.
    pub last_seq: i64,
}

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

/// A node, as the admin sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// Its id, made anew at each start.
    pub id: NodeId,
    /// Its configured name.
    pub name: String,
    /// Where other nodes reach it.
    pub addr: String,
    /// Of the program.
    pub version: String,
    /// `active` or `gone`.
    pub state: String,
    /// When it was last heard of.
    pub seen_at: Timestamp,
}

impl Store {
    /// Makes a node known.
    pub fn register_node(
        &mut self,
        node: NodeId,
        name: &str,
        addr: &str,
        version: &str,
        now: Timestamp,
    ) -> Result<()> {
        use schema::node::dsl as n;
        self.write("register a node", |conn| {
            let at = clock(conn, now)?;
            let row = (
                n::id.eq(Id(node.0)),
                n::name.eq(name),
                n::addr.eq(addr),
                n::version.eq(version),
                n::state.eq("active"),
                n::seen_at.eq(at),
            );
            on_conn!(conn, |c| diesel::insert_into(n::node)
                .values(row)
                .on_conflict(n::id)
                .do_update()
                .set((n::state.eq("active"), n::seen_at.eq(at)))
                .execute(c))?;
            Ok(())
        })
    }

    /// Takes every shard that is free or whose lease ran out, with a new epoch. `is_forced` takes those of others too:
    /// only for a start on SQLite, where the file lock proves that the former owner is gone.
    pub fn claim_shards(
        &mut self,
        node: NodeId,
        ttl_ms: i64,
        is_forced: bool,
        now: Timestamp,
    ) -> Result<Vec<Claim>> {
        use schema::shard::dsl as s;
        self.write("claim shards", |conn| {
            let at = clock(conn, now)?;
            // In the order of ids, so that two claimers never wait for one another in a circle.
            let query = || {
                s::shard
                    .order(s::id)
                    .select((s::id, s::owner, s::epoch, s::lease_until, s::last_seq))
            };
            let rows: Vec<(i32, Option<Id>, i64, i64, i64)> = load_for_update!(conn, query())?;
            let free = rows
                .into_iter()
                .filter(|row| is_forced || row.1.is_none() || row.3 < at);
            let mut claims = Vec::new();
            for (id, _, epoch, _, last_seq) in free {
                let lease = Lease {
                    shard: ShardId(id),
                    owner: node,
                    epoch: epoch.saturating_add(1),
                };
                let reason = if is_forced { "start" } else { "claim" };
                take_shard(conn, lease, at.saturating_add(ttl_ms), Timestamp(at), reason)?;
                claims.push(Claim { lease, last_seq });
            }
            Ok(claims)
        })
    }

    /// Prolongs the leases of a node. A shard that is missing from the answer, or has another epoch, is lost.
    pub fn renew_leases(&mut self, node: NodeId, ttl_ms: i64, now: Timestamp) -> Result<Vec<Lease>> {
        use schema::shard::dsl as s;
        self.write("renew leases", |conn| {
            let at = clock(conn, now)?;
            let mine = s::shard.filter(
                s::owner
                    .eq(Id(node.0))
                    .and(s::lease_until.gt(at))
                    .and(s::state.ne("free")),
            );
            let update = || {
                diesel::update(mine)
                    .set(s::lease_until.eq(at.saturating_add(ttl_ms)))
                    .returning((s::id, s::epoch))
            };
            let mut rows: Vec<(i32, i64)> = on_conn!(conn, |c| update().get_results(c))?;
            rows.sort_unstable();
            let seen = || {
                use schema::node::dsl as n;
                diesel::update(n::node.find(Id(node.0))).set(n::seen_at.eq(at))
            };
            on_conn!(conn, |c| seen().execute(c))?;
            Ok(rows
                .into_iter()
                .map(|(id, epoch)| Lease {
                    shard: ShardId(id),
                    owner: node,
                    epoch,
                })
                .collect())
        })
    }

    /// Gives all shards of a node back. Their epochs stay.
    pub fn release_leases(&mut self, node: NodeId, now: Timestamp) -> Result<()> {
        use schema::{node::dsl as n, shard::dsl as s};
        self.write("release leases", |conn| {
            let at = clock(conn, now)?;
            let mine = s::shard.filter(s::owner.eq(Id(node.0)));
            let free = || {
                diesel::update(mine).set((
                    s::owner.eq(None::<Id>),
                    s::lease_until.eq(at),
                    s::state.eq("free"),
                ))
            };
            on_conn!(conn, |c| free().execute(c))?;
            let gone =
                || diesel::update(n::node.find(Id(node.0))).set((n::state.eq("gone"), n::seen_at.eq(at)));
            on_conn!(conn, |c| gone().execute(c))?;
            Ok(())
        })
    }

    /// Keeps a shard's checkpoint in place of an earlier one. `false`: nothing was written, because the lease is not the current
    /// one or a later checkpoint is there.
    pub fn save_checkpoint(&mut self, lease: Lease, checkpoint: &Checkpoint, now: Timestamp) -> Result<bool> {
        use schema::{checkpoint::dsl as k, shard::dsl as s};
        self.write("save a checkpoint", |conn| {
            let mine = s::shard
                .find(lease.shard.0)
                .filter(s::owner.eq(Id(lease.owner.0)).and(s::epoch.eq(lease.epoch)));
            let current: Vec<i32> = load_for_update!(conn, mine.select(s::id))?;
            if current.is_empty() {
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
            Ok(written > 0)
        })
    }
}

impl Reader {
    /// What a shard is rebuilt from. None: there is no such shard.
    pub fn load_shard(&mut self, shard: ShardId) -> Result<Option<ShardLoad>> {
        use schema::{checkpoint::dsl as k, conversation::dsl as v, shard::dsl as s};
        self.read("load a shard", |conn| {
            let query = || s::shard.find(shard.0).select((s::region, s::last_seq));
            let Some((region, last_seq)): Option<(String, i64)> =
                on_conn!(conn, |c| query().first(c).optional())?
            else {
                return Ok(None);
            };
            let query = || k::checkpoint.find(shard.0).select((k::tick, k::body));
            let saved: Option<(i64, Vec<u8>)> = on_conn!(conn, |c| query().first(c).optional())?;
            let query = || {
                v::conversation
                    .filter(v::shard_id.eq(shard.0))
                    // Literal: a bound text would not lead to the index of those that are open.
                    .filter(sql::<Bool>("phase <> 'closed'"))
                    .order(v::id)
            };
            let open: Vec<Doc> = on_conn!(conn, |c| query().select(v::body).load(c))?;
            let open = open.into_iter().map(|body| {
                serde_json::from_value(body.0)
                    .map_err(|_broken| Inconsistency::sql("conversation", "body", shard))
            });
            Ok(Some(ShardLoad {
                checkpoint: saved.map(|(tick, body)| Checkpoint {
                    tick: Tick(tick),
                    body,
                }),
                agents: agent::agents_of_shard(conn, shard)?,
                carried: agent::carried_to_shard(conn, shard)?,
                objects: object::objects_of_region(conn, &region)?,
                conversations: open.collect::<QueryResult<_>>()?,
                last_seq,
            }))
        })
    }

    /// The nodes that were heard of.
    pub fn nodes(&mut self) -> Result<Vec<NodeRow>> {
        use schema::node::dsl as n;
        self.read("read the nodes", |conn| {
            let rows: Vec<(Id, String, String, String, String, i64)> =
                on_conn!(conn, |c| n::node.order(n::seen_at.desc()).limit(1_000).load(c))?;
            let node = |(id, name, addr, version, state, seen_at): (Id, _, _, _, _, i64)| NodeRow {
                id: NodeId(id.0),
                name,
                addr,
                version,
                state,
                seen_at: Timestamp(seen_at),
            };
            Ok(rows.into_iter().map(node).collect())
        })
    }

    /// The database's clock, by which leases are judged. Units: milliseconds since 1970. None: SQLite has none of its own.
    pub fn database_time(&mut self) -> Result<Option<Timestamp>> {
        self.read("read the database's clock", |conn| match conn {
            Conn::Sqlite(_) => Ok(None),
            Conn::Pg(_) => clock(conn, Timestamp(0)).map(|at| Some(Timestamp(at))),
        })
    }
}

#[derive(QueryableByName)]
struct Clock {
    #[diesel(sql_type = BigInt)]
    at: i64,
}

/// The time by which leases are judged: PostgreSQL's own clock, and ours on SQLite, which one process has for itself.
/// Units: milliseconds since 1970.
pub(super) fn clock(conn: &mut Conn, now: Timestamp) -> QueryResult<i64> {
    match conn {
        Conn::Sqlite(_) => Ok(now.0),
        Conn::Pg(c) => {
            // Not `now()`: that is the start of the transaction, which may have waited for a lock since.
            let query =
                diesel::sql_query("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at");
            query.get_result::<Clock>(c).map(|clock| clock.at)
        }
    }
}

/// Gives a shard to the owner of a lease until a time, and records it. The shard's row must be locked, or new.
pub(super) fn take_shard(
    conn: &mut Conn,
    lease: Lease,
    until: i64,
    at: Timestamp,
    reason: &str,
) -> QueryResult<()> {
    use schema::{shard::dsl as s, shard_claim_log::dsl as l};
    let update = || {
        diesel::update(s::shard.find(lease.shard.0)).set((
            s::owner.eq(Id(lease.owner.0)),
            s::epoch.eq(lease.epoch),
            s::lease_until.eq(until),
            s::state.eq("active"),
        ))
    };
    on_conn!(conn, |c| update().execute(c))?;
    let row = (
        l::shard_id.eq(lease.shard.0),
        l::epoch.eq(lease.epoch),
        l::owner.eq(Id(lease.owner.0)),
        l::at.eq(at.0),
        l::reason.eq(reason),
    );
    // The primary key (shard, epoch) turns a double grant into an error.
    on_conn!(conn, |c| diesel::insert_into(l::shard_claim_log)
        .values(row)
        .execute(c))?;
    Ok(())
}
