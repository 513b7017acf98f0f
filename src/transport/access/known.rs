//! What is remembered of agents: until somebody changes one, so that an action costs no query.

use super::Access;
use crate::base::id::AgentId;
use crate::domain::agent::{Handle, Permissions};
use crate::domain::refusal::Refusal;
use dashmap::DashMap;
use std::sync::atomic::{AtomicI64, Ordering};

/// How long an agent that does nothing is remembered. Units: milliseconds.
const IDLE_MS: i64 = 60_000;
/// Most agents that are remembered; more are read each time.
const AGENTS_MAX: usize = 50_000;

/// What a credential needs to know of an agent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) id: AgentId,
    pub(super) permissions: Permissions,
}

struct Entry {
    known: Known,
    // The table was read when it had at least this version.
    version: i64,
    used_at_ms: AtomicI64,
}

/// The agents that acted lately.
///
/// Invariant: an entry counts only while the version that the store keeps of its agents is the one from before the row was read.
#[derive(Default)]
pub(super) struct Agents {
    entries: DashMap<Handle, Entry>,
    version: AtomicI64,
}

impl Agents {
    /// Takes in the version of the agents' table: with another one, nothing that is remembered counts.
    pub(super) fn apply(&self, version: i64) {
        self.version.store(version, Ordering::Release);
    }

    /// Drops who was idle for long, and what counts no more.
    pub(super) fn purge(&self, now_ms: i64) {
        let version = self.version();
        self.entries.retain(|_, entry| {
            let idle_ms = now_ms.saturating_sub(entry.used_at_ms.load(Ordering::Relaxed));
            entry.version == version && idle_ms < IDLE_MS
        });
    }

    fn version(&self) -> i64 {
        self.version.load(Ordering::Acquire)
    }

    fn get(&self, handle: &Handle, now_ms: i64) -> Option<Known> {
        let entry = self.entries.get(handle)?;
        if entry.version != self.version() {
            return None;
        }
        entry.used_at_ms.store(now_ms, Ordering::Relaxed);
        Some(entry.known)
    }

    fn put(&self, handle: &Handle, known: Known, version: i64, now_ms: i64) {
        if self.entries.len() < AGENTS_MAX || self.entries.contains_key(handle) {
            let entry = Entry {
                known,
                version,
                used_at_ms: AtomicI64::new(now_ms),
            };
            self.entries.insert(handle.clone(), entry);
        }
    }
}

impl Access {
    /// The version of the agents that is known: while it is the same, so is what an agent may. None: nobody knows.
    pub fn agents_version(&self) -> Option<i64> {
        (!self.is_stale()).then(|| self.agents.version())
    }

    /// What a credential needs to know of an agent: remembered, unless the table of agents has changed or nobody knows
    /// whether it has. None: there is no such agent.
    /// Errors: temporary ones.
    pub(super) async fn known(&self, handle: &Handle) -> Result<Option<Known>, Refusal> {
        let now_ms = self.clock.monotonic_ms();
        if !self.is_stale()
            && let Some(known) = self.agents.get(handle, now_ms)
        {
            return Ok(Some(known));
        }
        // Before the row is read: a change after that is a newer version.
        let version = self.agents.version();
        let row = self.agent(handle).await?;
        Ok(row.map(|row| {
            let known = Known {
                id: row.id,
                permissions: row.permissions,
            };
            self.agents.put(handle, known, version, now_ms);
            known
        }))
    }
}
