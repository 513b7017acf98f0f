//! Claims: which free shards a node should have, and how it takes them.

use super::{Holding, clock};
use crate::base::id::{NodeId, ShardId};
use crate::base::time::Timestamp;
use crate::store::commit::Lease;
use crate::store::connection::{Conn, load_for_update, load_unlocked_for_update, on_conn};
use crate::store::schema;
use crate::store::sql_types::Id;
use crate::store::{Result, Store};
use diesel::{ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl};

/// What a node may claim of what nobody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claiming {
    /// Nothing: it leaves.
    None,
    /// Everything, and only while no other node holds anything: one node runs the world at a time.
    Alone,
    /// Its share, which is as many as there are for each node.
    Shared,
}

/// The state of a shard's lease, as it is stored.
#[derive(Clone, Copy)]
pub(in crate::store) struct Row {
    shard: ShardId,
    owner: Option<NodeId>,
    epoch: i64,
    /// Units: milliseconds since 1970.
    until: i64,
    wish: Option<NodeId>,
    agents: i32,
}

impl Row {
    /// Whether nobody holds it.
    fn is_free(&self, at: i64) -> bool {
        self.owner.is_none() || self.until <= at
    }

    fn is_held_by(&self, node: NodeId, at: i64) -> bool {
        self.owner == Some(node) && !self.is_free(at)
    }

    /// Who holds it at a time.
    pub(super) fn holding(&self, at: i64) -> Holding {
        Holding {
            shard: self.shard,
            owner: self.owner.filter(|_| !self.is_free(at)),
            epoch: self.epoch,
            wish: self.wish,
            agents: self.agents,
        }
    }
}

/// A node that claims.
pub(super) struct Claimer<'a> {
    pub(super) node: NodeId,
    /// Units: milliseconds.
    pub(super) ttl_ms: i64,
    /// The nodes that may have shards.
    pub(super) nodes: &'a [NodeId],
    pub(super) how: Claiming,
}

impl Claimer<'_> {
    /// The free shards that it should take. A shard that is promised to another node waits for that for a third of a lease.
    pub(super) fn wanted(&self, rows: &[Row], at: i64) -> Vec<ShardId> {
        let wanted: Vec<&Row> = match self.how {
            Claiming::None => Vec::new(),
            Claiming::Alone => self.whole(rows, at),
            Claiming::Shared => self.share(rows, at),
        };
        wanted.iter().map(|row| row.shard).collect()
    }

    fn is_promised(&self, row: &Row) -> bool {
        row.wish
            .is_some_and(|wish| wish != self.node && self.nodes.contains(&wish))
    }

    fn is_over(&self, until: i64, at: i64) -> bool {
        at >= until.saturating_add(self.ttl_ms / 3)
    }

    /// All that is free: while it is another's turn to take over, nothing; and never what it gives away itself.
    fn whole<'r>(&self, rows: &'r [Row], at: i64) -> Vec<&'r Row> {
        let held = || rows.iter().filter(|row| !row.is_free(at));
        if held().any(|row| row.owner != Some(self.node)) {
            return Vec::new();
        }
        let ended = rows.iter().map(|row| row.until).max().unwrap_or(i64::MIN);
        let is_over = held().next().is_none() && self.is_over(ended, at);
        let free = || rows.iter().filter(|row| row.is_free(at));
        if held().next().is_none() && !is_over && free().any(|row| self.is_promised(row)) {
            return Vec::new();
        }
        free().filter(|row| is_over || !self.is_promised(row)).collect()
    }

    /// What is promised to it, and of the rest as much as it lacks.
    fn share<'r>(&self, rows: &'r [Row], at: i64) -> Vec<&'r Row> {
        let (own, rest): (Vec<&Row>, Vec<&Row>) = rows
            .iter()
            .filter(|row| row.is_free(at))
            .partition(|row| row.wish == Some(self.node));
        let held = rows
            .iter()
            .filter(|row| row.is_held_by(self.node, at))
            .count()
            .saturating_add(own.len());
        let share = rows.len().div_ceil(self.nodes.len().max(1));
        let open = rest
            .into_iter()
            .filter(|row| !self.is_promised(row) || self.is_over(row.until, at));
        own.into_iter()
            .chain(open.take(share.saturating_sub(held)))
            .collect()
    }

    /// Locks and takes what it wants. What others have locked they take, or hold.
    pub(super) fn claim(&self, conn: &mut Conn, at: i64) -> QueryResult<()> {
        use schema::shard::dsl as s;
        let wanted = self.wanted(&rows(conn)?, at);
        if wanted.is_empty() {
            return Ok(());
        }
        let ids: Vec<i32> = wanted.iter().map(|shard| shard.0).collect();
        let query = || {
            s::shard.filter(s::id.eq_any(&ids)).order(s::id).select((
                s::id,
                s::owner,
                s::epoch,
                s::lease_until,
            ))
        };
        let locked: Vec<(i32, Option<Id>, i64, i64)> = load_unlocked_for_update!(conn, query())?;
        for (id, owner, epoch, until) in locked {
            if owner.is_none() || until <= at {
                let lease = Lease {
                    shard: ShardId(id),
                    owner: self.node,
                    epoch: epoch.saturating_add(1),
                };
                take_shard(
                    conn,
                    lease,
                    at.saturating_add(self.ttl_ms),
                    Timestamp(at),
                    "claim",
                )?;
            }
        }
        Ok(())
    }
}

