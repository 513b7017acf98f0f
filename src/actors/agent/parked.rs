//! Limits of agents without an actor: what one left behind, and what is counted until the next one takes over.
//!
//! Limits that are as good as new are not kept, so an agent is here for as long as its longest window needs.

use super::limits::{AgentLimits, Counted};
use crate::config::Limits;
use crate::domain::agent::Handle;
use crate::domain::refusal::Refusal;
use crate::host::clock::Clock;
use crate::telemetry::metric;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Limits of agents without an actor on this node.
pub struct ParkedLimits {
    capacity: usize,
    table: Mutex<Table>,
}

/// Invariant: both hold the same agents, each with the time when its limits are as good as new.
#[derive(Default)]
struct Table {
    limits: HashMap<Handle, (i64, AgentLimits)>,
    by_recovery: BTreeSet<(i64, Handle)>,
}

impl ParkedLimits {
    /// Nobody's limits yet, of so many agents at the most.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            table: Mutex::default(),
        }
    }

    /// Keeps what an actor leaves behind.
    pub fn park(&self, handle: &Handle, mut limits: AgentLimits, clock: &Clock) {
        let mut table = self.lock();
        // A request that looked for the actor just before it was there was counted here.
        if let Some(counted) = table.take(handle) {
            limits.merge(&counted);
        }
        table.put(handle, limits, clock.monotonic_ms(), self.capacity);
    }

    /// Gives an agent's limits to its new actor; none when they are as good as new.
    pub fn take(&self, handle: &Handle) -> Option<AgentLimits> {
        self.lock().take(handle)
    }

    /// Counts one for an agent without an actor. Errors: `rate_limited`.
    pub fn check(
        &self,
        handle: &Handle,
        what: Counted,
        rates: &Limits,
        clock: &Clock,
    ) -> Result<(), Refusal> {
        let mut table = self.lock();
        let mut limits = table.take(handle).unwrap_or_else(|| AgentLimits::new(rates));
        let checked = limits.check(what, clock);
        table.put(handle, limits, clock.monotonic_ms(), self.capacity);
        checked
    }

    /// Forgets limits that are as good as new.
    pub fn sweep(&self, clock: &Clock) {
        self.lock().drop_recovered(clock.monotonic_ms());
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn take(&mut self, handle: &Handle) -> Option<AgentLimits> {
        let (at_ms, limits) = self.limits.remove(handle)?;
        self.by_recovery.remove(&(at_ms, handle.clone()));
        Some(limits)
    }

    /// When the table is full, who recovers first is forgotten: that gives the least away.
    fn put(&mut self, handle: &Handle, limits: AgentLimits, now_ms: i64, capacity: usize) {
        let at_ms = limits.idle_at_ms();
        if at_ms <= now_ms {
            return;
        }
        self.drop_recovered(now_ms);
        while self.limits.len() >= capacity.max(1) {
            self.drop_first();
            metric::parked_limits_evicted().increment(1);
        }
        self.limits.insert(handle.clone(), (at_ms, limits));
        self.by_recovery.insert((at_ms, handle.clone()));
    }

    fn drop_recovered(&mut self, now_ms: i64) {
        while self
            .by_recovery
            .first()
            .is_some_and(|(at_ms, _)| *at_ms <= now_ms)
        {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some((_, handle)) = self.by_recovery.pop_first() {
            self.limits.remove(&handle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::refusal::Code;

    struct Node {
        parked: ParkedLimits,
        rates: Limits,
        clock: Clock,
    }

    impl Node {
        fn new(capacity: usize) -> Self {
            Self {
                parked: ParkedLimits::new(capacity),
                rates: Limits::default(),
                clock: Clock::manual(0),
            }
        }

        fn check(&self, name: &str, what: Counted) -> Result<(), Refusal> {
            self.parked.check(&handle(name), what, &self.rates, &self.clock)
        }

        /// How often somebody may until it is refused.
        fn use_up(&self, name: &str, what: Counted) -> u32 {
            let mut count = 0;
            while self.check(name, what).is_ok() {
                count += 1;
            }
            count
        }

        fn len(&self) -> (usize, usize) {
            let table = self.parked.lock();
            (table.limits.len(), table.by_recovery.len())
        }
    }

    fn handle(name: &str) -> Handle {
        Handle::new(name).unwrap()
    }

    #[test]
    fn limits_go_from_one_actor_to_the_next_with_all_that_was_counted_between() {
        let node = Node::new(10);
        let mut limits = AgentLimits::new(&node.rates);
        while limits.check(Counted::Action, &node.clock).is_ok() {}
        node.parked.park(&handle("alice"), limits, &node.clock);
        let refusal = node.check("alice", Counted::Action).unwrap_err();
        assert_eq!(
            (refusal.code, refusal.retry_after_ms),
            (Code::RateLimited, Some(1_000))
        );
        let connections = node.use_up("alice", Counted::Connection);
        assert_eq!(connections, node.rates.connections_burst);
        let mut next = node.parked.take(&handle("alice")).unwrap();
        assert!(next.check(Counted::Action, &node.clock).is_err());
        assert!(next.check(Counted::Connection, &node.clock).is_err());
        next.check(Counted::Perception, &node.clock).unwrap();
        assert!(node.parked.take(&handle("alice")).is_none());
        // One was counted here while the actor had the rest: the actor's word is the stronger one.
        node.check("alice", Counted::Action).unwrap();
        node.parked.park(&handle("alice"), next, &node.clock);
        node.check("alice", Counted::Action).unwrap_err();
        node.check("bob", Counted::Action).unwrap();
    }

    #[test]
    fn recovered_limits_are_not_kept() {
        let node = Node::new(10);
        let unused = AgentLimits::new(&node.rates);
        node.parked.park(&handle("idler"), unused, &node.clock);
        assert_eq!(node.len(), (0, 0));
        node.use_up("alice", Counted::Action);
        node.use_up("bob", Counted::Connection);
        assert_eq!(node.len(), (2, 2));
        node.clock.advance(10_000);
        node.parked.sweep(&node.clock);
        assert_eq!(node.len(), (1, 1), "ten actions are back after ten seconds");
        node.clock.advance(50_000);
        node.check("carol", Counted::Action).unwrap();
        assert_eq!(node.len(), (1, 1), "ten connections are back after a minute");
        assert_eq!(
            node.use_up("bob", Counted::Connection),
            node.rates.connections_burst
        );
    }

    #[test]
    fn full_table_forgets_who_recovers_first() {
        let node = Node::new(2);
        node.use_up("alice", Counted::Connection);
        node.check("bob", Counted::Action).unwrap();
        node.use_up("carol", Counted::Action);
        assert_eq!(node.len(), (2, 2));
        node.check("alice", Counted::Connection).unwrap_err();
        node.check("carol", Counted::Action).unwrap_err();
    }

    #[test]
    fn nothing_is_parked_where_nothing_is_limited() {
        let mut node = Node::new(2);
        node.rates.unlimited = true;
        (0..1_000).for_each(|_| node.check("alice", Counted::Action).unwrap());
        assert_eq!(node.len(), (0, 0));
    }
}
