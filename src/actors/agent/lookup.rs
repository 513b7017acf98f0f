//! Questions that only the database answers.

use super::AgentActor;
use super::act::answer_lookup;
use crate::actors::request::{Receipt, Request};
use crate::actors::watch::{self, Stage};
use crate::base::id::AgentId;
use crate::domain::agent::Handle;
use crate::domain::output::Output;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::scene::Lookup;
use crate::store::event::HeardQuery;
use crate::store::object::HeldItem;
use crate::store::{Reader, StoreError};
use serde_json::{Value, json};
use std::sync::Arc;

impl AgentActor {
    /// Asks the database beside the mailbox and answers when it did.
    pub(super) fn look_up(
        &mut self,
        lookup: Lookup,
        region: String,
        request: Request,
        stage: &mut Stage<Self>,
    ) {
        let Some(profile) = self.profile.clone() else {
            return;
        };
        let shard = self.place.as_ref().map(|place| place.shard);
        let receipt = Receipt {
            result: Output::default(),
            durability: request.command.durability,
            command_id: request.command.id,
            region: Some(region),
            shard,
            seq: None,
            tick: self.node.tick(),
            replayed: false,
        };
        let node = Arc::clone(&self.node);
        let (agent, handle) = (profile.id, profile.handle.clone());
        let work = async move {
            node.database
                .read(move |reader| find(reader, agent, &handle, lookup))
                .await
        };
        watch::then(stage, work, move |_, result, _| {
            answer_lookup(request.reply, receipt, result.and_then(|found| found))
        });
    }
}

/// Errors of the store; a refusal when a cursor is not one of ours.
fn find(
    reader: &mut Reader,
    agent: AgentId,
    handle: &Handle,
    lookup: Lookup,
) -> Result<Result<Value, Refusal>, StoreError> {
    let forged = || Refusal::new(Code::Malformed, "the cursor is not one of this server's");
    Ok(match lookup {
        Lookup::Balance => Ok(json!({"balance": reader.balance(agent)?, "currency": "credit"})),
        Lookup::Statement { limit, cursor } => reader
            .statement(agent, limit, cursor.as_deref())?
            .ok_or_else(forged),
        Lookup::Inventory => {
            let held = reader.inventory(agent)?;
            let entry = |held: &HeldItem| json!({"item_id": held.item_id, "item": held.item, "quantity": held.quantity});
            Ok(Value::Array(held.iter().map(entry).collect()))
        }
        Lookup::Heard {
            kinds,
            cursor,
            since,
            limit,
        } => {
            let query = HeardQuery {
                shards: &[],
                kinds: &kinds,
                cursor: cursor.as_deref(),
                since,
                limit,
            };
            let page = reader.heard(handle, &query)?;
            page.map(|page| json!({"events": page.events, "cursor": page.cursor}))
                .ok_or_else(forged)
        }
    })
}
