//! The keys by which agents log in.

use super::handle_of;
use crate::base::id::AgentId;
use crate::domain::agent::Handle;
use crate::store::connection::on_conn;
use crate::store::schema::agents;
use crate::store::sql_types::Id;
use crate::store::{Reader, Result, Store};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

impl Store {
    /// Sets the hash of an agent's key, for example with new parameters.
    pub fn set_key_hash(&mut self, agent: AgentId, phc: &str) -> Result<()> {
        self.write("set a key", |conn| {
            on_conn!(conn, |c| diesel::update(agents::table.find(Id(agent.0)))
                .set(agents::key_hash.eq(phc))
                .execute(c))?;
            Ok(())
        })
    }
}

impl Reader {
    /// The owner of a key, and its PHC string.
    pub fn key(&mut self, key_id: &str) -> Result<Option<(AgentId, Handle, String)>> {
        self.read("find a key", |conn| {
            let query = || {
                agents::table.filter(agents::key_id.eq(key_id)).select((
                    agents::id,
                    agents::agent_id,
                    agents::key_hash,
                ))
            };
            let row: Option<(Id, String, Option<String>)> = on_conn!(conn, |c| query().first(c).optional())?;
            let Some((id, handle, Some(hash))) = row else {
                return Ok(None);
            };
            Ok(Some((AgentId(id.0), handle_of(&handle)?, hash)))
        })
    }

    /// The id and PHC string of an agent that has a key.
    pub fn key_of(&mut self, handle: &Handle) -> Result<Option<(AgentId, String)>> {
        self.read("find a key", |conn| {
            let query = || {
                agents::table
                    .filter(agents::agent_id.eq(handle.as_str()))
                    .select((agents::id, agents::key_hash))
            };
            let row: Option<(Id, Option<String>)> = on_conn!(conn, |c| query().first(c).optional())?;
            Ok(row.and_then(|(id, hash)| Some((AgentId(id.0), hash?))))
        })
    }
}
