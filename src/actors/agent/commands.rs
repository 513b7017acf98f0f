//! Durable commands under way: each is done once, whoever asks for it how often.

use crate::actors::mailbox::{Reply, answer};
use crate::actors::request::Receipt;
use crate::domain::refusal::{Code, Refusal};
use crate::store::commit::{CommandKey, StoredAnswer};
use std::collections::HashMap;

/// The durable commands of one agent that are under way.
#[derive(Default)]
pub struct Commands(HashMap<String, InFlight>);

/// A durable command under way, with those who asked for the same.
struct InFlight {
    body_hash: [u8; 32],
    waiters: Vec<Reply<Receipt>>,
}

impl Commands {
    /// Whether none is under way.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Somebody asks for a command. Whether it is to be done now, and concluded: another one under the same id is waited for,
    /// or refused as `command_mismatch` when it is about something else.
    pub fn begin(&mut self, command: &CommandKey, asker: Reply<Receipt>) -> bool {
        if let Some(first) = self.0.get_mut(&command.id) {
            if first.body_hash == command.body_hash {
                first.waiters.push(asker);
            } else {
                answer(asker, Err(mismatch()));
            }
            return false;
        }
        let first = InFlight {
            body_hash: command.body_hash,
            waiters: vec![asker],
        };
        self.0.insert(command.id.clone(), first);
        true
    }

    /// Everybody who asked for the command gets the answer; all but the first know that it is a repeat.
    pub fn conclude(&mut self, id: &str, outcome: Result<Receipt, Refusal>) {
        let Some(first) = self.0.remove(id) else {
            return;
        };
        let mut waiters = first.waiters.into_iter();
        let asker = waiters.next();
        for waiter in waiters {
            answer(
                waiter,
                outcome.clone().map(|receipt| Receipt {
                    replayed: true,
                    ..receipt
                }),
            );
        }
        if let Some(asker) = asker {
            answer(asker, outcome);
        }
    }

    /// Forgets all: those who wait are refused.
    pub fn refuse_all(&mut self, refusal: &Refusal) {
        for waiter in self.0.drain().flat_map(|(_, command)| command.waiters) {
            answer(waiter, Err(refusal.clone()));
        }
    }

    /// Forgets all: those who wait hear `unavailable`.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// Whether a command that was refused before the store saw it may have been done earlier: then the stored answer counts. Only
/// when a rule of the world refused, and not a part that is busy or away.
pub fn may_be_stored(refusal: &Refusal, has_own_id: bool) -> bool {
    let is_decided =
        !refusal.code.is_temporary() || matches!(refusal.code, Code::OnCooldown | Code::RegionFull);
    has_own_id && is_decided
}

fn mismatch() -> Refusal {
    Refusal::new(
        Code::CommandMismatch,
        "the command id was used with other parameters",
    )
}

/// The stored answer of a command. Errors: the stored refusal; `command_mismatch` when the bodies differ.
pub fn replay(stored: &StoredAnswer, id: String, body_hash: &[u8; 32]) -> Result<Receipt, Refusal> {
    if stored.body_hash != *body_hash {
        return Err(mismatch());
    }
    stored
        .outcome
        .clone()
        .map(|result| Receipt::replayed(stored, id, result))
}
