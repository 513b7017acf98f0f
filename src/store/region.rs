//! The world, its regions and the areas of its shards.

use super::commit::Lease;
use super::connection::{Conn, on_conn};
use super::error::Inconsistency;
use super::lease::{Claiming, clock, holdings, lock_world, others_hold, take_shard};
use super::schema;
use super::sql_types::{Doc, Id};
use super::{Reader, Result, Store};
use crate::base::id::{NodeId, ShardId};
use crate::base::limit::REGIONS_MAX;
use crate::base::time::Timestamp;
use crate::domain::region::{RegionPlan, ShardPlan};
use crate::domain::space::CellRect;
use diesel::connection::SimpleConnection;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, RunQueryDsl};
use uuid::Uuid;

/// The world, made once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorldRow {
    /// Its id.
    pub id: Uuid,
    /// When tick 0 began.
    pub epoch: Timestamp,
    /// Length of a tick in milliseconds.
    pub tick_ms: i64,
    /// What chance starts from.
    pub seed: i64,
}

/// What became of making something that is unique by name.
#[derive(Clone, Debug, PartialEq)]
pub enum Created<T> {
    /// It is there now.
    Done(T),
    /// It was there before; nothing changed.
    AlreadyExists,
    /// Another node runs the world; nothing changed.
    Elsewhere,
    /// There are as many as there may be; nothing changed.
    Full,
}

impl Store {
    /// The world; made with these values when there is none. The tick length of a world never changes.
    /// Without a seed the time is one.
    pub fn ensure_world(&mut self, tick_ms: i64, seed: Option<i64>, now: Timestamp) -> Result<WorldRow> {
        use schema::world::dsl as w;
        self.write("make the world", |conn| {
            alone(conn, "LOCK TABLE world IN EXCLUSIVE MODE")?;
            if let Some(found) = read_world(conn)? {
                return Ok(found);
            }
            let seed = seed.unwrap_or(now.0);
            let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("world {} {seed}", now.0).as_bytes());
            let row = (
                w::id.eq(Id(id)),
                w::epoch.eq(now.0),
                w::tick_ms.eq(tick_ms),
                w::seed.eq(seed),
                w::created_at.eq(now.0),
            );
            on_conn!(conn, |c| diesel::insert_into(w::world).values(row).execute(c))?;
            Ok(WorldRow {
                id,
                epoch: now,
                tick_ms,
                seed,
            })
        })
    }

    /// The secret by which nodes seal what they tell one another; `fresh` when there is none yet.
    pub fn ensure_bus_key(&mut self, fresh: &str) -> Result<String> {
        use schema::bus_key::dsl as k;
        self.write("make the bus key", |conn| {
            let row = (k::id.eq(1), k::secret.eq(fresh));
            on_conn!(conn, |c| diesel::insert_into(k::bus_key)
                .values(row)
                .on_conflict_do_nothing()
                .execute(c))?;
            on_conn!(conn, |c| k::bus_key.find(1).select(k::secret).first(c))
        })
    }

    /// Adds the regions that are missing, each with its shards and its objects.
    pub fn ensure_regions(&mut self, plans: &[RegionPlan], now: Timestamp) -> Result<()> {
        self.write("make the regions", |conn| {
            lock_regions(conn)?;
            for plan in plans {
                insert_region(conn, plan, now)?;
            }
            Ok(())
        })
    }

    /// Adds a region with its shards, which nobody runs yet, and its objects. An object id that another region has counts as
    /// `AlreadyExists`. A world that has `REGIONS_MAX` of them is full, whoever makes one more.
    pub fn create_region(&mut self, plan: &RegionPlan, now: Timestamp) -> Result<Created<Vec<ShardPlan>>> {
        self.write("make a region", |conn| create_region(conn, plan, now))
    }

    /// Adds a region and takes its shards for a node, in one transaction: nobody else can claim them in between. A node that
    /// claims nothing makes none, and one that runs the world alone makes none while another does. Full as in `create_region`.
    pub fn open_region(
        &mut self,
        plan: &RegionPlan,
        node: NodeId,
        (ttl_ms, how): (i64, Claiming),
        now: Timestamp,
    ) -> Result<Created<Vec<(ShardPlan, Lease)>>> {
        self.write("open a region", |conn| {
            let is_elsewhere = match how {
                Claiming::None => true,
                Claiming::Alone => {
                    lock_world(conn)?;
                    let at = clock(conn, now)?;
                    others_hold(&holdings(conn, at)?, node)
                }
                Claiming::Shared => false,
            };
            if is_elsewhere {
                return Ok(Created::Elsewhere);
            }
            let shards = match create_region(conn, plan, now)? {
                Created::Done(shards) => shards,
                Created::AlreadyExists => return Ok(Created::AlreadyExists),
                Created::Elsewhere => return Ok(Created::Elsewhere),
                Created::Full => return Ok(Created::Full),
            };
            let until = clock(conn, now)?.saturating_add(ttl_ms);
            let mut opened = Vec::with_capacity(shards.len());
            for shard in shards {
                let lease = Lease {
                    shard: shard.id,
                    owner: node,
                    epoch: 1,
                };
                take_shard(conn, lease, until, now, "made")?;
                opened.push((shard, lease));
            }
            Ok(Created::Done(opened))
        })
    }
}

