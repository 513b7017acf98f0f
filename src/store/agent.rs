//! Agents: registration, keys, profiles and counters.

mod key;
mod rank;
mod register;

pub use self::rank::{Metric, Rank, Totals};

use self::register::{find_taken, register};
use super::bulk::{Bulk, Cell};
use super::connection::{Conn, on_conn};
use super::error::Inconsistency;
use super::schema::agents;
use super::sql_types::{Doc, Id};
use super::{Reader, Result, Store};
use crate::base::id::{AgentId, ShardId};
use crate::base::time::Timestamp;
use crate::domain::agent::{Handle, Name, Permissions, Profile};
use crate::domain::space::Vec3;
use diesel::{
    ExpressionMethods, NullableExpressionMethods, OptionalExtension, QueryDsl, QueryResult, Queryable,
    RunQueryDsl, Selectable, SelectableHelper,
};
use serde_json::Value;
use uuid::Uuid;

/// An agent as the store knows it.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it; columns of table agents")]
pub struct AgentRow {
    pub id: AgentId,
    pub handle: Handle,
    pub name: String,
    pub owner_id: Option<String>,
    pub description: Option<String>,
    pub avatar: Value,
    pub skills_map: Value,
    pub permissions: Permissions,
    pub default_region: String,
    pub region: Option<String>,
    pub shard: Option<ShardId>,
    pub at: Option<Vec3>,
    pub hop: i64,
    pub is_in_world: bool,
    pub is_public: bool,
    pub accepts_prompts: bool,
    pub inbox_epoch: String,
    pub message_count: i64,
    pub action_count: i64,
    pub total_online_seconds: i64,
    pub last_seen: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl AgentRow {
    /// What everybody may rely on about the agent. Its look is the avatar's `type`, or the avatar itself when it is a text.
    pub fn profile(&self) -> Profile {
        let look = self
            .avatar
            .get("type")
            .unwrap_or(&self.avatar)
            .as_str()
            .unwrap_or("default");
        Profile {
            id: self.id,
            handle: self.handle.clone(),
            name: self.name.clone(),
            permissions: self.permissions,
            avatar_type: look.to_owned(),
            is_public: self.is_public,
            accepts_prompts: self.accepts_prompts,
        }
    }
}

/// An agent to register.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "as in AgentRow")]
pub struct NewAgent {
    pub id: AgentId,
    pub handle: Handle,
    pub name: Name,
    pub owner_id: Option<String>,
    pub description: Option<String>,
    pub avatar: Value,
    pub skills_map: Value,
    pub default_region: String,
    pub permissions: Permissions,
    /// The public part of its key. None: it has no key.
    pub key_id: Option<String>,
    /// The key's PHC string.
    pub key_hash: Option<String>,
    pub inbox_epoch: String,
}

/// What became of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// The agent exists, with its wallet and grant.
    Done,
    /// Somebody has a name that looks the same.
    NameTaken,
    /// Somebody has the handle.
    HandleTaken,
}

/// What an agent may change of itself; `None` leaves it.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "as in AgentRow")]
pub struct AgentPatch {
    pub description: Option<String>,
    pub avatar: Option<Value>,
    pub is_public: Option<bool>,
    pub accepts_prompts: Option<bool>,
}

/// What to add to an agent's counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in AgentRow")]
pub struct Counters {
    pub messages: i64,
    pub actions: i64,
    pub online_seconds: i64,
    pub last_seen: Option<Timestamp>,
}

impl Store {
    /// Registers an agent: its row, wallet, inbox and the grant from the mint, in one transaction.
    pub fn register_agent(&mut self, agent: &NewAgent, now: Timestamp) -> Result<Registered> {
        self.write("register an agent", |conn| {
            register(conn, std::slice::from_ref(agent), now)
        })
        .map(|taken| match taken {
            None => Registered::Done,
            Some((_, registered)) => registered,
        })
    }

