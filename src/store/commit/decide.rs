//! Decides a batch in memory, commit by commit, over rows that the transaction has locked. Pure.

use super::deltas::deltas_of;
use super::moves::{add_items, pay, take_items};
use super::read::{Account, Key, ObjectState, Stack, View};
use super::{Batch, Commit, InboxPosition, Outcome, StoredAnswer};
use crate::domain::agent::Handle;
use crate::domain::ledger::TransferCode;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::space::Vec3;
use crate::domain::write::Write;
use crate::store::sql_types::Doc;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// A transfer that will be written. `commit` is an index into the batch, here and below.
#[derive(Clone, Debug)]
pub(super) struct Transfer {
    pub commit: usize,
    pub seq: i64,
    pub debit: Uuid,
    pub credit: Uuid,
    pub amount: i64,
    pub code: i16,
    pub note: Option<String>,
    pub debit_balance: i64,
    pub debit_version: i64,
    pub credit_balance: i64,
    pub credit_version: i64,
    /// The transfers before this one of either account.
    pub debit_previous: Option<Uuid>,
    pub credit_previous: Option<Uuid>,
}

/// Where an agent will stand.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub region: String,
    pub shard: i32,
    pub at: Vec3,
    pub hop: i64,
    pub is_in_world: bool,
    pub carried: Option<String>,
}

/// A command's outcome that will be written.
#[derive(Clone, Debug)]
pub(super) struct CommandRow {
    pub commit: usize,
    pub seq: i64,
    pub is_refused: bool,
    pub result: Value,
}

/// All that the transaction writes, and what it answers.
#[derive(Debug, Default)]
pub(super) struct Staged {
    pub outcomes: Vec<Outcome>,
    /// (commit, seq)
    pub events: Vec<(usize, i64)>,
    pub transfers: Vec<Transfer>,
    /// (owner, offset, commit, seq)
    pub inbox: Vec<(Uuid, i64, usize, i64)>,
    pub commands: Vec<CommandRow>,
    /// (commit, index of the write, seq, recipient)
    pub chats: Vec<(usize, usize, i64, Option<Uuid>)>,
    pub view: View,
    pub touched_accounts: BTreeSet<Uuid>,
    pub touched_inboxes: BTreeSet<Uuid>,
    pub touched_items: BTreeSet<(Uuid, String)>,
    pub touched_objects: BTreeSet<String>,
    pub places: BTreeMap<Uuid, Place>,
    /// What events changed, by their numbers; none for those that changed nothing that replay knows.
    pub deltas: BTreeMap<i64, Doc>,
}

impl Staged {
    /// How many events get a number.
    pub(super) fn count(&self) -> i64 {
        i64::try_from(self.events.len()).unwrap_or(i64::MAX)
    }
}

/// What one commit changes, kept apart until all of it is possible.
#[derive(Default)]
pub(super) struct Scratch {
    pub accounts: BTreeMap<Uuid, Account>,
    pub items: BTreeMap<(Uuid, String), Stack>,
    pub objects: BTreeMap<String, ObjectState>,
    pub place: Option<Place>,
    pub transfer: Option<Transfer>,
    pub chats: Vec<(usize, Option<Uuid>)>,
}

/// Decides all commits. `last_seq` is the number of the shard's last event.
pub(super) fn decide(batch: &Batch, last_seq: i64, view: View) -> Staged {
    let mut staged = Staged {
        view,
        ..Staged::default()
    };
    let mut first_of: HashMap<Key, usize> = HashMap::new();
    for (index, commit) in batch.commits.iter().enumerate() {
        let known = commit.command.as_ref().and_then(|command| {
            let key = (commit.agent, command.id.clone());
            let answer = match staged.view.answers.get(&key) {
                Some(answer) => Some(answer.clone()),
                None => first_of
                    .get(&key)
                    .and_then(|first| answer_of(batch, &staged, *first)),
            };
            if answer.is_none() {
                first_of.insert(key, index);
            }
            answer.map(|answer| {
                if answer.body_hash == command.body_hash {
                    Outcome::Replayed(answer)
                } else {
                    mismatch()
                }
            })
        });
        let outcome = match known {
            Some(outcome) => outcome,
            None => decide_new(&mut staged, index, commit, last_seq),
        };
        staged.outcomes.push(outcome);
    }
    staged
}

