//! How often an agent may do what. The limits outlive its actor: see `parked`.

use crate::actors::node::Limiter;
use crate::config::{Bucket, Limits};
use crate::domain::agent::Permission;
use crate::domain::refusal::Refusal;
use crate::host::clock::Clock;
use serde::{Deserialize, Serialize};

/// What is counted of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
        let each = self.all().map(Limiter::idle_at_ms);
        each.into_iter().max().unwrap_or(i64::MIN)
    }

    /// In how long each of them is as good as new. Units: milliseconds.
    pub(super) fn idle_in_ms(&self, clock: &Clock) -> [i64; 4] {
        let now_ms = clock.monotonic_ms();
        self.all()
            .map(|limiter| limiter.idle_at_ms().saturating_sub(now_ms).max(0))
    }

    /// Limits that are as good as new in so long. Units: milliseconds.
    pub fn idle_in(
        limits: &Limits,
        [actions, perceptions, connections, suggestions]: [i64; 4],
        clock: &Clock,
    ) -> Self {
        let now_ms = clock.monotonic_ms();
        let limiter =
            |bucket, in_ms: i64| Limiter::idle_at(bucket, limits.quota(bucket), now_ms.saturating_add(in_ms));
        Self {
            actions: limiter(Bucket::Actions, actions),
            perceptions: limiter(Bucket::Perceptions, perceptions),
            connections: limiter(Bucket::Connections, connections),
            suggestions: limiter(Bucket::PromptsToAgent, suggestions),
        }
    }

    fn all(&self) -> [&Limiter; 4] {
        let Self {
            actions,
            perceptions,
            connections,
            suggestions,
        } = self;
        [actions, perceptions, connections, suggestions]
    }

    /// Takes over what was counted elsewhere for the same agent.
    pub(super) fn merge(&mut self, other: &Self) {
        self.actions.merge(&other.actions);
        self.perceptions.merge(&other.perceptions);
        self.connections.merge(&other.connections);
        self.suggestions.merge(&other.suggestions);
    }
}