    /// Registers many agents, in transactions of a bounded size. Stops at the first that is taken and says which.
    pub fn register_agents_bulk(
        &mut self,
        agents: &[NewAgent],
        now: Timestamp,
    ) -> Result<std::result::Result<(), Handle>> {
        for part in agents.chunks(BULK_MAX) {
            let taken = self.write("register agents", |conn| {
                let taken = register(conn, part, now)?;
                // A part is registered whole or not at all.
                if taken.is_some() {
                    Err(diesel::result::Error::RollbackTransaction)
                } else {
                    Ok(())
                }
            });
            match taken {
                Ok(()) => {}
                Err(super::StoreError::Query {
                    source: diesel::result::Error::RollbackTransaction,
                    ..
                }) => {
                    let index = self.read("find a taken name", |conn| find_taken(conn, part))?;
                    let first = index.and_then(|(index, _)| part.get(index)).or(part.first());
                    return first.map_or(Ok(Ok(())), |agent| Ok(Err(agent.handle.clone())));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Ok(()))
    }

    /// Changes what an agent may change of itself. None: no such agent.
    pub fn update_agent(
        &mut self,
        agent: AgentId,
        patch: &AgentPatch,
        now: Timestamp,
    ) -> Result<Option<AgentRow>> {
        self.write("update an agent", |conn| {
            let columns = || {
                (
                    patch
                        .description
                        .as_deref()
                        .map(|text| agents::description.eq(text)),
                    patch.avatar.clone().map(|avatar| agents::avatar.eq(Doc(avatar))),
                    patch.is_public.map(|is_public| agents::is_public.eq(is_public)),
                    patch
                        .accepts_prompts
                        .map(|accepts| agents::accepts_prompts.eq(accepts)),
                    agents::updated_at.eq(now.0),
                )
            };
            on_conn!(conn, |c| diesel::update(agents::table.find(Id(agent.0)))
                .set(columns())
                .execute(c))?;
            one(conn, agent)
        })
    }

    /// Adds to counters.
    pub fn add_counters(&mut self, additions: &[(AgentId, Counters)]) -> Result<()> {
        const HEAD: &str = "WITH v (id, messages, actions, seconds, seen) AS (VALUES ";
        const TAIL: &str = ") UPDATE agents SET message_count = agents.message_count + v.messages, action_count = agents.action_count + v.actions, \
             total_online_seconds = agents.total_online_seconds + v.seconds, \
             last_seen = CASE WHEN v.seen IS NULL OR agents.last_seen > v.seen THEN agents.last_seen ELSE v.seen END \
             FROM v WHERE agents.id = v.id";
        // One row an agent, in the order of ids: an update takes a row's first match only.
        let mut sums: std::collections::BTreeMap<Uuid, Counters> = std::collections::BTreeMap::new();
        for (agent, add) in additions {
            let sum = sums.entry(agent.0).or_default();
            sum.messages = sum.messages.saturating_add(add.messages);
            sum.actions = sum.actions.saturating_add(add.actions);
            sum.online_seconds = sum.online_seconds.saturating_add(add.online_seconds);
            sum.last_seen = sum.last_seen.max(add.last_seen);
        }
        let row = |(id, sum): (&Uuid, &Counters)| {
            let counts = [sum.messages, sum.actions, sum.online_seconds];
            let mut row = vec![Cell::Id(Id(*id))];
            row.extend(counts.map(Cell::Big));
            row.push(Cell::NullableBig(sum.last_seen.map(|at| at.0)));
            row
        };
        let rows: Vec<Vec<Cell<'_>>> = sums.iter().map(row).collect();
        self.write("add to counters", |conn| {
            for part in rows.chunks(BULK_MAX) {
                on_conn!(conn, |c| Bulk::<()>::new(HEAD, part, TAIL).execute(c))?;
            }
            Ok(())
        })
    }
}

impl Reader {
    /// The agent with this handle.
    pub fn agent_by_handle(&mut self, handle: &Handle) -> Result<Option<AgentRow>> {
        self.read("find an agent", |conn| {
            let query = || agents::table.filter(agents::agent_id.eq(handle.as_str()));
            let row: Option<Stored> =
                on_conn!(conn, |c| query().select(Stored::as_select()).first(c).optional())?;
            row.map(AgentRow::try_from).transpose()
        })
    }

    /// The agent with this id.
    pub fn agent_by_id(&mut self, id: AgentId) -> Result<Option<AgentRow>> {
        self.read("find an agent", |conn| one(conn, id))
    }

    /// Agents by handle, after one.
    pub fn agents(&mut self, after: Option<&Handle>, limit: i64) -> Result<Vec<AgentRow>> {
        let after = after.map_or("", Handle::as_str);
        self.read("list agents", |conn| {
            let query = || {
                agents::table
                    .filter(agents::agent_id.gt(after))
                    .order(agents::agent_id)
                    .limit(limit)
            };
            let rows: Vec<Stored> = on_conn!(conn, |c| query().select(Stored::as_select()).load(c))?;
            rows.into_iter().map(AgentRow::try_from).collect()
        })
    }

    /// How many agents there are.
    pub fn count_agents(&mut self) -> Result<i64> {
        self.read("count agents", |conn| {
            on_conn!(conn, |c| agents::table.count().get_result(c))
        })
    }
}

/// Agents in one transaction of a bulk registration.
const BULK_MAX: usize = 500;

/// The columns that make an agent.
#[derive(Queryable, Selectable)]
#[diesel(table_name = agents, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct Stored {
    id: Id,
    agent_id: String,
    name: String,
    owner_id: Option<String>,
    description: Option<String>,
    avatar: Doc,
    skills_map: Doc,
    permissions: Doc,
    default_region: String,
    region: Option<String>,
    shard_id: Option<i32>,
    x: Option<f64>,
    y: Option<f64>,
    z: Option<f64>,
    hop: i64,
    is_in_world: bool,
    is_public: bool,
    accepts_prompts: bool,
    inbox_epoch: String,
    total_online_seconds: i64,
    message_count: i64,
    action_count: i64,
    last_seen: Option<i64>,
    created_at: i64,
}

impl TryFrom<Stored> for AgentRow {
    type Error = diesel::result::Error;

