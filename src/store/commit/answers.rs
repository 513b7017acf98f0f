//! The stored outcomes of commands.

use super::columns;
use super::read::Key;
use super::{CommandKey, StoredAnswer};
use crate::base::id::{AgentId, ShardId};
use crate::base::time::Tick;
use crate::domain::ledger::TransferCode;
use crate::domain::refusal::{Code, Refusal};
use crate::store::bulk::{Bulk, Cell};
use crate::store::connection::Conn;
use crate::store::error::Inconsistency;
use crate::store::parts::parts;
use crate::store::sql_types::{Doc, Id, Json, Uid};
use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
use diesel::{QueryResult, RunQueryDsl};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Rows in one keyed statement: two binds each.
const KEYS_MAX: usize = 5_000;

type CommandSql = (Uid, Text, Binary, Text, Text, Json, Integer, BigInt, Text, BigInt);
type CommandRow = (Id, String, Vec<u8>, String, String, Doc, i32, i64, String, i64);
type TransferSql = (
    Uid,
    Text,
    Binary,
    Uid,
    SmallInt,
    BigInt,
    Nullable<Integer>,
    Nullable<BigInt>,
    Nullable<Text>,
    BigInt,
);
type TransferRow = (
    Id,
    String,
    Vec<u8>,
    Id,
    i16,
    i64,
    Option<i32>,
    Option<i64>,
    Option<String>,
    i64,
);

/// The stored outcomes of commands, from `command` and, for payments, from `transfer`. One statement each.
pub(super) fn answers<'a>(
    conn: &mut Conn,
    keys: impl Iterator<Item = (AgentId, &'a CommandKey)>,
) -> QueryResult<HashMap<Key, StoredAnswer>> {
    let keys: Vec<(Id, &str)> = keys.map(|(agent, key)| (Id(agent.0), key.id.as_str())).collect();
    answers_by_key(conn, &keys)
}

/// The same by rows of (agent id, command id).
pub(super) fn answers_by_key(
    conn: &mut Conn,
    keys: &[(Id, &str)],
) -> QueryResult<HashMap<Key, StoredAnswer>> {
    // Pairs, not two lists: many clients count their commands 1, 2, 3, and a list of such ids would match them all.
    const HEAD: &str = "WITH k (a, c) AS (VALUES ";
    const HEAD_PG: &str = "WITH k (a, c) AS (SELECT * FROM unnest(";
    const TAIL_PG: &str = ")";
    const COMMANDS: &str = ") SELECT t.agent_id, t.command_id, t.body_hash, t.action, t.status, t.result, t.shard_id, t.seq, t.region, t.tick \
         FROM k JOIN command t ON t.agent_id = k.a AND t.command_id = k.c";
    const TRANSFERS: &str = ") SELECT t.agent_id, t.command_id, t.body_hash, t.id, t.code, t.debit_balance, t.shard_id, t.seq, s.region, t.tick \
         FROM k JOIN transfer t ON t.agent_id = k.a AND t.command_id = k.c LEFT JOIN shard s ON s.id = t.shard_id";
    let mut found = HashMap::new();
    let (mut transfers, mut commands): (Vec<TransferRow>, Vec<CommandRow>) = (Vec::new(), Vec::new());
    match conn {
        Conn::Sqlite(c) => {
            for part in parts(keys) {
                let cells: Vec<Vec<Cell<'_>>> = part
                    .iter()
                    .map(|(agent, id)| vec![Cell::Id(*agent), Cell::Text(id)])
                    .collect();
                transfers.append(&mut Bulk::<TransferSql>::new(HEAD, &cells, TRANSFERS).kept().load(c)?);
                commands.append(&mut Bulk::<CommandSql>::new(HEAD, &cells, COMMANDS).kept().load(c)?);
            }
        }
        Conn::Pg(c) => {
            for part in keys.chunks(KEYS_MAX) {
                transfers
                    .append(&mut columns::keys::<TransferSql>(HEAD_PG, part, (TAIL_PG, TRANSFERS)).load(c)?);
                commands
                    .append(&mut columns::keys::<CommandSql>(HEAD_PG, part, (TAIL_PG, COMMANDS)).load(c)?);
            }
        }
    }
    for row in transfers {
        found.insert((AgentId(row.0.0), row.1.clone()), answer_of_transfer(row)?);
    }
    // A command row is the whole answer, so it wins over the transfer of the same command.
    for row in commands {
        found.insert((AgentId(row.0.0), row.1.clone()), answer_of_command(row)?);
    }
    Ok(found)
}

fn answer_of_transfer(row: TransferRow) -> QueryResult<StoredAnswer> {
    let (_, command_id, hash, id, code, balance, shard, seq, region, tick) = row;
    let is_payment = code == TransferCode::Payment.number();
    Ok(StoredAnswer {
        action: if is_payment { "pay" } else { "use_object" }.to_owned(),
        outcome: Ok(json!({"transfer_id": id.0, "balance": balance})),
        shard: ShardId(shard.unwrap_or(0)),
        seq: seq.unwrap_or(0),
        region: region.unwrap_or_default(),
        tick: Tick(tick),
        body_hash: <[u8; 32]>::try_from(hash)
            .map_err(|_broken| Inconsistency::sql("transfer", "body_hash", &command_id))?,
    })
}

fn answer_of_command(row: CommandRow) -> QueryResult<StoredAnswer> {
    let (_, command_id, hash, action, status, result, shard, seq, region, tick) = row;
    let outcome = match status.as_str() {
        "committed" => Ok(result.0),
        "poison" => Err(Refusal::new(Code::Poison, "the command made its actor fail")),
        _ => Err(refusal_of(&result.0).ok_or_else(|| Inconsistency::sql("command", "result", &command_id))?),
    };
    Ok(StoredAnswer {
        action,
        outcome,
        shard: ShardId(shard),
        seq,
        region,
        tick: Tick(tick),
        body_hash: <[u8; 32]>::try_from(hash)
            .map_err(|_broken| Inconsistency::sql("command", "body_hash", &command_id))?,
    })
}

/// A refusal as it is stored.
pub(super) fn refusal_to_json(refusal: &Refusal) -> Value {
    json!({"code": refusal.code.name(), "detail": refusal.detail, "retry_after_ms": refusal.retry_after_ms})
}

fn refusal_of(stored: &Value) -> Option<Refusal> {
    let code = Code::from_name(stored.get("code")?.as_str()?)?;
    let mut refusal = Refusal::new(code, stored.get("detail")?.as_str()?.to_owned());
    refusal.retry_after_ms = stored.get("retry_after_ms").and_then(Value::as_i64);
    Some(refusal)
}
