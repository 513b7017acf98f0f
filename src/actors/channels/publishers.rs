//! How often users publish and change what is theirs.
//!
//! Publications are counted over all their sockets on this node, and over all nodes that share the world.
//!
//! All nodes count in one place, Redis, under `ratelimit:<user>`: as many as may come at once pass in a window that begins with the
//! first of them and is as long as they take at the rate, which is a second unless the settings say otherwise. Before that each node
//! counts for itself, so that who is far too fast costs Redis nothing. While Redis is away, a node lets its share pass.

use crate::actors::node::{Limiter, Node, refuse};
use crate::base::limit::PUBLISHERS_PER_NODE_MAX;
use crate::base::rate::{Quota, RetryAfter};
use crate::config::Bucket;
use crate::domain::refusal::{Code, Refusal};
use crate::host::clock::Clock;
use crate::telemetry::metric;
use dashmap::DashMap;
use std::time::Duration;

/// Limiters of users that published lately.
#[derive(Default)]
pub(super) struct Publishers {
    here: DashMap<String, Limiter>,
    /// Of a node's share.
    shares: DashMap<String, Limiter>,
    /// Of changes.
    changes: DashMap<String, Limiter>,
}

/// How far a publication is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Wholly: it may go out.
    Wholly,
    /// On this node; `count_everywhere` has the last word.
    Here,
}

/// Counts a publication of a user to a channel, over all nodes. Errors: `rate_limited` with the time to wait, `overloaded`.
pub async fn count_publish(node: &Node, channel: &str, user: &str) -> Result<(), Refusal> {
    match count_here(node, channel, user)? {
        Counted::Wholly => Ok(()),
        Counted::Here => count_everywhere(node, channel, user).await,
    }
}

/// Counts a change of a user to its locks, grants, adverts, apps or keys, on this node. Errors: `rate_limited`, `overloaded`.
pub fn count_change(node: &Node, user: &str) -> Result<(), Refusal> {
    let Some(quota) = node.limits.quota(Bucket::Changes) else {
        return Ok(());
    };
    let changes = &node.channels.publishers.changes;
    count(changes, Bucket::Changes, user, &node.clock, quota)
}

/// The first half of `count_publish`, which waits for nothing. Errors: as there.
pub fn count_here(node: &Node, channel: &str, user: &str) -> Result<Counted, Refusal> {
    let Some(quota) = node.limits.quota(Bucket::Publishes) else {
        return Ok(Counted::Wholly);
    };
    let counted = node.channels.publishers.count_here(user, &node.clock, quota);
    note_hit(channel, counted)?;
    if node.peers.is_on() {
        return Ok(Counted::Here);
    }
    if node.mirror.is_on() {
        node.bus.show_tally(&key_of(user), window_of(quota));
    }
    Ok(Counted::Wholly)
}

/// The second half of `count_publish`, for what was counted here: one round trip to Redis. Errors: as there.
pub async fn count_everywhere(node: &Node, channel: &str, user: &str) -> Result<(), Refusal> {
    let Some(quota) = node.limits.quota(Bucket::Publishes) else {
        return Ok(());
    };
    let began = node.clock.monotonic();
    let tally = node.bus.tally(&key_of(user), window_of(quota)).await;
    metric::channel_limiter().record(node.clock.monotonic().saturating_sub(began).as_secs_f64());
    let counted = match tally {
        Ok(tally) if tally.count <= u64::from(quota.burst) => Ok(()),
        Ok(tally) => {
            let over = RetryAfter {
                limit: quota.limit,
                retry_after_ms: tally.left_ms,
            };
            Err(refuse(Bucket::Publishes, over, quota.window_ms.div_ceil(1_000)))
        }
        Err(_away) => {
            let nodes = node.peers.all().len().saturating_add(1);
            let share = share_of(quota, nodes);
            node.channels.publishers.count_share(user, &node.clock, share)
        }
    };
    note_hit(channel, counted)
}

