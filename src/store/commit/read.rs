//! What a batch needs to know, read with a constant number of statements. Locks are taken in one fixed order:
//! the shard (by the fence), accounts, agents, inboxes, items, objects; within each by id.

use super::{Batch, StoredAnswer};
use crate::base::id::AgentId;
use crate::domain::agent::Handle;
use crate::domain::ledger::Payee;
use crate::domain::write::Write;
use crate::host::fault;
use crate::store::connection::{Conn, load_for_update, on_conn};
use crate::store::error::Inconsistency;
use crate::store::schema;
use crate::store::sql_types::{Doc, Id};
use diesel::{ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// The account that stalls sell from; made by the first migration.
pub(crate) const MARKET_ACCOUNT: Uuid = Uuid::from_u128(0x2200);
/// Where money comes from; made by the first migration.
pub(crate) const MINT_ACCOUNT: Uuid = Uuid::from_u128(0x9000);

/// Most handles kept in memory.
const RESOLVED_MAX: usize = 500_000;
/// Rows in one keyed statement: two binds each, both databases take 30,000.
const KEYS_MAX: usize = 5_000;

/// Handles and the ids behind them: facts that never change, so they are read once. A wallet has the id of its agent.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    ids: HashMap<Handle, AgentId>,
}

impl Resolver {
    /// Makes sure that all of these that exist are known.
    fn resolve<'a>(&mut self, conn: &mut Conn, handles: impl Iterator<Item = &'a Handle>) -> QueryResult<()> {
        use schema::agents;
        let missing: BTreeSet<&str> = handles
            .filter(|handle| !self.ids.contains_key(*handle))
            .map(Handle::as_str)
            .collect();
        let missing: Vec<&str> = missing.into_iter().collect();
        for part in missing.chunks(KEYS_MAX) {
            let query = || {
                agents::table
                    .filter(agents::agent_id.eq_any(part))
                    .select((agents::agent_id, agents::id))
            };
            let rows: Vec<(String, Id)> = on_conn!(conn, |c| query().load(c))?;
            if self.ids.len() > RESOLVED_MAX {
                self.ids.clear();
            }
            for (handle, id) in rows {
                let handle = Handle::new(&handle)
                    .map_err(|_broken| Inconsistency::sql("agents", "agent_id", &handle))?;
                self.ids.insert(handle, AgentId(id.0));
            }
        }
        Ok(())
    }
}

/// A key of table `command`.
pub(super) type Key = (AgentId, String);

/// An account, as far as a transfer needs it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    pub kind: i16,
    pub currency: i16,
    pub balance: i64,
    pub version: i64,
    /// The version that the row has.
    pub read_version: i64,
    pub last_transfer: Option<Uuid>,
    pub allow_negative: bool,
    pub frozen: bool,
}

/// A stack of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stack {
    pub id: Uuid,
    pub quantity: i32,
    /// Whether the row is there already.
    pub is_stored: bool,
}

/// An object's state.
#[derive(Clone, Debug)]
pub(super) struct ObjectState {
    pub state: Value,
    pub version: i64,
}

/// What the database holds of what the batch is about. Missing rows are missing keys.
#[derive(Debug, Default)]
pub(super) struct View {
    pub ids: HashMap<Handle, AgentId>,
    pub answers: HashMap<Key, StoredAnswer>,
    pub accounts: BTreeMap<Uuid, Account>,
    pub hops: BTreeMap<Uuid, i64>,
    /// The top of each inbox.
    pub inboxes: BTreeMap<Uuid, (String, i64, i64)>,
    pub items: BTreeMap<(Uuid, String), Stack>,
    pub objects: BTreeMap<String, ObjectState>,
}

/// Reads the view and locks its rows.
pub(super) fn view(conn: &mut Conn, resolver: &mut Resolver, batch: &Batch) -> QueryResult<View> {
    resolver.resolve(conn, batch.commits.iter().flat_map(handles_of))?;
    let mut view = View::default();
    for handle in batch.commits.iter().flat_map(handles_of) {
        if let Some(id) = resolver.ids.get(handle) {
            view.ids.insert(handle.clone(), *id);
        }
    }
    let commands = batch
        .commits
        .iter()
        .filter_map(|commit| Some((commit.agent, commit.command.as_ref()?)))
        .filter(|(agent, command)| {
            let is_cached = || fault::is_cached(&format!("{agent} {}", command.id));
            !fault::is_mutant("no_dedupe") && (!fault::is_mutant("dedupe_in_redis_only") || is_cached())
        });
    view.answers = super::answers::answers(conn, commands)?;
    let (mut accounts, mut agents, mut inboxes) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut holders, mut objects) = (BTreeSet::new(), BTreeSet::new());
    for commit in &batch.commits {
        inboxes.extend(
            commit
                .event
                .inbox
                .iter()
                .filter_map(|owner| view.ids.get(owner))
                .map(|id| id.0),
        );
        for write in &commit.writes {
            match write {
                Write::Transfer { to, .. } => {
                    accounts.insert(commit.agent.0);
                    accounts.extend(payee_account(to, &view.ids));
                }
                Write::Relocate { .. } => drop(agents.insert(commit.agent.0)),
                Write::GrantItem { .. } => drop(holders.insert(commit.agent.0)),
                Write::GiveItem { to, .. } => holders.extend([commit.agent.0, to.0]),
                Write::UseObject { object_id, .. } => drop(objects.insert(object_id.as_str())),
                Write::Chat { .. } | Write::Conversation(_) | Write::ConversationLine { .. } => {}
            }
        }
    }
    view.accounts = read_accounts(conn, &accounts)?;
    view.hops = read_hops(conn, &agents)?;
    view.inboxes = read_inboxes(conn, &inboxes)?;
    view.items = read_items(conn, &holders)?;
    view.objects = read_objects(conn, &objects)?;
    Ok(view)
}

