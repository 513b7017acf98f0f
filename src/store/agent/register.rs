//! Registration: an agent with its wallet, its grant and its inbox.

use super::{NewAgent, Registered};
use crate::base::time::Timestamp;
use crate::domain::ledger::{AccountKind, CREDIT, GENESIS_GRANT_MINOR, TransferCode};
use crate::store::commit::MINT_ACCOUNT;
use crate::store::connection::{Conn, load_for_update, on_conn};
use crate::store::error::Inconsistency;
use crate::store::schema::{self, agents};
use crate::store::sql_types::{Doc, Id};
use diesel::{ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl};
use serde_json::json;
use uuid::Uuid;

/// The first of these agents whose handle or name is taken, by index.
pub(super) fn find_taken(conn: &mut Conn, new: &[NewAgent]) -> QueryResult<Option<(usize, Registered)>> {
    let handles: Vec<&str> = new.iter().map(|agent| agent.handle.as_str()).collect();
    let names: Vec<&str> = new.iter().map(|agent| agent.name.skeleton()).collect();
    let query = || {
        agents::table
            .filter(agents::agent_id.eq_any(&handles))
            .select(agents::agent_id)
    };
    let taken_handles: Vec<String> = on_conn!(conn, |c| query().load(c))?;
    let query = || {
        agents::table
            .filter(agents::name_skeleton.eq_any(&names))
            .select(agents::name_skeleton)
    };
    let taken_names: Vec<String> = on_conn!(conn, |c| query().load(c))?;
    let find = |(index, agent): (usize, &NewAgent)| {
        if taken_handles.iter().any(|handle| handle == agent.handle.as_str()) {
            Some((index, Registered::HandleTaken))
        } else {
            let is_taken = taken_names.iter().any(|name| name == agent.name.skeleton());
            is_taken.then_some((index, Registered::NameTaken))
        }
    };
    Ok(new.iter().enumerate().find_map(find))
}

/// Registers agents, or says which one is taken. The mint's row is locked first, so registrations follow one another
/// and money is made in order.
pub(super) fn register(
    conn: &mut Conn,
    new: &[NewAgent],
    now: Timestamp,
) -> QueryResult<Option<(usize, Registered)>> {
    use schema::{account::dsl as a, inbox_head::dsl as h, transfer::dsl as t};
    let mint = Id(MINT_ACCOUNT);
    let query = || {
        a::account
            .filter(a::id.eq(mint))
            .select((a::balance, a::version, a::last_transfer))
    };
    let locked: Vec<(i64, i64, Option<Id>)> = load_for_update!(conn, query())?;
    let (mut balance, mut version, mut last) = locked
        .into_iter()
        .next()
        .ok_or_else(|| Inconsistency::sql("account", "id", MINT_ACCOUNT))?;
    if let Some(taken) = find_taken(conn, new)? {
        return Ok(Some(taken));
    }
    for agent in new {
        let wallet = Id(agent.id.0);
        insert_agent(conn, agent, now)?;
        let transfer = Id(Uuid::new_v5(&agent.id.0, b"genesis"));
        let row = (
            (
                a::id.eq(wallet),
                a::owner_id.eq(wallet),
                a::kind.eq(AccountKind::Wallet.number()),
                a::currency.eq(CREDIT),
            ),
            (
                a::balance.eq(GENESIS_GRANT_MINOR),
                a::version.eq(1_i64),
                a::last_transfer.eq(transfer),
                a::allow_negative.eq(false),
                a::frozen.eq(false),
            ),
            a::created_at.eq(now.0),
        );
        on_conn!(conn, |c| diesel::insert_into(a::account).values(row).execute(c))?;
        balance = balance.saturating_sub(GENESIS_GRANT_MINOR);
        version = version.saturating_add(1);
        let row = (
            (
                t::id.eq(transfer),
                t::agent_id.eq(wallet),
                t::command_id.eq("genesis"),
            ),
            (
                t::body_hash.eq([0_u8; 32].as_slice()),
                t::debit.eq(mint),
                t::credit.eq(wallet),
                t::amount.eq(GENESIS_GRANT_MINOR),
            ),
            (
                t::currency.eq(CREDIT),
                t::code.eq(TransferCode::Genesis.number()),
                t::debit_balance.eq(balance),
            ),
            (
                t::debit_version.eq(version),
                t::credit_balance.eq(GENESIS_GRANT_MINOR),
                t::credit_version.eq(1_i64),
                t::debit_previous.eq(last.replace(transfer)),
            ),
            (t::tick.eq(0_i64), t::created_at.eq(now.0)),
        );
        on_conn!(conn, |c| diesel::insert_into(t::transfer).values(row).execute(c))?;
        let row = (
            h::agent_id.eq(wallet),
            h::epoch.eq(&agent.inbox_epoch),
            h::top.eq(0_i64),
            h::floor.eq(0_i64),
        );
        on_conn!(conn, |c| diesel::insert_into(h::inbox_head)
            .values(row)
            .execute(c))?;
    }
    let pay = || {
        diesel::update(a::account.find(mint)).set((
            a::balance.eq(balance),
            a::version.eq(version),
            a::last_transfer.eq(last),
        ))
    };
    on_conn!(conn, |c| pay().execute(c))?;
    Ok(None)
}

fn insert_agent(conn: &mut Conn, agent: &NewAgent, now: Timestamp) -> QueryResult<()> {
    use agents::dsl as g;
    let row = || {
        (
            (
                g::id.eq(Id(agent.id.0)),
                g::agent_id.eq(agent.handle.as_str()),
                g::name.eq(agent.name.text()),
            ),
            (
                g::name_skeleton.eq(agent.name.skeleton()),
                g::owner_id.eq(&agent.owner_id),
                g::description.eq(&agent.description),
            ),
            (
                g::avatar.eq(Doc(agent.avatar.clone())),
                g::skills_map.eq(Doc(agent.skills_map.clone())),
            ),
            (
                g::permissions.eq(Doc(json!(agent.permissions.names()))),
                g::default_region.eq(&agent.default_region),
            ),
            (
                g::hop.eq(0_i64),
                g::is_in_world.eq(false),
                g::is_public.eq(true),
                g::accepts_prompts.eq(false),
            ),
            (
                g::inbox_epoch.eq(&agent.inbox_epoch),
                g::key_id.eq(&agent.key_id),
                g::key_hash.eq(&agent.key_hash),
            ),
            (
                g::total_online_seconds.eq(0_i64),
                g::message_count.eq(0_i64),
                g::action_count.eq(0_i64),
            ),
            (g::created_at.eq(now.0), g::updated_at.eq(now.0)),
        )
    };
    on_conn!(conn, |c| diesel::insert_into(g::agents).values(row()).execute(c))?;
    Ok(())
}
