//! Quarantine: a command that makes its actor fail three times is refused from then on.

use crate::base::id::AgentId;
use crate::base::limit::POISON_PANICS_MAX;
use crate::telemetry::metric;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// A command by whose it is and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Culprit {
    /// Whose command.
    pub agent: AgentId,
    /// SHA-256 of the action's name and parameters.
    pub body_hash: [u8; 32],
}

/// Most culprits remembered; the oldest goes first.
const CULPRITS_MAX: usize = 10_000;

/// How often each command made an actor fail. One a node.
#[derive(Debug, Default)]
pub struct Quarantine(Mutex<Panics>);

#[derive(Debug, Default)]
struct Panics {
    counts: HashMap<Culprit, u32>,
    order: VecDeque<Culprit>,
}

impl Quarantine {
    /// Counts a failure.
    pub fn note_panic(&self, culprit: Culprit) {
        let mut panics = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !panics.counts.contains_key(&culprit) {
            panics.order.push_back(culprit);
            if panics.order.len() > CULPRITS_MAX
                && let Some(oldest) = panics.order.pop_front()
            {
                panics.counts.remove(&oldest);
            }
        }
        let count = panics.counts.entry(culprit).or_insert(0);
        *count = count.saturating_add(1);
        if *count == POISON_PANICS_MAX {
            metric::quarantined().increment(1);
            tracing::warn!(agent.id = %culprit.agent, "a command of agent {} is quarantined", culprit.agent);
        }
    }

    /// Whether the command is quarantined.
    pub fn is_poison(&self, culprit: &Culprit) -> bool {
        let panics = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        panics
            .counts
            .get(culprit)
            .is_some_and(|count| *count >= POISON_PANICS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn the_third_failure_makes_a_command_poison() {
        let quarantine = Quarantine::default();
        let culprit = Culprit {
            agent: AgentId(Uuid::from_u128(1)),
            body_hash: [7; 32],
        };
        quarantine.note_panic(culprit);
        quarantine.note_panic(culprit);
        assert!(!quarantine.is_poison(&culprit));
        quarantine.note_panic(culprit);
        assert!(quarantine.is_poison(&culprit));
        assert!(!quarantine.is_poison(&Culprit {
            body_hash: [8; 32],
            ..culprit
        }));
    }
}
