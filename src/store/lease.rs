//! Who runs which shard: nodes, their leases, and the epochs that fence them.

mod balance;
mod claim;
mod nodes;

pub use claim::Claiming;
pub(super) use claim::{others_hold, rows, take_shard};
pub use nodes::{NodeRow, NodeState, Wished};

use super::commit::Lease;
use super::connection::{Conn, load_for_update, on_conn};
use super::schema;
use super::sql_types::Id;
use super::{Reader, Result, Store};
use crate::base::id::{NodeId, ShardId};
use crate::base::time::Timestamp;
use crate::host::fault;
use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, QueryResult, QueryableByName, RunQueryDsl};

/// Who holds a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The shard.
    pub shard: ShardId,
    /// None: nobody, or its lease has run out.
    pub owner: Option<NodeId>,
    /// The epoch of its last lease.
    pub epoch: i64,
    /// The node that should have it next.
    pub wish: Option<NodeId>,
    /// How many agents are in it, as of its last checkpoint.
    pub agents: i32,
}

impl Holding {
    /// The lease, when this node holds it.
    pub fn lease_of(&self, node: NodeId) -> Option<Lease> {
        (self.owner == Some(node)).then_some(Lease {
            shard: self.shard,
            owner: node,
            epoch: self.epoch,
        })
    }
}

/// What a turn of the leases saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Who holds which shard, in the order of shards.
    pub holdings: Vec<Holding>,
    /// The nodes that may have shards, in the order of ids: active, and heard of within the life of a lease. The asking one is
    /// among them, unless it is draining.
    pub nodes: Vec<NodeId>,
    /// The nodes that give theirs away: draining, and heard of.
    pub leaving: Vec<NodeId>,
}

impl Turn {
    /// All nodes that were heard of.
    pub fn present(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.nodes.iter().chain(&self.leaving).copied()
    }

    /// The shards that a node holds.
    pub fn of(&self, node: NodeId) -> impl Iterator<Item = &Holding> {
        self.holdings
            .iter()
            .filter(move |holding| holding.owner == Some(node))
    }

    /// Whom a shard is to go to: another node than its owner that may have shards.
    pub fn target(&self, holding: &Holding) -> Option<NodeId> {
        let wish = holding.wish.filter(|wish| self.nodes.contains(wish));
        wish.filter(|wish| holding.owner != Some(*wish))
    }
}

impl Store {
    /// One turn of a node: prolongs its leases, takes of what nobody holds what it should have, and tells who holds what then. A
    /// node that is draining claims nothing.
    ///
    /// It is tried once, and no statement takes longer than a third of a lease: a turn that hangs is worse than one that fails.
    pub fn keep_leases(&mut self, node: NodeId, ttl_ms: i64, how: Claiming, now: Timestamp) -> Result<Turn> {
        self.write_once("keep leases", |conn| {
            limit_statements(conn, ttl_ms / 3)?;
            let at = clock(conn, now)?;
            let peers = nodes::peers(conn, node, (at, ttl_ms))?;
            let claimer = claim::Claimer {
                node,
                ttl_ms,
                nodes: &peers.nodes,
                how: if peers.leaving.contains(&node) {
                    Claiming::None
                } else {
                    how
                },
            };
            let has_wanted = !claimer.wanted(&rows(conn)?, at).is_empty();
            if has_wanted && how == Claiming::Alone {
                lock_world(conn)?;
            }
            let at = clock(conn, now)?;
            renew(conn, node, (at, ttl_ms))?;
            nodes::note_seen(conn, node, at)?;
            if has_wanted {
                // Looked at anew: whoever held the locks before may have claimed, or made a region.
                let at = clock(conn, now)?;
                claimer.claim(conn, at)?;
            }
            let at = clock(conn, now)?;
            Ok(Turn {
                holdings: holdings(conn, at)?,
                nodes: peers.nodes,
                leaving: peers.leaving,
            })
        })
    }

