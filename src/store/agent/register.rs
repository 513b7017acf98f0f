//! Registration: an agent with its wallet, its grant and its inbox.

use super::{NewAgent, Registered};
use crate::base::time::Timestamp;
use crate::domain::ledger::{AccountKind, CREDIT, GENESIS_GRANT_MINOR, TransferCode};
use crate::store::commit::MINT_ACCOUNT;
use crate::store::connection::{Conn, load_for_update, on_conn};
use crate::store::error::{Inconsistency, lost_update};
use crate::store::login::{HandleKind, take_handle};
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
    let mut taken_handles: Vec<String> = on_conn!(conn, |c| query().load(c))?;
    let query = || {
        agents::table
            .filter(agents::name_skeleton.eq_any(&names))
            .select(agents::name_skeleton)
    };
    let taken_names: Vec<String> = on_conn!(conn, |c| query().load(c))?;
    let query = || {
        schema::handle::table
            .filter(schema::handle::name.eq_any(&handles))
            .select(schema::handle::name)
    };
    let of_others: Vec<String> = on_conn!(conn, |c| query().load(c))?;
    taken_handles.extend(of_others);
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
    let read = lock_mint(conn)?;
    if let Some(taken) = find_taken(conn, new)? {
        return Ok(Some(taken));
    }
    let mut mint = read;
    for agent in new {
        // Before the agent is there: `take_handle` looks for agents, too.
        if !take_handle(conn, agent.handle.as_str(), HandleKind::Agent, now)? {
            return Err(lost_update("handle"));
        }
        insert_agent(conn, agent, now)?;
        mint = grant(conn, agent, mint, now)?;
        insert_inbox(conn, agent)?;
    }
    settle_mint(conn, read, mint)?;
    Ok(None)
}

/// The account that every grant comes from.
#[derive(Clone, Copy)]
struct Mint {
    balance: i64,
    version: i64,
    last_transfer: Option<Id>,
}

/// Reads the mint's account and locks it until the end of the transaction.
fn lock_mint(conn: &mut Conn) -> QueryResult<Mint> {
    use schema::account::dsl as a;
    let query = || {
        a::account
            .filter(a::id.eq(Id(MINT_ACCOUNT)))
            .select((a::balance, a::version, a::last_transfer))
    };
    let locked: Vec<(i64, i64, Option<Id>)> = load_for_update!(conn, query())?;
    let (balance, version, last_transfer) = locked
        .into_iter()
        .next()
        .ok_or_else(|| Inconsistency::sql("account", "id", MINT_ACCOUNT))?;
    Ok(Mint {
        balance,
        version,
        last_transfer,
    })
}

/// Writes the mint's account as the grants leave it, from the version that was read.
fn settle_mint(conn: &mut Conn, read: Mint, left: Mint) -> QueryResult<()> {
    use schema::account::dsl as a;
    let pay = || {
        let row = a::account
            .find(Id(MINT_ACCOUNT))
            .filter(a::version.eq(read.version));
        diesel::update(row).set((
            a::balance.eq(left.balance),
            a::version.eq(left.version),
            a::last_transfer.eq(left.last_transfer),
        ))
    };
    match on_conn!(conn, |c| pay().execute(c))? {
        1 => Ok(()),
        _ => Err(lost_update("account")),
    }
}

/// Opens an agent's wallet with the grant in it. Gives the mint after it.
fn grant(conn: &mut Conn, agent: &NewAgent, mint: Mint, now: Timestamp) -> QueryResult<Mint> {
    use schema::{account::dsl as a, transfer::dsl as t};
    let wallet = Id(agent.id.0);
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
    let after = Mint {
        balance: mint.balance.saturating_sub(GENESIS_GRANT_MINOR),
        version: mint.version.saturating_add(1),
        last_transfer: Some(transfer),
    };
    let row = (
        (
            t::id.eq(transfer),
            t::agent_id.eq(wallet),
            t::command_id.eq("genesis"),
        ),
        (
            t::body_hash.eq([0_u8; 32].as_slice()),
            t::debit.eq(Id(MINT_ACCOUNT)),
            t::credit.eq(wallet),
            t::amount.eq(GENESIS_GRANT_MINOR),
        ),
        (
            t::currency.eq(CREDIT),
            t::code.eq(TransferCode::Genesis.number()),
            t::debit_balance.eq(after.balance),
        ),
        (
            t::debit_version.eq(after.version),
            t::credit_balance.eq(GENESIS_GRANT_MINOR),
            t::credit_version.eq(1_i64),
            t::debit_previous.eq(mint.last_transfer),
        ),
        (t::tick.eq(0_i64), t::created_at.eq(now.0)),
    );
    on_conn!(conn, |c| diesel::insert_into(t::transfer).values(row).execute(c))?;
    Ok(after)
}

fn insert_inbox(conn: &mut Conn, agent: &NewAgent) -> QueryResult<()> {
    use schema::inbox_head::dsl as h;
    let row = (
        h::agent_id.eq(Id(agent.id.0)),
        h::epoch.eq(&agent.inbox_epoch),
        h::top.eq(0_i64),
        h::floor.eq(0_i64),
    );
    on_conn!(conn, |c| diesel::insert_into(h::inbox_head)
        .values(row)
        .execute(c))?;
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::error::{Class, class_of};
    use crate::store::test_database::on_both;
    use crate::store::tests::world::Stage;

    #[test]
    fn the_mint_changes_only_from_the_version_that_was_read() {
        on_both(|target| {
            let mut stage = Stage::new(target, &["alice"]);
            let (conn, _) = stage.store.parts().unwrap();
            conn.begin().unwrap();
            let read = lock_mint(conn).unwrap();
            let stale = Mint {
                version: read.version - 1,
                ..read
            };
            let error = settle_mint(conn, stale, read).unwrap_err();
            assert_eq!(class_of(&error), Class::Retry);
            settle_mint(conn, read, read).unwrap();
            assert!(conn.rollback());
        });
    }
}
