//! How often users publish, over all their sockets.

use crate::actors::node::Limiter;
use crate::base::limit::PUBLISHERS_PER_NODE_MAX;
use crate::domain::refusal::{Code, Refusal};
use crate::host::clock::Clock;
use dashmap::DashMap;

/// Limiters of users that published lately.
#[derive(Default)]
pub(super) struct Publishers(DashMap<String, Limiter>);

impl Publishers {
    /// Counts a publication of a user. Errors: `rate_limited`, `overloaded`.
    pub fn count(&self, user: &str, clock: &Clock, fresh: impl FnOnce() -> Limiter) -> Result<(), Refusal> {
        if let Some(mut limiter) = self.0.get_mut(user) {
            return limiter.check(clock);
        }
        if self.0.len() >= PUBLISHERS_PER_NODE_MAX {
            return Err(Refusal::new(Code::Overloaded, "too many publish at once").retry_after(5_000));
        }
        self.0.entry(user.to_owned()).or_insert_with(fresh).check(clock)
    }

    /// Forgets users at rest.
    pub fn sweep(&self, clock: &Clock) {
        self.0.retain(|_, limiter| !limiter.is_idle(clock));
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}