    /// Gives a shard to a node, whoever holds it.
    #[cfg(test)]
    pub fn grant_shard(
        &mut self,
        shard: ShardId,
        node: NodeId,
        ttl_ms: i64,
        now: Timestamp,
    ) -> Result<Lease> {
        use schema::shard::dsl as s;
        self.write("grant a shard", |conn| {
            let at = clock(conn, now)?;
            let held: i64 = on_conn!(conn, |c| s::shard.find(shard.0).select(s::epoch).first(c))?;
            let (owner, epoch) = (node, held.saturating_add(1));
            let lease = Lease { shard, owner, epoch };
            take_shard(conn, lease, at.saturating_add(ttl_ms), Timestamp(at), "test")?;
            Ok(lease)
        })
    }

    /// Gives one shard back, for a node that should have it next. `false`: the lease was another's already. Its epoch stays.
    pub fn release_shard(&mut self, lease: Lease, to: Option<NodeId>, now: Timestamp) -> Result<bool> {
        use schema::shard::dsl as s;
        self.write("release a shard", |conn| {
            let at = clock(conn, now)?;
            let mine = s::shard
                .find(lease.shard.0)
                .filter(s::owner.eq(Id(lease.owner.0)).and(s::epoch.eq(lease.epoch)));
            let free = || {
                diesel::update(mine).set((
                    s::owner.eq(None::<Id>),
                    s::lease_until.eq(at),
                    s::state.eq("free"),
                    s::desired_owner.eq(to.map(|to| Id(to.0))),
                ))
            };
            Ok(on_conn!(conn, |c| free().execute(c))? == 1)
        })
    }

    /// Gives all shards of a node back, which is gone then. Their epochs stay.
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
}

impl Reader {
    /// Who holds which shard, in the order of shards.
    pub fn holdings(&mut self, now: Timestamp) -> Result<Vec<Holding>> {
        self.read("read who holds what", |conn| {
            let at = clock(conn, now)?;
            holdings(conn, at)
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

/// Lets nobody else take over the world or add to it until the end of the transaction, nor commit for any of its shards: a
/// commit renews its lease.
pub(super) fn lock_world(conn: &mut Conn) -> QueryResult<()> {
    use schema::{shard::dsl as s, world::dsl as w};
    let world = || w::world.select(w::id);
    let _locked: Vec<Id> = load_for_update!(conn, world())?;
    // In the order of ids, so that two never wait for one another in a circle.
    let shards = || s::shard.order(s::id).select(s::id);
    let _locked: Vec<i32> = load_for_update!(conn, shards())?;
    Ok(())
}

/// No statement of this transaction takes longer. SQLite has a bound of its own.
fn limit_statements(conn: &mut Conn, most_ms: i64) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Pg(c) => c.batch_execute(&format!(
            "SET LOCAL statement_timeout = '{most_ms}ms'; SET LOCAL lock_timeout = '{most_ms}ms'"
        )),
    }
}

/// Prolongs the leases of a node that have not run out.
fn renew(conn: &mut Conn, node: NodeId, (at, ttl_ms): (i64, i64)) -> QueryResult<()> {
    use schema::shard::dsl as s;
    let mine = || {
        s::shard.filter(
            s::owner
                .eq(Id(node.0))
                .and(s::lease_until.gt(at))
                .and(s::state.ne("free")),
        )
    };
    // In the order of ids, as `lock_world` does.
    let locks = || mine().order(s::id).select(s::id);
    let _locked: Vec<i32> = load_for_update!(conn, locks())?;
    let renew = || diesel::update(mine()).set(s::lease_until.eq(at.saturating_add(ttl_ms)));
    on_conn!(conn, |c| renew().execute(c))?;
    Ok(())
}

/// Who holds what at a time, in the order of shards.
pub(super) fn holdings(conn: &mut Conn, at: i64) -> QueryResult<Vec<Holding>> {
    let rows = rows(conn)?;
    Ok(rows.iter().map(|row| row.holding(at)).collect())
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
        Conn::Sqlite(_) => Ok(fault::database_ms().unwrap_or(now.0)),
        Conn::Pg(c) => {
            // Not `now()`: that is the start of the transaction, which may have waited for a lock since.
            let query =
                diesel::sql_query("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at");
            query.get_result::<Clock>(c).map(|clock| clock.at)
        }
    }
}
