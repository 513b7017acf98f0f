//! Quarantine: a command that makes its actor fail three times is refused from then on, also after a restart.
//!
//! While the node runs, what counts is whose command it is and what it says, whatever its id: the next failure would be the
//! same. The store keeps the id under which it failed last. After a restart that id is refused still; the same words under a
//! new id are tried again, for the fault may be mended by then. Failures before the third are counted by one process.

use super::node::Node;
use crate::base::id::AgentId;
use crate::base::limit::{POISON_PANICS_MAX, POISON_REMEMBERED_MAX};
use crate::store::commit::{CommandKey, Poison};
use crate::telemetry::metric;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How long the store is left alone when it could not take a quarantined command.
const RETRY: Duration = Duration::from_secs(1);

/// A command by whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Culprit {
    /// Whose command.
    pub agent: AgentId,
    /// Its id and what it says.
    pub command: CommandKey,
}

/// How often each command made an actor fail. One a node.
#[derive(Debug, Default)]
pub struct Quarantine {
    panics: Mutex<Panics>,
    /// Whether any command ever failed: mostly none did, and every command is looked up.
    has_any: AtomicBool,
    is_unsaved: Notify,
}

/// Whose command, and the hash of what it says.
type Body = (AgentId, [u8; 32]);

#[derive(Debug, Default)]
struct Panics {
    counts: HashMap<Body, u32>,
    /// The keys of `counts`, oldest first.
    order: VecDeque<Body>,
    /// Quarantined before this start: the hash by command id.
    earlier: HashMap<AgentId, HashMap<String, [u8; 32]>>,
    /// Quarantined, and not in the store yet.
    unsaved: VecDeque<Culprit>,
}

impl Quarantine {
    /// Remembers what the store kept.
    pub fn remember(&self, stored: Vec<Poison>) {
        self.has_any.fetch_or(!stored.is_empty(), Ordering::Release);
        let mut panics = self.locked();
        for poison in stored {
            let commands = panics.earlier.entry(poison.agent).or_default();
            commands.insert(poison.command_id, poison.body_hash);
        }
    }

    /// Counts a failure. The third is for the store, by way of [`save`].
    pub fn note_panic(&self, culprit: Culprit) {
        self.has_any.store(true, Ordering::Release);
        let mut panics = self.locked();
        if panics.count(&culprit) != POISON_PANICS_MAX {
            return;
        }
        metric::quarantined().increment(1);
        tracing::warn!(agent.id = %culprit.agent, "a command of agent {} is quarantined", culprit.agent);
        panics.keep(culprit);
        drop(panics);
        self.is_unsaved.notify_one();
    }

    /// Whether an agent's command is quarantined.
    pub fn is_poison(&self, agent: AgentId, command: &CommandKey) -> bool {
        if !self.has_any.load(Ordering::Acquire) {
            return false;
        }
        let panics = self.locked();
        let count = panics.counts.get(&(agent, command.body_hash));
        let earlier = panics
            .earlier
            .get(&agent)
            .and_then(|commands| commands.get(&command.id));
        count.is_some_and(|count| *count >= POISON_PANICS_MAX) || earlier == Some(&command.body_hash)
    }

    fn locked(&self) -> MutexGuard<'_, Panics> {
        self.panics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Panics {
    /// Counts a failure and gives how many there were. The oldest body is forgotten when there are too many.
    fn count(&mut self, culprit: &Culprit) -> u32 {
        let body = (culprit.agent, culprit.command.body_hash);
        if !self.counts.contains_key(&body) {
            self.order.push_back(body);
            if self.order.len() > POISON_REMEMBERED_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.counts.remove(&oldest);
            }
        }
        let count = self.counts.entry(body).or_insert(0);
        *count = count.saturating_add(1);
        *count
    }

    /// Queues a culprit for the store.
    fn keep(&mut self, culprit: Culprit) {
        if self.unsaved.len() < POISON_REMEMBERED_MAX {
            self.unsaved.push_back(culprit);
        } else {
            tracing::error!(agent.id = %culprit.agent, "too many quarantined commands wait for the store: one is not kept");
        }
    }
}

/// Writes quarantined commands to the store as they come, as often as it takes. Runs as long as the node.
pub async fn keep_saved(node: Arc<Node>) {
    loop {
        node.quarantine.is_unsaved.notified().await;
        while !save(&node).await {
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// Writes the quarantined commands that are not in the store yet. Gives whether the store took all of them; what it did not
/// take is kept for the next time.
pub async fn save(node: &Node) -> bool {
    loop {
        let Some(culprit) = node.quarantine.locked().unsaved.pop_front() else {
            return true;
        };
        let (agent, command, now) = (culprit.agent, culprit.command.clone(), node.now());
        let written = node
            .database
            .write(move |store| store.quarantine_command(agent, &command, now))
            .await;
        if written.is_err() {
            // To the back: one that the store never takes must not hold up the others.
            node.quarantine.locked().keep(culprit);
            return false;
        }
    }
}

#[cfg(test)]
mod tests;