impl Reader {
    /// The world. None: it was not made yet.
    pub fn world(&mut self) -> Result<Option<WorldRow>> {
        self.read("read the world", read_world)
    }

    /// All regions, in the order in which they were made.
    pub fn regions(&mut self) -> Result<Vec<RegionPlan>> {
        use schema::region::dsl as r;
        self.read("read the regions", |conn| {
            let rows: Vec<(String, Doc)> = on_conn!(conn, |c| r::region
                .order(r::number)
                .select((r::name, r::plan))
                .load(c))?;
            rows.into_iter()
                .map(|(name, plan)| {
                    serde_json::from_value(plan.0)
                        .map_err(|_broken| Inconsistency::sql("region", "plan", name))
                })
                .collect()
        })
    }

    /// All shards, by number.
    pub fn shards(&mut self) -> Result<Vec<ShardPlan>> {
        use schema::shard::dsl as s;
        self.read("read the shards", |conn| {
            let query = || {
                s::shard
                    .order(s::id)
                    .select((s::id, s::region, (s::x0, s::y0, s::x1, s::y1)))
            };
            type Row = (i32, String, (i32, i32, i32, i32));
            let rows: Vec<Row> = on_conn!(conn, |c| query().load(c))?;
            let plan = |(id, region, (x0, y0, x1, y1))| ShardPlan {
                id: ShardId(id),
                region,
                area: CellRect { x0, y0, x1, y1 },
            };
            Ok(rows.into_iter().map(plan).collect())
        })
    }
}

/// Lets one transaction in at a time. SQLite's write transactions are alone anyway.
fn alone(conn: &mut Conn, lock: &str) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Pg(c) => c.batch_execute(lock),
    }
}

/// Nobody else makes a region until the end of the transaction.
fn lock_regions(conn: &mut Conn) -> QueryResult<()> {
    alone(conn, "LOCK TABLE region IN EXCLUSIVE MODE")
}

fn create_region(conn: &mut Conn, plan: &RegionPlan, now: Timestamp) -> QueryResult<Created<Vec<ShardPlan>>> {
    lock_regions(conn)?;
    let count: i64 = on_conn!(conn, |c| schema::region::table.count().get_result(c))?;
    if usize::try_from(count).is_ok_and(|count| count >= REGIONS_MAX) {
        return Ok(Created::Full);
    }
    let ids: Vec<&str> = plan.objects.iter().map(|object| object.id.as_str()).collect();
    let query = || {
        schema::object::table
            .filter(schema::object::id.eq_any(&ids))
            .count()
    };
    if on_conn!(conn, |c| query().get_result::<i64>(c))? > 0 {
        return Ok(Created::AlreadyExists);
    }
    Ok(insert_region(conn, plan, now)?.map_or(Created::AlreadyExists, Created::Done))
}

