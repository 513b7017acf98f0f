//! Moves money and items between holders, over rows that the transaction has locked. Pure.

use super::Commit;
use super::decide::{Scratch, Staged, Transfer, no_target};
use super::read::{Stack, payee_account};
use crate::domain::ledger::{AccountKind, Amount, CREDIT, Payee, TransferCode};
use crate::domain::refusal::{Code, Refusal};
use uuid::Uuid;

/// Moves money between two accounts, both of which are locked. Refused in the order of the table.
pub(super) fn pay(
    staged: &Staged,
    scratch: &mut Scratch,
    commit: &Commit,
    to: &Payee,
    amount: Amount,
    code: TransferCode,
) -> Result<Transfer, Refusal> {
    let account = |scratch: &Scratch, id: Uuid| {
        scratch
            .accounts
            .get(&id)
            .or_else(|| staged.view.accounts.get(&id))
            .copied()
    };
    let (debit, credit) = (
        commit.agent.0,
        payee_account(to, &staged.view.ids).ok_or_else(no_target)?,
    );
    if debit == credit {
        return Err(Refusal::new(Code::SelfTarget, "an agent cannot pay itself"));
    }
    let mut payee = account(scratch, credit).ok_or_else(no_target)?;
    let mut payer =
        account(scratch, debit).ok_or_else(|| Refusal::new(Code::AgentNotFound, "no such agent"))?;
    if payer.kind != AccountKind::Wallet.number() || payer.currency != CREDIT || payee.currency != CREDIT {
        return Err(Refusal::internal());
    }
    if payer.frozen || payee.frozen {
        return Err(Refusal::new(Code::AccountFrozen, "the account is frozen"));
    }
    let minor = amount.minor();
    let poorer = payer
        .balance
        .checked_sub(minor)
        .filter(|balance| payer.allow_negative || *balance >= 0);
    payer.balance =
        poorer.ok_or_else(|| Refusal::new(Code::InsufficientFunds, "the balance is too small"))?;
    payee.balance = payee
        .balance
        .checked_add(minor)
        .ok_or_else(|| Refusal::invalid("the receiver cannot hold that much"))?;
    payer.version = payer.version.saturating_add(1);
    payee.version = payee.version.saturating_add(1);
    let (debit_previous, credit_previous) = (payer.last_transfer, payee.last_transfer);
    payer.last_transfer = Some(commit.event_id.0);
    payee.last_transfer = Some(commit.event_id.0);
    scratch.accounts.insert(debit, payer);
    scratch.accounts.insert(credit, payee);
    Ok(Transfer {
        commit: 0,
        seq: 0,
        debit,
        credit,
        amount: minor,
        code: code.number(),
        note: None,
        debit_balance: payer.balance,
        debit_version: payer.version,
        credit_balance: payee.balance,
        credit_version: payee.version,
        debit_previous,
        credit_previous,
    })
}

/// Takes items from the agent; gives their kind.
pub(super) fn take_items(
    staged: &Staged,
    scratch: &mut Scratch,
    commit: &Commit,
    item: &str,
    quantity: i32,
) -> Result<String, Refusal> {
    let mine = commit.agent.0;
    let by_id = || {
        let id = Uuid::parse_str(item).ok()?;
        let range = (mine, String::new())..;
        let mut stacks = staged
            .view
            .items
            .range(range)
            .take_while(|(key, _)| key.0 == mine);
        stacks
            .find(|(_, stack)| stack.id == id)
            .map(|(key, _)| key.1.clone())
    };
    let key = (mine, by_id().unwrap_or_else(|| item.to_owned()));
    let stack = scratch
        .items
        .get(&key)
        .or_else(|| staged.view.items.get(&key))
        .copied();
    let stack = stack.filter(|stack| quantity > 0 && stack.quantity >= quantity);
    let stack = stack.ok_or_else(|| Refusal::new(Code::NotOwner, "the agent does not hold as many"))?;
    let kind = key.1.clone();
    scratch.items.insert(
        key,
        Stack {
            quantity: stack.quantity.saturating_sub(quantity),
            ..stack
        },
    );
    Ok(kind)
}

pub(super) fn add_items(
    staged: &Staged,
    scratch: &mut Scratch,
    commit: &Commit,
    holder: Uuid,
    kind: &str,
    quantity: i32,
) -> Result<(), Refusal> {
    let key = (holder, kind.to_owned());
    let stack = scratch
        .items
        .get(&key)
        .or_else(|| staged.view.items.get(&key))
        .copied();
    // A holder's first item of a kind makes the stack; the id comes from the event, so that a retry makes the same.
    let stack = stack.unwrap_or_else(|| {
        let id = Uuid::new_v5(&commit.event_id.0, format!("item {holder} {kind}").as_bytes());
        Stack {
            id,
            quantity: 0,
            is_stored: false,
        }
    });
    let sum = stack.quantity.checked_add(quantity).filter(|_| quantity > 0);
    let quantity = sum.ok_or_else(|| Refusal::invalid("nobody can hold that many"))?;
    scratch.items.insert(key, Stack { quantity, ..stack });
    Ok(())
}
