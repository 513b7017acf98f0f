//! The nodes: who is there, who leaves, and who should have which shard.

use super::clock;
use crate::base::id::{NodeId, ShardId};
use crate::base::time::Timestamp;
use crate::store::connection::{Conn, on_conn};
use crate::store::sql_types::Id;
use crate::store::{Reader, Result, Store, schema};
use diesel::sql_types::BigInt;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, RunQueryDsl, sql_query};

/// How long a node is remembered that nobody hears of. Units: milliseconds.
const REMEMBERED_MS: i64 = 86_400_000;

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
    /// `active`, `draining` or `gone`.
    pub state: String,
    /// When it was last heard of.
    pub seen_at: Timestamp,
}

/// What a node that is there may be set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeState {
    /// It may have shards.
    Active,
    /// It gives its shards away and takes none.
    Draining,
}

/// What became of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wished {
    /// It is stored.
    Done,
    /// There is no such shard.
    NoShard,
    /// The node is not there, or takes no shards.
    NoNode,
}

/// The nodes that were heard of within the life of a lease, in the order of ids.
pub(super) struct Peers {
    pub(super) nodes: Vec<NodeId>,
    pub(super) leaving: Vec<NodeId>,
}

impl Store {
    /// Makes a node known, and forgets those that were not heard of for a day.
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
            let forgotten = n::node.filter(n::seen_at.lt(at.saturating_sub(REMEMBERED_MS)));
            on_conn!(conn, |c| diesel::delete(forgotten).execute(c))?;
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

    /// Sets what a node may have. `false`: it is not known, or gone.
    pub fn set_node_state(&mut self, node: NodeId, state: NodeState) -> Result<bool> {
        use schema::node::dsl as n;
        let name = match state {
            NodeState::Active => "active",
            NodeState::Draining => "draining",
        };
        self.write("set the state of a node", |conn| {
            let there = n::node.find(Id(node.0)).filter(n::state.ne("gone"));
            let set = || diesel::update(there).set(n::state.eq(name));
            Ok(on_conn!(conn, |c| set().execute(c))? == 1)
        })
    }

    /// Notes which node should have a shard next: its owner hands it over when it sees that.
    pub fn wish_shard(
        &mut self,
        shard: ShardId,
        node: NodeId,
        ttl_ms: i64,
        now: Timestamp,
    ) -> Result<Wished> {
        use schema::shard::dsl as s;
        self.write("wish a shard elsewhere", |conn| {
            let at = clock(conn, now)?;
            let is_there = heard_of(conn, (at, ttl_ms))?
                .iter()
                .any(|(id, is_active)| *id == node && *is_active);
            if !is_there {
                return Ok(Wished::NoNode);
            }
            let wish = || diesel::update(s::shard.find(shard.0)).set(s::desired_owner.eq(Id(node.0)));
            Ok(match on_conn!(conn, |c| wish().execute(c))? {
                0 => Wished::NoShard,
                _ => Wished::Done,
            })
        })
    }

    /// Records the end of the sockets of all nodes that are gone: for agents and for spectators.
    pub fn close_lost_sessions(&mut self, ttl_ms: i64, now: Timestamp) -> Result<()> {
        const LOST: &str = "(node IS NULL OR node NOT IN (SELECT n.id FROM node n WHERE n.state <> 'gone' AND n.seen_at > $2))";
        self.write("close sessions of nodes that are gone", |conn| {
            let heard_since = clock(conn, now)?.saturating_sub(ttl_ms);
            for update in [
                "UPDATE sessions SET disconnected_at = $1, status = 'offline'",
                "UPDATE spectator_sessions SET disconnected_at = $1",
            ] {
                let query = || {
                    sql_query(format!("{update} WHERE disconnected_at IS NULL AND {LOST}"))
                        .bind::<BigInt, _>(now.0)
                        .bind::<BigInt, _>(heard_since)
                };
                on_conn!(conn, |c| query().execute(c))?;
            }
            Ok(())
        })
    }