    fn try_from(row: Stored) -> QueryResult<Self> {
        let handle = handle_of(&row.agent_id)?;
        let names = row
            .permissions
            .0
            .as_array()
            .ok_or_else(|| Inconsistency::sql("agents", "permissions", &handle))?;
        Ok(Self {
            id: AgentId(row.id.0),
            permissions: Permissions::from_names(names.iter().filter_map(Value::as_str)),
            handle,
            name: row.name,
            owner_id: row.owner_id,
            description: row.description,
            avatar: row.avatar.0,
            skills_map: row.skills_map.0,
            default_region: row.default_region,
            region: row.region,
            shard: row.shard_id.map(ShardId),
            at: row.x.zip(row.y).zip(row.z).map(|((x, y), z)| Vec3::new(x, y, z)),
            hop: row.hop,
            is_in_world: row.is_in_world,
            is_public: row.is_public,
            accepts_prompts: row.accepts_prompts,
            inbox_epoch: row.inbox_epoch,
            message_count: row.message_count,
            action_count: row.action_count,
            total_online_seconds: row.total_online_seconds,
            last_seen: row.last_seen.map(Timestamp),
            created_at: Timestamp(row.created_at),
        })
    }
}

/// A handle from the database.
pub(super) fn handle_of(text: &str) -> QueryResult<Handle> {
    Handle::new(text).map_err(|_broken| Inconsistency::sql("agents", "agent_id", text))
}

fn one(conn: &mut Conn, id: AgentId) -> QueryResult<Option<AgentRow>> {
    let query = || agents::table.find(Id(id.0));
    let row: Option<Stored> = on_conn!(conn, |c| query().select(Stored::as_select()).first(c).optional())?;
    row.map(AgentRow::try_from).transpose()
}

/// The agents that stand in a shard, by id.
pub(super) fn agents_of_shard(conn: &mut Conn, shard: ShardId) -> QueryResult<Vec<AgentRow>> {
    let query = || {
        agents::table
            .filter(agents::shard_id.eq(shard.0))
            .filter(agents::is_in_world)
            .order(agents::id)
    };
    let rows: Vec<Stored> = on_conn!(conn, |c| query().select(Stored::as_select()).load(c))?;
    rows.into_iter().map(AgentRow::try_from).collect()
}

/// What the agents of a shard took along when they came from another one.
pub(super) fn carried_to_shard(conn: &mut Conn, shard: ShardId) -> QueryResult<Vec<(AgentId, String)>> {
    let query = || {
        agents::table
            .filter(agents::shard_id.eq(shard.0))
            .filter(agents::is_in_world)
            .filter(agents::carried.is_not_null())
            .select((agents::id, agents::carried.assume_not_null()))
    };
    let rows: Vec<(Id, String)> = on_conn!(conn, |c| query().load(c))?;
    Ok(rows
        .into_iter()
        .map(|(id, carried)| (AgentId(id.0), carried))
        .collect())
}