fn read_world(conn: &mut Conn) -> QueryResult<Option<WorldRow>> {
    use schema::world::dsl as w;
    let query = || w::world.select((w::id, w::epoch, w::tick_ms, w::seed));
    let row: Option<(Id, i64, i64, i64)> = on_conn!(conn, |c| query().first(c).optional())?;
    Ok(row.map(|(id, epoch, tick_ms, seed)| WorldRow {
        id: id.0,
        epoch: Timestamp(epoch),
        tick_ms,
        seed,
    }))
}

/// Adds a region with its shards and objects. None: there is one with this name.
fn insert_region(conn: &mut Conn, plan: &RegionPlan, now: Timestamp) -> QueryResult<Option<Vec<ShardPlan>>> {
    use diesel::dsl::max;
    use schema::object::dsl as o;
    use schema::region::dsl as r;
    let last: Option<i32> = on_conn!(conn, |c| r::region.select(max(r::number)).first(c))?;
    let stored = serde_json::to_value(plan)
        .map_err(|error| diesel::result::Error::SerializationError(Box::new(error)))?;
    let row = (
        r::name.eq(&plan.name),
        r::number.eq(last.unwrap_or(0).saturating_add(1)),
        r::plan.eq(Doc(stored)),
        r::created_at.eq(now.0),
    );
    let added = on_conn!(conn, |c| diesel::insert_into(r::region)
        .values(row.clone())
        .on_conflict(r::name)
        .do_nothing()
        .execute(c))?;
    if added == 0 {
        return Ok(None);
    }
    let shards = insert_shards(conn, plan)?;
    for object in &plan.objects {
        let row = (
            o::id.eq(&object.id),
            o::region.eq(&plan.name),
            o::name.eq(&object.name),
            o::kind.eq(&object.kind),
            (o::x.eq(object.at.x), o::y.eq(object.at.y), o::z.eq(object.at.z)),
            o::state.eq(Doc(serde_json::json!({}))),
            o::version.eq(0_i64),
            o::updated_at.eq(now.0),
        );
        on_conn!(conn, |c| diesel::insert_into(o::object)
            .values(row.clone())
            .execute(c))?;
    }
    Ok(Some(shards))
}

/// Cuts a region into its shards, which nobody runs yet.
fn insert_shards(conn: &mut Conn, plan: &RegionPlan) -> QueryResult<Vec<ShardPlan>> {
    use diesel::dsl::max;
    use schema::shard::dsl as s;
    let last: Option<i32> = on_conn!(conn, |c| s::shard.select(max(s::id)).first(c))?;
    let parts = CellRect::of_region(plan.size_m).split(i32::try_from(plan.shards).unwrap_or(i32::MAX));
    let first = last.unwrap_or(0).saturating_add(1);
    let shards: Vec<ShardPlan> = (first..)
        .zip(parts)
        .map(|(id, area)| ShardPlan {
            id: ShardId(id),
            region: plan.name.clone(),
            area,
        })
        .collect();
    for ShardPlan { id, area, .. } in &shards {
        let row = (
            (
                s::id.eq(id.0),
                s::region.eq(&plan.name),
                s::x0.eq(area.x0),
                s::y0.eq(area.y0),
                s::x1.eq(area.x1),
                s::y1.eq(area.y1),
            ),
            (
                s::epoch.eq(0_i64),
                s::lease_until.eq(0_i64),
                s::last_seq.eq(0_i64),
                s::last_at.eq(0_i64),
                s::floor_seq.eq(0_i64),
            ),
            s::state.eq("free"),
        );
        on_conn!(conn, |c| diesel::insert_into(s::shard).values(row).execute(c))?;
    }
    Ok(shards)
}
