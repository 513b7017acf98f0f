//! Asking for the outcome of a command, and quarantining one.

use super::{CommandKey, StoredAnswer};
use crate::base::id::AgentId;
use crate::base::time::Timestamp;
use crate::store::connection::on_conn;
use crate::store::error::Inconsistency;
use crate::store::schema::command;
use crate::store::sql_types::{Doc, Id};
use crate::store::{Reader, Result, Store};
use diesel::dsl::sql;
use diesel::sql_types::Bool;
use diesel::{ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl};

/// A command that is quarantined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poison {
    /// Whose command.
    pub agent: AgentId,
    /// Its id.
    pub command_id: String,
    /// SHA-256 of what it says.
    pub body_hash: [u8; 32],
}

impl Store {
    /// Stores that a command made its actor fail: later tries are refused with `poison`. An outcome that is there stays.
    pub fn quarantine_command(&mut self, agent: AgentId, key: &CommandKey, now: Timestamp) -> Result<()> {
        self.write("quarantine a command", |conn| {
            let values = (
                command::agent_id.eq(Id(agent.0)),
                command::command_id.eq(&key.id),
                command::body_hash.eq(key.body_hash.as_slice()),
                command::action.eq(key.action),
                command::status.eq("poison"),
                command::result.eq(Doc(serde_json::json!({}))),
                command::shard_id.eq(0),
                command::seq.eq(0_i64),
                command::region.eq(""),
                command::tick.eq(0_i64),
                command::created_at.eq(now.0),
            );
            on_conn!(conn, |c| diesel::insert_into(command::table)
                .values(values.clone())
                .on_conflict_do_nothing()
                .execute(c))?;
            Ok(())
        })
    }
}

impl Reader {
    /// The stored outcome of a command, also of one that was paid for long ago.
    pub fn find_command(&mut self, agent: AgentId, id: &str) -> Result<Option<StoredAnswer>> {
        let keys = [(Id(agent.0), id)];
        let found = self.read("find a command", |conn| {
            super::answers::answers_by_key(conn, &keys)
        })?;
        Ok(found.into_values().next())
    }

    /// The commands that were quarantined last, at most `limit`.
    pub fn poisoned_commands(&mut self, limit: usize) -> Result<Vec<Poison>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read("list quarantined commands", |conn| {
            let rows: Vec<(Id, String, Vec<u8>)> = on_conn!(conn, |c| command::table
                .select((command::agent_id, command::command_id, command::body_hash))
                // A literal, as in the index: with a bound value the index could not be used.
                .filter(sql::<Bool>("status = 'poison'"))
                .order(command::created_at.desc())
                .limit(limit)
                .load(c))?;
            rows.into_iter().map(poison_of).collect()
        })
    }
}

fn poison_of((agent, command_id, body_hash): (Id, String, Vec<u8>)) -> QueryResult<Poison> {
    let body_hash = <[u8; 32]>::try_from(body_hash)
        .map_err(|_broken| Inconsistency::sql("command", "body_hash", &command_id))?;
    Ok(Poison {
        agent: AgentId(agent.0),
        command_id,
        body_hash,
    })
}