/// The account of a payee. None: no such agent.
pub(super) fn payee_account(payee: &Payee, ids: &HashMap<Handle, AgentId>) -> Option<Uuid> {
    match payee {
        Payee::Agent(handle) => ids.get(handle).map(|id| id.0),
        Payee::Market => Some(MARKET_ACCOUNT),
    }
}

fn handles_of(commit: &super::Commit) -> impl Iterator<Item = &Handle> {
    let named = commit.writes.iter().filter_map(|write| match write {
        Write::Transfer {
            to: Payee::Agent(handle),
            ..
        } => Some(handle),
        Write::Chat { recipient, .. } => recipient.as_ref(),
        _ => None,
    });
    named.chain(&commit.event.inbox)
}

fn chunks(ids: &BTreeSet<Uuid>) -> Vec<Vec<Id>> {
    let ids: Vec<Id> = ids.iter().copied().map(Id).collect();
    ids.chunks(KEYS_MAX).map(<[Id]>::to_vec).collect()
}

fn read_accounts(conn: &mut Conn, ids: &BTreeSet<Uuid>) -> QueryResult<BTreeMap<Uuid, Account>> {
    use schema::account::dsl as a;
    type Row = (Id, i16, i16, i64, i64, Option<Id>, bool, bool);
    let mut found = BTreeMap::new();
    let parts = if fault::is_mutant("accounts_locked_out_of_order") {
        ids.iter().rev().map(|id| vec![Id(*id)]).collect()
    } else {
        chunks(ids)
    };
    for part in parts {
        let columns = (
            a::id,
            a::kind,
            a::currency,
            a::balance,
            a::version,
            a::last_transfer,
            a::allow_negative,
            a::frozen,
        );
        let query = || {
            a::account
                .filter(a::id.eq_any(&part))
                .order(a::id)
                .select(columns)
        };
        let rows: Vec<Row> = load_for_update!(conn, query())?;
        found.extend(rows.into_iter().map(
            |(id, kind, currency, balance, version, last_transfer, allow_negative, frozen)| {
                (
                    id.0,
                    Account {
                        kind,
                        currency,
                        balance,
                        version,
                        read_version: version,
                        last_transfer: last_transfer.map(|id| id.0),
                        allow_negative,
                        frozen,
                    },
                )
            },
        ));
    }
    Ok(found)
}

fn read_hops(conn: &mut Conn, ids: &BTreeSet<Uuid>) -> QueryResult<BTreeMap<Uuid, i64>> {
    use schema::agents::dsl as a;
    let mut found = BTreeMap::new();
    for part in chunks(ids) {
        let query = || {
            a::agents
                .filter(a::id.eq_any(&part))
                .order(a::id)
                .select((a::id, a::hop))
        };
        let rows: Vec<(Id, i64)> = load_for_update!(conn, query())?;
        found.extend(rows.into_iter().map(|(id, hop)| (id.0, hop)));
    }
    Ok(found)
}

fn read_inboxes(conn: &mut Conn, ids: &BTreeSet<Uuid>) -> QueryResult<BTreeMap<Uuid, (String, i64, i64)>> {
    use schema::inbox_head::dsl as h;
    let mut found = BTreeMap::new();
    for part in chunks(ids) {
        let query = || h::inbox_head.filter(h::agent_id.eq_any(&part)).order(h::agent_id);
        let rows: Vec<(Id, String, i64, i64)> = load_for_update!(conn, query())?;
        found.extend(
            rows.into_iter()
                .map(|(id, epoch, top, floor)| (id.0, (epoch, top, floor))),
        );
    }
    Ok(found)
}

fn read_items(conn: &mut Conn, holders: &BTreeSet<Uuid>) -> QueryResult<BTreeMap<(Uuid, String), Stack>> {
    use schema::item::dsl as i;
    let mut found = BTreeMap::new();
    for part in chunks(holders) {
        let query = || {
            i::item.filter(i::holder_id.eq_any(&part)).order(i::id).select((
                i::id,
                i::holder_id,
                i::kind,
                i::quantity,
            ))
        };
        let rows: Vec<(Id, Id, String, i32)> = load_for_update!(conn, query())?;
        found.extend(rows.into_iter().map(|(id, holder, kind, quantity)| {
            (
                (holder.0, kind),
                Stack {
                    id: id.0,
                    quantity,
                    is_stored: true,
                },
            )
        }));
    }
    Ok(found)
}

fn read_objects(conn: &mut Conn, ids: &BTreeSet<&str>) -> QueryResult<BTreeMap<String, ObjectState>> {
    use schema::object::dsl as o;
    let ids: Vec<&str> = ids.iter().copied().collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let query = || {
        o::object
            .filter(o::id.eq_any(&ids))
            .order(o::id)
            .select((o::id, o::state, o::version))
    };
    let rows: Vec<(String, Doc, i64)> = load_for_update!(conn, query())?;
    Ok(rows
        .into_iter()
        .map(|(id, state, version)| {
            (
                id,
                ObjectState {
                    state: state.0,
                    version,
                },
            )
        })
        .collect())
}
