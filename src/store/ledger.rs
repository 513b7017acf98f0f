//! Reading money: balances and statements.

use super::{Reader, Result};
use crate::base::id::AgentId;
use serde_json::Value;

impl Reader {
    /// An agent's balance in minor units. None: no such agent.
    pub fn balance(&mut self, agent: AgentId) -> Result<Option<i64>> {
        todo!("{agent}")
    }

    /// An agent's transfers, newest first:
    /// `{balance, currency, transfers: [{transfer_id, direction: "in"|"out", counterparty, amount, balance_after, code, note, created_at}], cursor?}`.
    /// None: no such agent, or the cursor is not one of ours.
    pub fn statement(&mut self, agent: AgentId, limit: i64, cursor: Option<&str>) -> Result<Option<Value>> {
        todo!("{agent}{limit}{cursor:?}")
    }
}
