//! Reading money: balances and statements.

use super::bulk::{Bulk, Cell};
use super::connection::on_conn;
use super::schema::account::dsl as a;
use super::sql_types::{Id, Uid};
use super::{Reader, Result};
use crate::base::id::AgentId;
use diesel::sql_types::{BigInt, Bool, Nullable, SmallInt, Text};
use diesel::{OptionalExtension, QueryDsl, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

impl Reader {
    /// An agent's balance in minor units. None: no such agent.
    pub fn balance(&mut self, agent: AgentId) -> Result<Option<i64>> {
        self.read("read a balance", |conn| {
            let query = || a::account.find(Id(agent.0)).select(a::balance);
            on_conn!(conn, |c| query().first(c).optional())
        })
    }

    /// An agent's transfers, newest first:
    /// `{balance, currency, transfers: [{transfer_id, direction: "in"|"out", counterparty, amount, balance_after, code, note, created_at}], cursor?}`.
    /// None: no such agent, or the cursor is not one of ours.
    pub fn statement(&mut self, agent: AgentId, limit: i64, cursor: Option<&str>) -> Result<Option<Value>> {
        let Ok(next) = cursor.map(Uuid::parse_str).transpose() else {
            return Ok(None);
        };
        let Some((balance, last)) = self.wallet(agent)? else {
            return Ok(None);
        };
        let entries = self.entries(agent, next.map(Id).or(last), limit)?;
        if next.is_some() && entries.is_empty() {
            return Ok(None);
        }
        // Where the next page begins.
        let next = entries.last().and_then(|entry| entry.9);
        let transfers: Vec<Value> = entries.into_iter().map(told).collect();
        let mut answer = json!({"balance": balance, "currency": CURRENCY_NAME, "transfers": transfers});
        if let (Some(next), Some(fields)) = (next, answer.as_object_mut()) {
            fields.insert("cursor".to_owned(), json!(next.0));
        }
        Ok(Some(answer))
    }

    /// An agent's balance and its last transfer.
    fn wallet(&mut self, agent: AgentId) -> Result<Option<(i64, Option<Id>)>> {
        self.read("read a balance", |conn| {
            let query = || {
                a::account
                    .find(Id(agent.0))
                    .select((a::balance, a::last_transfer))
            };
            on_conn!(conn, |c| query().first(c).optional())
        })
    }

    /// An agent's transfers from one of them on, newest first. Nothing, when that one is not the agent's.
    fn entries(&mut self, agent: AgentId, first: Option<Id>, limit: i64) -> Result<Vec<Entry>> {
        let asked = [vec![
            Cell::Id(Id(agent.0)),
            Cell::NullableId(first),
            Cell::Big(limit),
        ]];
        self.read("read a statement", |conn| {
            on_conn!(conn, |c| Bulk::<EntrySql>::new(ENTRIES.0, &asked, ENTRIES.1)
                .load(c))
        })
    }
}

// From transfer to transfer of this account: migration 0005.
const ENTRIES: (&str, &str) = (
    "WITH RECURSIVE q (me, first, most) AS (VALUES ",
    "), told AS (SELECT 1 AS number, t.* FROM q JOIN transfer t ON t.id = q.first AND q.me IN (t.debit, t.credit) \
     UNION ALL SELECT p.number + 1, t.* FROM told p JOIN q ON p.number < q.most \
     JOIN transfer t ON t.id = CASE WHEN p.debit = q.me THEN p.debit_previous ELSE p.credit_previous END) \
     SELECT t.id, t.debit = q.me, g.agent_id, k.kind, t.amount, CASE WHEN t.debit = q.me THEN t.debit_balance ELSE t.credit_balance END, \
     t.code, t.note, t.created_at, CASE WHEN t.debit = q.me THEN t.debit_previous ELSE t.credit_previous END \
     FROM q CROSS JOIN told t JOIN account k ON k.id = CASE WHEN t.debit = q.me THEN t.credit ELSE t.debit END \
     LEFT JOIN agents g ON g.id = k.id ORDER BY t.number",
);
/// The columns of `ENTRIES`.
type EntrySql = (
    Uid,
    Bool,
    Nullable<Text>,
    SmallInt,
    BigInt,
    BigInt,
    SmallInt,
    Nullable<Text>,
    BigInt,
    Nullable<Uid>,
);
/// A transfer, seen from one of its accounts: id, whether it went out, the other's handle and kind of account, amount, balance
/// after it, code, note, when, and the transfer before it.
type Entry = (
    Id,
    bool,
    Option<String>,
    i16,
    i64,
    i64,
    i16,
    Option<String>,
    i64,
    Option<Id>,
);

/// A transfer as a statement tells it.
fn told((id, is_out, handle, kind, amount, after, code, note, at, _): Entry) -> Value {
    let counterparty = handle.unwrap_or_else(|| account_name(kind).to_owned());
    let direction = if is_out { "out" } else { "in" };
    json!({"transfer_id": id.0, "direction": direction, "counterparty": counterparty, "amount": amount,
        "balance_after": after, "code": code, "note": note, "created_at": at})
}

/// The name of the one currency so far.
pub const CURRENCY_NAME: &str = "credit";

/// What a system account is called in a statement.
fn account_name(kind: i16) -> &'static str {
    match kind {
        2200 => "market",
        9000 => "mint",
        _ => "system",
    }
}