fn mismatch() -> Outcome {
    Outcome::Refused(Refusal::new(
        Code::CommandMismatch,
        "the command id was used with other parameters",
    ))
}

/// The outcome of an earlier commit of this batch, as a repeat of its command sees it.
fn answer_of(batch: &Batch, staged: &Staged, first: usize) -> Option<StoredAnswer> {
    let commit = batch.commits.get(first)?;
    let command = commit.command.as_ref()?;
    let (outcome, seq) = match staged.outcomes.get(first)? {
        Outcome::Committed { seq, result, .. } => (Ok(result.clone()), *seq),
        Outcome::Refused(refusal) => (Err(refusal.clone()), 0),
        Outcome::Replayed(answer) => return Some(answer.clone()),
    };
    Some(StoredAnswer {
        action: command.action.to_owned(),
        outcome,
        shard: batch.lease.shard,
        seq,
        region: commit.region.clone(),
        tick: commit.tick,
        body_hash: command.body_hash,
    })
}

fn decide_new(staged: &mut Staged, index: usize, commit: &Commit, last_seq: i64) -> Outcome {
    let seq = last_seq.saturating_add(staged.count()).saturating_add(1);
    let mut result = commit.result.clone();
    let scratch = match try_writes(staged, index, commit, seq, &mut result) {
        Ok(scratch) => scratch,
        Err(refusal) => {
            // A temporary refusal may be another answer next time, so it is not kept.
            if commit.command.is_some() && !refusal.code.is_temporary() {
                let result = super::answers::refusal_to_json(&refusal);
                staged.commands.push(CommandRow {
                    commit: index,
                    seq: 0,
                    is_refused: true,
                    result,
                });
            }
            return Outcome::Refused(refusal);
        }
    };
    if let Some(deltas) = deltas_of(commit, &scratch) {
        staged.deltas.insert(seq, deltas);
    }
    apply(staged, index, commit, seq, scratch);
    if commit.command.is_some() && !is_told_by_transfer(commit) {
        staged.commands.push(CommandRow {
            commit: index,
            seq,
            is_refused: false,
            result: result.clone(),
        });
    }
    let inbox = to_inboxes(staged, index, seq, &commit.event.inbox);
    staged.events.push((index, seq));
    Outcome::Committed { seq, result, inbox }
}

/// Whether the transfer's row is the whole answer, so that no row in `command` is needed.
fn is_told_by_transfer(commit: &Commit) -> bool {
    let is_pay = commit
        .command
        .as_ref()
        .is_some_and(|command| command.action == "pay");
    let says_nothing =
        commit.result.is_null() || commit.result.as_object().is_some_and(serde_json::Map::is_empty);
    is_pay
        && says_nothing
        && matches!(
            commit.writes.as_slice(),
            [Write::Transfer {
                code: TransferCode::Payment,
                ..
            }]
        )
}

