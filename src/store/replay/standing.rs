//! What the tables say of a shard, in the form that replay gives.

use crate::base::id::{AgentId, ShardId};
use crate::base::time::Timestamp;
use crate::domain::replay::{ObjectState, Place, ShardState};
use crate::domain::space::Vec3;
use crate::store::connection::{Conn, on_conn};
use crate::store::error::Inconsistency;
use crate::store::sql_types::{Id, Uid};
use crate::store::{object, shard};
use diesel::sql_types::{BigInt, Double, Integer, Nullable, Text};
use diesel::{QueryResult, QueryableByName, RunQueryDsl, sql_query};
use std::collections::BTreeMap;

/// A shard's state with where all logs ended at that moment.
pub(super) struct Standing {
    pub state: ShardState,
    pub heads: BTreeMap<ShardId, i64>,
    /// When the last event of any shard happened.
    pub latest: Timestamp,
}

/// One statement sees one moment, also in a transaction that sees what others commit: so the agents here and the ends of the logs
/// that tell who was taken away fit one another.
const AGENTS_AND_HEADS: &str = "SELECT id AS agent, region, x, y, z, hop AS number, carried, 0 AS shard, CAST(0 AS bigint) AS last_at \
     FROM agents WHERE shard_id = $1 AND is_in_world \
     UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, last_seq, NULL, id, last_at FROM shard";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Uid>)]
    agent: Option<Id>,
    #[diesel(sql_type = Nullable<Text>)]
    region: Option<String>,
    #[diesel(sql_type = Nullable<Double>)]
    x: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    y: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    z: Option<f64>,
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Nullable<Text>)]
    carried: Option<String>,
    #[diesel(sql_type = Integer)]
    shard: i32,
    #[diesel(sql_type = BigInt)]
    last_at: i64,
}

/// Reads a shard's state. None: there is no such shard. The caller sees to it that the shards of its region write nothing meanwhile.
pub(super) fn standing(conn: &mut Conn, id: ShardId) -> QueryResult<Option<Standing>> {
    let rows: Vec<Row> = on_conn!(conn, |c| sql_query(AGENTS_AND_HEADS)
        .bind::<Integer, _>(id.0)
        .load(c))?;
    let mut state = ShardState::empty(id);
    let mut heads = BTreeMap::new();
    let mut latest = Timestamp(0);
    for row in rows {
        if let Some(agent) = row.agent {
            state.agents.insert(AgentId(agent.0), place_of(id, row, agent)?);
            continue;
        }
        heads.insert(ShardId(row.shard), row.number);
        latest = latest.max(Timestamp(row.last_at));
        if row.shard == id.0 {
            (state.last_seq, state.last_at) = (row.number, Timestamp(row.last_at));
        }
    }
    let Some(region) = shard::region_of(conn, id)?.filter(|_| heads.contains_key(&id)) else {
        return Ok(None);
    };
    for object in object::objects_of_region(conn, &region)? {
        // Nobody ever used one in version 0: no event tells of it.
        let is_new = object.version == 0 && object.state.as_object().is_some_and(serde_json::Map::is_empty);
        if !is_new {
            let (version, state_of) = (object.version, object.state);
            state.objects.insert(
                object.id,
                ObjectState {
                    version,
                    state: state_of,
                },
            );
        }
    }
    for talk in shard::open_conversations(conn, id)? {
        state.conversations.insert(talk.id, talk);
    }
    Ok(Some(Standing { state, heads, latest }))
}

fn place_of(shard: ShardId, row: Row, agent: Id) -> QueryResult<Place> {
    let broken = || Inconsistency::sql("agents", "region", agent.0);
    let (Some(region), Some(x), Some(y), Some(z)) = (row.region, row.x, row.y, row.z) else {
        return Err(broken());
    };
    Ok(Place {
        shard,
        region,
        at: Vec3::new(x, y, z),
        hop: row.number,
        is_in_world: true,
        carried: row.carried,
    })
}