fn key_of(user: &str) -> String {
    format!("ratelimit:{user}")
}

/// How long as many as may come at once take at the rate.
fn window_of(quota: Quota) -> Duration {
    let window_ms = u64::from(quota.window_ms).saturating_mul(u64::from(quota.burst));
    Duration::from_millis(window_ms.div_ceil(u64::from(quota.limit.max(1))))
}

/// The share of one of so many nodes; at least one publication.
fn share_of(quota: Quota, nodes: usize) -> Quota {
    let nodes = u32::try_from(nodes).unwrap_or(u32::MAX).max(1);
    Quota::new(
        quota.limit.div_euclid(nodes),
        quota.window_ms,
        quota.burst.div_euclid(nodes),
    )
}

fn note_hit(channel: &str, counted: Result<(), Refusal>) -> Result<(), Refusal> {
    counted.inspect_err(|refusal| {
        if refusal.code == Code::RateLimited {
            metric::channel_rate_limit_hits(super::namespace_label(channel)).increment(1);
        }
    })
}

impl Publishers {
    /// Counts a publication of a user on this node. Errors: `rate_limited`, `overloaded`.
    pub fn count_here(&self, user: &str, clock: &Clock, quota: Quota) -> Result<(), Refusal> {
        count(&self.here, Bucket::Publishes, user, clock, quota)
    }

    /// Counts it against this node's share, which may have changed since. Errors: as `count_here`.
    pub fn count_share(&self, user: &str, clock: &Clock, share: Quota) -> Result<(), Refusal> {
        self.shares
            .remove_if(user, |_, limiter| limiter.quota() != Some(share));
        count(&self.shares, Bucket::Publishes, user, clock, share)
    }

    /// Forgets users at rest.
    pub fn sweep(&self, clock: &Clock) {
        for limiters in [&self.here, &self.shares, &self.changes] {
            limiters.retain(|_, limiter| !limiter.is_idle(clock));
        }
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.here.len()
    }
}

fn count(
    limiters: &DashMap<String, Limiter>,
    bucket: Bucket,
    user: &str,
    clock: &Clock,
    quota: Quota,
) -> Result<(), Refusal> {
    if let Some(mut limiter) = limiters.get_mut(user) {
        return limiter.check(clock);
    }
    if limiters.len() >= PUBLISHERS_PER_NODE_MAX {
        return Err(Refusal::new(Code::Overloaded, "too many ask at once").retry_after(5_000));
    }
    let fresh = || Limiter::new(bucket, Some(quota));
    limiters.entry(user.to_owned()).or_insert_with(fresh).check(clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_as_long_as_its_publications_take_at_the_rate() {
        for (limit, burst, ms) in [
            (5, 5, 1_000),
            (5, 20, 4_000),
            (5, 1, 200),
            (1, 60, 60_000),
            (3, 1, 334),
        ] {
            let window = window_of(Quota::per_second(limit, burst));
            assert_eq!(window, Duration::from_millis(ms), "{limit} {burst}");
        }
    }

    #[test]
    fn a_share_is_a_part_of_the_whole_and_at_least_one() {
        let quota = Quota::per_second(5, 10);
        let share = |nodes| share_of(quota, nodes);
        assert_eq!((share(1), share(2)), (quota, Quota::per_second(2, 5)));
        assert_eq!(share(100), Quota::per_second(1, 1));
    }

    #[test]
    fn a_share_that_has_changed_begins_anew() {
        let (publishers, clock) = (Publishers::default(), Clock::manual(0));
        let passed = |share: u32| {
            let passes = |_: &u32| {
                let quota = Quota::per_second(share, share);
                publishers.count_share("alice", &clock, quota).is_ok()
            };
            (0..10).filter(passes).count()
        };
        assert_eq!([passed(3), passed(3), passed(2)], [3, 0, 2]);
        clock.advance(60_000);
        publishers.sweep(&clock);
        assert!(publishers.shares.is_empty());
    }
}
