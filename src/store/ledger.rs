//! Reading money: balances and statements.

use super::bulk::{Bulk, Cell};
use super::connection::on_conn;
use super::schema::account::dsl as a;
use super::sql_types::{Id, Uid};
use super::{Reader, Result};
use crate::base::id::AgentId;
use diesel::sql_types::{BigInt, Nullable, SmallInt, Text};
use diesel::{OptionalExtension, QueryDsl, RunQueryDsl};
use serde_json::{Value, json};

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
        // Each transfer has a version of the account, so the version is the place in the statement.
        const HEAD: &str = "WITH q (me, before, most) AS (VALUES ";
        const TAIL: &str = "), mine AS (SELECT t.*, t.credit AS other, t.debit_balance AS after, t.debit_version AS version, 'out' AS direction \
             FROM q JOIN transfer t ON t.debit = q.me AND t.debit_version < q.before \
             UNION ALL SELECT t.*, t.debit, t.credit_balance, t.credit_version, 'in' \
             FROM q JOIN transfer t ON t.credit = q.me AND t.credit_version < q.before) \
             SELECT m.id, m.version, m.direction, g.agent_id, k.kind, m.amount, m.after, m.code, m.note, m.created_at FROM mine m \
             JOIN account k ON k.id = m.other LEFT JOIN agents g ON g.id = m.other \
             ORDER BY m.version DESC LIMIT (SELECT most FROM q)";
        type Sql = (
            Uid,
            BigInt,
            Text,
            Nullable<Text>,
            SmallInt,
            BigInt,
            BigInt,
            SmallInt,
            Nullable<Text>,
            BigInt,
        );
        type Row = (
            Id,
            i64,
            String,
            Option<String>,
            i16,
            i64,
            i64,
            i16,
            Option<String>,
            i64,
        );
        let Some(before) = cursor.map_or(Some(i64::MAX), |cursor| {
            cursor.parse().ok().filter(|version| *version > 0)
        }) else {
            return Ok(None);
        };
        let Some(balance) = self.balance(agent)? else {
            return Ok(None);
        };
        let asked = [vec![Cell::Id(Id(agent.0)), Cell::Big(before), Cell::Big(limit)]];
        let rows: Vec<Row> = self.read("read a statement", |conn| {
            on_conn!(conn, |c| Bulk::<Sql>::new(HEAD, &asked, TAIL).load(c))
        })?;
        let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
        let last = rows
            .last()
            .map(|row| row.1)
            .filter(|version| is_full && *version > 1);
        let transfers: Vec<Value> = rows.into_iter().map(|(id, _, direction, handle, kind, amount, after, code, note, at)| {
            let counterparty = handle.unwrap_or_else(|| account_name(kind).to_owned());
            json!({"transfer_id": id.0, "direction": direction, "counterparty": counterparty, "amount": amount,
                "balance_after": after, "code": code, "note": note, "created_at": at})
        }).collect();
        let mut answer = json!({"balance": balance, "currency": CURRENCY_NAME, "transfers": transfers});
        if let (Some(last), Some(fields)) = (last, answer.as_object_mut()) {
            fields.insert("cursor".to_owned(), json!(last.to_string()));
        }
        Ok(Some(answer))
    }
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
