//! Who runs which shard: nodes, their leases, and the epochs that fence them.

use super::commit::Lease;
use super::connection::{Conn, load_for_update, on_conn};
use super::schema;
use super::sql_types::Id;
use super::{Reader, Result, Store};
use crate::base::id::{NodeId, ShardId};
use crate::base::time::Timestamp;
use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, QueryResult, QueryableByName, RunQueryDsl};

/// A shard that a node took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The right to write for it.
    pub lease: Lease,
    /// The number of its last event.
    pub last_seq: i64,
}

/// Who holds a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The shard.
    pub shard: ShardId,
    /// None: nobody, or its lease has run out.
    pub owner: Option<NodeId>,
    /// The epoch of its last lease.
    pub epoch: i64,
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
        self.write("claim shards", |conn| {
            let at = clock(conn, now)?;
            claim(conn, node, (at, ttl_ms), is_forced)
        })
    }

    /// One turn of a node: prolongs its leases, takes what nobody holds unless another node holds anything, and tells who
    /// holds what then. One node runs the world at a time; the others stand by.
    ///
    /// It is tried once, and no statement takes longer than a third of a lease: a turn that hangs is worse than one that fails.
    pub fn keep_leases(
        &mut self,
        node: NodeId,
        ttl_ms: i64,
        may_claim: bool,
        now: Timestamp,
    ) -> Result<Vec<Holding>> {
        self.write_once("keep leases", |conn| {
            limit_statements(conn, ttl_ms / 3)?;
            let at = clock(conn, now)?;
            let found = holdings(conn, at)?;
            let has_free = found.iter().any(|held| held.owner.is_none());
            if !may_claim || !has_free || others_hold(&found, node) {
                renew(conn, node, (at, ttl_ms))?;
                return holdings(conn, at);
            }
            lock_world(conn)?;
            // Looked at anew: whoever held the locks before may have claimed, or made a region.
            let at = clock(conn, now)?;
            renew(conn, node, (at, ttl_ms))?;
            if !others_hold(&holdings(conn, at)?, node) {
                claim(conn, node, (at, ttl_ms), false)?;
            }
            holdings(conn, at)
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
}

impl Reader {
    /// Who holds which shard, in the order of shards.
    pub fn holdings(&mut self, now: Timestamp) -> Result<Vec<Holding>> {
        self.read("read who holds what", |conn| {
            let at = clock(conn, now)?;
            holdings(conn, at)
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

/// Whether another node than this holds any of these.
pub(super) fn others_hold(holdings: &[Holding], node: NodeId) -> bool {
    let mut owners = holdings.iter().filter_map(|held| held.owner);
    owners.any(|owner| owner != node)
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

/// Locks and takes what is free.
fn claim(
    conn: &mut Conn,
    node: NodeId,
    (at, ttl_ms): (i64, i64),
    is_forced: bool,
) -> QueryResult<Vec<Claim>> {
    use schema::shard::dsl as s;
    // In the order of ids, so that two claimers never wait for one another in a circle.
    let query = || {
        s::shard
            .order(s::id)
            .select((s::id, s::owner, s::epoch, s::lease_until, s::last_seq))
    };
    let rows: Vec<(i32, Option<Id>, i64, i64, i64)> = load_for_update!(conn, query())?;
    let free = rows
        .into_iter()
        .filter(|row| is_forced || row.1.is_none() || row.3 <= at);
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
}

/// Prolongs the leases of a node that have not run out, and notes that it is there.
fn renew(conn: &mut Conn, node: NodeId, (at, ttl_ms): (i64, i64)) -> QueryResult<()> {
    use schema::{node::dsl as n, shard::dsl as s};
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
    let seen = || diesel::update(n::node.find(Id(node.0))).set(n::seen_at.eq(at));
    on_conn!(conn, |c| seen().execute(c))?;
    Ok(())
}

/// Who holds what at a time, in the order of shards.
pub(super) fn holdings(conn: &mut Conn, at: i64) -> QueryResult<Vec<Holding>> {
    use schema::shard::dsl as s;
    let query = || {
        s::shard
            .order(s::id)
            .select((s::id, s::owner, s::epoch, s::lease_until))
    };
    let rows: Vec<(i32, Option<Id>, i64, i64)> = on_conn!(conn, |c| query().load(c))?;
    let holding = |(id, owner, epoch, until): (i32, Option<Id>, i64, i64)| Holding {
        shard: ShardId(id),
        owner: owner.filter(|_| until > at).map(|owner| NodeId(owner.0)),
        epoch,
    };
    Ok(rows.into_iter().map(holding).collect())
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