    /// Records the end of all sockets of a node that stops.
    pub fn close_sessions_of(&mut self, node: NodeId, now: Timestamp) -> Result<()> {
        use schema::{sessions::dsl as s, spectator_sessions::dsl as v};
        self.write("close the sessions of a node", |conn| {
            let mine = s::sessions.filter(s::disconnected_at.is_null());
            let close = || {
                diesel::update(mine.filter(s::node.eq(Id(node.0))))
                    .set((s::disconnected_at.eq(now.0), s::status.eq("offline")))
            };
            on_conn!(conn, |c| close().execute(c))?;
            let mine = v::spectator_sessions.filter(v::disconnected_at.is_null());
            let close =
                || diesel::update(mine.filter(v::node.eq(Id(node.0)))).set(v::disconnected_at.eq(now.0));
            on_conn!(conn, |c| close().execute(c))?;
            Ok(())
        })
    }
}

impl Reader {
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

    /// The node of this id or name that is there; of several with one name, the one that started last.
    pub fn node_called(&mut self, called: &str, ttl_ms: i64, now: Timestamp) -> Result<Option<NodeId>> {
        use schema::node::dsl as n;
        self.read("look for a node", |conn| {
            let at = clock(conn, now)?;
            let there = || {
                n::node
                    .filter(n::state.ne("gone"))
                    .filter(n::seen_at.gt(at.saturating_sub(ttl_ms)))
                    .order(n::id.desc())
                    .select(n::id)
            };
            let found: Option<Id> = match called.parse() {
                Ok(id) => on_conn!(conn, |c| there().filter(n::id.eq(Id(id))).first(c).optional())?,
                Err(_not_an_id) => {
                    on_conn!(conn, |c| there().filter(n::name.eq(called)).first(c).optional())?
                }
            };
            Ok(found.map(|id| NodeId(id.0)))
        })
    }
}

/// Who was heard of within the life of a lease, in the order of ids, and whether it may have shards.
fn heard_of(conn: &mut Conn, (at, ttl_ms): (i64, i64)) -> QueryResult<Vec<(NodeId, bool)>> {
    use schema::node::dsl as n;
    let query = || {
        n::node
            .filter(n::state.ne("gone"))
            .filter(n::seen_at.gt(at.saturating_sub(ttl_ms)))
            .select((n::id, n::state))
    };
    let rows: Vec<(Id, String)> = on_conn!(conn, |c| query().load(c))?;
    let mut heard: Vec<(NodeId, bool)> = rows
        .into_iter()
        .map(|(id, state)| (NodeId(id.0), state != "draining"))
        .collect();
    heard.sort_unstable();
    Ok(heard)
}

/// The nodes that are there, as one of them asks.
pub(super) fn peers(conn: &mut Conn, node: NodeId, time: (i64, i64)) -> QueryResult<Peers> {
    use schema::node::dsl as n;
    let state = || n::node.find(Id(node.0)).select(n::state);
    let own: Option<String> = on_conn!(conn, |c| state().first(c).optional())?;
    let is_active = own.as_deref() != Some("draining");
    let mut heard = heard_of(conn, time)?;
    heard.retain(|(other, _)| *other != node);
    heard.push((node, is_active));
    heard.sort_unstable();
    let of = |is_active: bool| {
        let those = heard.iter().filter(move |(_, is)| *is == is_active);
        those.map(|(node, _)| *node).collect()
    };
    Ok(Peers {
        nodes: of(true),
        leaving: of(false),
    })
}

/// A node takes a turn: it is there, whoever thought that it was gone.
pub(super) fn note_seen(conn: &mut Conn, node: NodeId, at: i64) -> QueryResult<()> {
    use schema::node::dsl as n;
    let gone = n::node.find(Id(node.0)).filter(n::state.eq("gone"));
    on_conn!(conn, |c| diesel::update(gone)
        .set(n::state.eq("active"))
        .execute(c))?;
    let seen = || diesel::update(n::node.find(Id(node.0))).set(n::seen_at.eq(at));
    on_conn!(conn, |c| seen().execute(c))?;
    Ok(())
}