fn try_writes(
    staged: &Staged,
    index: usize,
    commit: &Commit,
    seq: i64,
    result: &mut Value,
) -> Result<Scratch, Refusal> {
    let mut scratch = Scratch::default();
    for (number, write) in commit.writes.iter().enumerate() {
        match write {
            Write::Transfer {
                to,
                amount,
                code,
                note,
            } => {
                if scratch.transfer.is_some() {
                    return Err(Refusal::internal());
                }
                let transfer = pay(staged, &mut scratch, commit, to, *amount, *code)?;
                let transfer = Transfer {
                    commit: index,
                    seq,
                    note: note.clone(),
                    ..transfer
                };
                // A transfer is made by one event, so it takes its id.
                merge(
                    result,
                    json!({"transfer_id": commit.event_id.0, "balance": transfer.debit_balance}),
                );
                scratch.transfer = Some(transfer);
            }
            Write::Chat { recipient, .. } => {
                let id = recipient
                    .as_ref()
                    .map(|handle| staged.view.ids.get(handle).ok_or_else(no_target))
                    .transpose()?;
                scratch.chats.push((number, id.map(|id| id.0)));
            }
            Write::Relocate {
                region,
                shard,
                at,
                hop,
                is_in_world,
                carried,
            } => {
                let now_at = scratch.place.as_ref().map(|place| place.hop);
                let expected = now_at.or_else(|| staged.places.get(&commit.agent.0).map(|place| place.hop));
                let expected = expected.or_else(|| staged.view.hops.get(&commit.agent.0).copied());
                if expected != Some(*hop) {
                    return Err(Refusal::new(Code::Moving, "the agent is on the move").retry_after(250));
                }
                let at = at.rounded();
                merge(
                    result,
                    json!({"location": {"x": at.x, "y": at.y, "z": at.z, "region": region}}),
                );
                let place = Place {
                    region: region.clone(),
                    shard: shard.0,
                    at,
                    hop: hop.saturating_add(1),
                    is_in_world: *is_in_world,
                    carried: carried.clone(),
                };
                scratch.place = Some(place);
            }
            Write::UseObject { object_id, change } => {
                let object = scratch
                    .objects
                    .get(object_id)
                    .or_else(|| staged.view.objects.get(object_id));
                let object = object.ok_or_else(|| Refusal::new(Code::ObjectNotFound, "no such object"))?;
                let next = ObjectState {
                    state: change.apply(&object.state),
                    version: object.version.saturating_add(1),
                };
                scratch.objects.insert(object_id.clone(), next);
            }
            Write::GrantItem { item, quantity } => {
                add_items(
                    staged,
                    &mut scratch,
                    commit,
                    commit.agent.0,
                    item.name(),
                    *quantity,
                )?;
            }
            Write::GiveItem { item, to, quantity } => {
                let kind = take_items(staged, &mut scratch, commit, item, *quantity)?;
                add_items(staged, &mut scratch, commit, to.0, &kind, *quantity)?;
            }
            Write::Conversation(_) | Write::ConversationLine { .. } => {}
        }
    }
    Ok(scratch)
}

pub(super) fn no_target() -> Refusal {
    Refusal::new(Code::TargetNotFound, "no such agent")
}

fn merge(result: &mut Value, more: Value) {
    if result.is_null() {
        *result = json!({});
    }
    if let (Value::Object(fields), Value::Object(more)) = (result, more) {
        fields.extend(more);
    }
}

fn apply(staged: &mut Staged, index: usize, commit: &Commit, seq: i64, scratch: Scratch) {
    staged.touched_accounts.extend(scratch.accounts.keys());
    staged.view.accounts.extend(scratch.accounts);
    staged.touched_items.extend(scratch.items.keys().cloned());
    staged.view.items.extend(scratch.items);
    staged.touched_objects.extend(scratch.objects.keys().cloned());
    staged.view.objects.extend(scratch.objects);
    staged.transfers.extend(scratch.transfer);
    staged.chats.extend(
        scratch
            .chats
            .into_iter()
            .map(|(number, recipient)| (index, number, seq, recipient)),
    );
    if let Some(place) = scratch.place {
        staged.places.insert(commit.agent.0, place);
    }
}

fn to_inboxes(staged: &mut Staged, index: usize, seq: i64, owners: &[Handle]) -> Vec<InboxPosition> {
    let mut positions: Vec<InboxPosition> = Vec::with_capacity(owners.len());
    for owner in owners {
        let Some(agent) = staged.view.ids.get(owner).copied() else {
            continue;
        };
        if positions.iter().any(|position| position.agent == agent) {
            continue;
        }
        let Some((_, top, _)) = staged.view.inboxes.get_mut(&agent.0) else {
            continue;
        };
        *top = top.saturating_add(1);
        staged.inbox.push((agent.0, *top, index, seq));
        staged.touched_inboxes.insert(agent.0);
        positions.push(InboxPosition {
            owner: owner.clone(),
            agent,
            offset: *top,
        });
    }
    positions
}
