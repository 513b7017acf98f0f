//! How often an agent may do what. The limits outlive its actor: see `parked`.

use crate::actors::node::Limiter;
use crate::config::{Bucket, Limits};
use crate::domain::agent::Permission;
use crate::domain::refusal::Refusal;
use crate::host::clock::Clock;

/// What is counted of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// An action that changes something.
    Action,
    /// A question about the world.
    Perception,
    /// A connection.
    Connection,
    /// A suggestion by a spectator.
    Suggestion,
}

impl Counted {
    /// What an action with this permission counts as.
    pub fn of(permission: Permission) -> Self {
        if permission == Permission::Perceive {
            Self::Perception
        } else {
            Self::Action
        }
    }
}

/// The limits of one agent, kept by one owner at a time.
pub struct AgentLimits {
    actions: Limiter,
    perceptions: Limiter,
    connections: Limiter,
    suggestions: Limiter,
}

impl AgentLimits {
    /// Limits of an agent that did nothing yet.
    pub fn new(limits: &Limits) -> Self {
        let limiter = |bucket| Limiter::new(bucket, limits.quota(bucket));
        Self {
            actions: limiter(Bucket::Actions),
            perceptions: limiter(Bucket::Perceptions),
            connections: limiter(Bucket::Connections),
            suggestions: limiter(Bucket::PromptsToAgent),
        }
    }

    /// Counts one. Errors: `rate_limited`.
    pub fn check(&mut self, what: Counted, clock: &Clock) -> Result<(), Refusal> {
        let limiter = match what {
            Counted::Action => &mut self.actions,
            Counted::Perception => &mut self.perceptions,
            Counted::Connection => &mut self.connections,
            Counted::Suggestion => &mut self.suggestions,
        };
        limiter.check(clock)
    }

    /// From when on they are as good as new. Units: milliseconds of the monotonic clock.
    pub(super) fn idle_at_ms(&self) -> i64 {
        let Self {
            actions,
            perceptions,
            connections,
            suggestions,
        } = self;
        let all = [actions, perceptions, connections, suggestions];
        all.iter()
            .map(|limiter| limiter.idle_at_ms())
            .max()
            .unwrap_or(i64::MIN)
    }

    /// Takes over what was counted elsewhere for the same agent.
    pub(super) fn merge(&mut self, other: &Self) {
        self.actions.merge(&other.actions);
        self.perceptions.merge(&other.perceptions);
        self.connections.merge(&other.connections);
        self.suggestions.merge(&other.suggestions);
    }
}