impl Store {
    /// Takes every shard with a new epoch, whoever holds it, and gives the leases in the order of shards. All other nodes are gone then:
    /// only for a start on SQLite, where the file lock proves that they are.
    pub fn claim_shards(&mut self, node: NodeId, ttl_ms: i64, now: Timestamp) -> Result<Vec<Lease>> {
        use schema::{node::dsl as n, shard::dsl as s};
        self.write("claim shards", |conn| {
            let at = clock(conn, now)?;
            // In the order of ids, so that two claimers never wait for one another in a circle.
            let locks = || s::shard.order(s::id).select(s::id);
            let _locked: Vec<i32> = load_for_update!(conn, locks())?;
            // After the shards, as in a turn.
            let others = n::node.filter(n::id.ne(Id(node.0)));
            on_conn!(conn, |c| diesel::update(others)
                .set(n::state.eq("gone"))
                .execute(c))?;
            let mut leases = Vec::new();
            for row in rows(conn)? {
                let lease = Lease {
                    shard: row.shard,
                    owner: node,
                    epoch: row.epoch.saturating_add(1),
                };
                take_shard(conn, lease, at.saturating_add(ttl_ms), Timestamp(at), "start")?;
                leases.push(lease);
            }
            Ok(leases)
        })
    }
}

/// The leases of all shards, in the order of shards.
pub(in crate::store) fn rows(conn: &mut Conn) -> QueryResult<Vec<Row>> {
    use schema::shard::dsl as s;
    let query = || {
        s::shard.order(s::id).select((
            (s::id, s::owner, s::epoch, s::lease_until),
            (s::desired_owner, s::agents),
        ))
    };
    type Columns = ((i32, Option<Id>, i64, i64), (Option<Id>, i32));
    let rows: Vec<Columns> = on_conn!(conn, |c| query().load(c))?;
    let row = |((id, owner, epoch, until), (wish, agents)): Columns| Row {
        shard: ShardId(id),
        owner: owner.map(|owner| NodeId(owner.0)),
        epoch,
        until,
        wish: wish.map(|wish| NodeId(wish.0)),
        agents,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Whether another node than this holds any of these.
pub(in crate::store) fn others_hold(holdings: &[Holding], node: NodeId) -> bool {
    let mut owners = holdings.iter().filter_map(|held| held.owner);
    owners.any(|owner| owner != node)
}

/// Gives a shard to the owner of a lease until a time, and records it. The shard's row must be locked, or new.
pub(in crate::store) fn take_shard(
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
            s::desired_owner.eq(None::<Id>),
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
