//! Rate limits by the generic cell rate algorithm (GCRA).
//!
//! Everything here is pure and exact: time is counted in milliseconds times the limit, so no interval is rounded.
//! The header texts follow draft-ietf-httpapi-ratelimit-headers-11 and live only here, because it is a draft.

/// So many calls in a window, and how many of them may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Calls that a window lets through in the long run.
    pub limit: u32,
    /// Length of the window. Units: milliseconds.
    pub window_ms: u32,
    /// Calls that may come at once after a pause.
    pub burst: u32,
}

impl Quota {
    /// `limit` calls in `window_ms`, of which `burst` at once. Zeroes are taken as one.
    #[must_use]
    pub fn new(limit: u32, window_ms: u32, burst: u32) -> Self {
        Self {
            limit: limit.max(1),
            window_ms: window_ms.max(1),
            burst: burst.max(1),
        }
    }

    /// `limit` calls a second.
    #[must_use]
    pub fn per_second(limit: u32, burst: u32) -> Self {
        Self::new(limit, 1_000, burst)
    }

    /// `limit` calls a minute.
    #[must_use]
    pub fn per_minute(limit: u32, burst: u32) -> Self {
        Self::new(limit, 60_000, burst)
    }

    /// `limit` calls an hour.
    #[must_use]
    pub fn per_hour(limit: u32, burst: u32) -> Self {
        Self::new(limit, 3_600_000, burst)
    }

    /// The value of the `RateLimit-Policy` header: `"actions";q=60;w=60`.
    #[must_use]
    pub fn policy_header(&self, name: &str) -> String {
        format!("\"{name}\";q={};w={}", self.limit, self.window_ms.div_ceil(1_000))
    }
}

/// A call may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Calls a window.
    pub limit: u32,
    /// Calls that could follow at once.
    pub remaining: u32,
    /// Time until the whole burst is there again. Units: seconds, rounded up.
    pub reset_s: u64,
}

impl Allowance {
    /// The value of the `RateLimit` header: `"actions";r=9;t=1`.
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        format!("\"{name}\";r={};t={}", self.remaining, self.reset_s)
    }
}

/// A call must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter {
    /// Calls a window.
    pub limit: u32,
    /// Time until the next call passes. Units: milliseconds, rounded up, at least 1.
    pub retry_after_ms: u64,
}

impl RetryAfter {
    /// The value of the `Retry-After` header. Units: seconds, rounded up.
    #[must_use]
    pub fn retry_after_s(&self) -> u64 {
        self.retry_after_ms.div_ceil(1_000)
    }

    /// The value of the `RateLimit` header: `"actions";r=0;t=17`.
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        format!("\"{name}\";r=0;t={}", self.retry_after_s())
    }
}

/// One caller's limiter.
///
/// Invariant: in any window of `quota.window_ms` at most `quota.limit + quota.burst` calls pass, as long as the
/// given time does not go back. When it does, the caller waits for the time of one burst at most.
#[derive(Clone, Copy, Debug)]
pub struct Gcra {
    quota: Quota,
    /// Theoretical arrival time: when the bucket will be empty again. Units: milliseconds times `quota.limit`.
    arrival: i128,
}

impl Gcra {
    /// A limiter with its whole burst available.
    #[must_use]
    pub fn new(quota: Quota) -> Self {
        Self {
            quota,
            arrival: i128::MIN,
        }
    }

    /// The quota that this limiter enforces.
    #[must_use]
    pub fn quota(&self) -> Quota {
        self.quota
    }

    /// Counts one call at `now_ms` when it may pass.
    ///
    /// Errors: `RetryAfter` when the caller is too fast; a refused call is not counted.
    pub fn check(&mut self, now_ms: i64) -> Result<Allowance, RetryAfter> {
        let now = self.scaled(now_ms);
        let after = self.arrival_from(now) + self.step();
        let over = after - now - self.depth();
        if over > 0 {
            return Err(RetryAfter {
                limit: self.quota.limit,
                retry_after_ms: self.to_ms(over).max(1),
            });
        }
        self.arrival = after;
        Ok(self.allowance(now))
    }

    /// What a caller has left at `now_ms`, without counting a call.
    #[must_use]
    pub fn peek(&self, now_ms: i64) -> Allowance {
        self.allowance(self.scaled(now_ms))
    }

    /// Whether the limiter is as good as new at `now_ms`, so that whoever keeps it in a map may forget it.
    #[must_use]
    pub fn is_idle(&self, now_ms: i64) -> bool {
        self.arrival <= self.scaled(now_ms)
    }

    /// From when on the limiter is as good as new. Units: milliseconds.
    #[must_use]
    pub fn idle_at_ms(&self) -> i64 {
        let limit = i128::from(self.quota.limit);
        let at = self.arrival.saturating_add(limit - 1).div_euclid(limit);
        // Only a limiter that never counted anything is out of range.
        i64::try_from(at).unwrap_or(i64::MIN)
    }

    /// A limiter that is as good as new from then on, at the latest when one that used its whole burst would be.
    /// Units: milliseconds.
    #[must_use]
    pub fn idle_at(quota: Quota, at_ms: i64) -> Self {
        let mut made = Self::new(quota);
        made.arrival = made.scaled(at_ms);
        made
    }

    /// Takes over what another limiter of the same quota counted: whoever came further stands.
    pub fn merge(&mut self, other: &Self) {
        self.arrival = self.arrival.max(other.arrival);
    }

    fn allowance(&self, now: i128) -> Allowance {
        let used = self.arrival_from(now) - now;
        let remaining = (self.depth() - used) / self.step();
        Allowance {
            limit: self.quota.limit,
            remaining: u32::try_from(remaining).unwrap_or(0),
            reset_s: self.to_ms(used).div_ceil(1_000),
        }
    }

    /// The arrival time as seen now: never in the past, and never further ahead than one burst.
    fn arrival_from(&self, now: i128) -> i128 {
        self.arrival.clamp(now, now + self.depth())
    }

    fn scaled(&self, now_ms: i64) -> i128 {
        i128::from(now_ms) * i128::from(self.quota.limit)
    }

    fn step(&self) -> i128 {
        i128::from(self.quota.window_ms)
    }

    fn depth(&self) -> i128 {
        i128::from(self.quota.burst) * self.step()
    }

    fn to_ms(self, scaled: i128) -> u64 {
        let limit = i128::from(self.quota.limit);
        u64::try_from((scaled + limit - 1) / limit).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn burst_passes_at_once_and_the_next_call_waits() {
        let mut limiter = Gcra::new(Quota::per_minute(60, 3));
        let left: Vec<u32> = (0..3).map(|_| limiter.check(1_000).unwrap().remaining).collect();
        assert_eq!(left, [2, 1, 0]);
        let refused = limiter.check(1_000).unwrap_err();
        assert_eq!((refused.retry_after_ms, refused.retry_after_s()), (1_000, 1));
        assert_eq!(limiter.check(1_999).unwrap_err().retry_after_ms, 1);
        assert_eq!(limiter.check(2_000).unwrap().remaining, 0);
    }

    #[test]
    fn sixth_registration_in_an_hour_is_refused() {
        let mut limiter = Gcra::new(Quota::per_hour(5, 5));
        assert_eq!((0..6).filter(|n| limiter.check(n * 1_000).is_ok()).count(), 5);
        assert_eq!(limiter.check(5_000).unwrap_err().retry_after_s(), 715);
    }

    #[test]
    fn pause_restores_the_burst_but_not_more() {
        let mut limiter = Gcra::new(Quota::per_second(5, 5));
        limiter.check(0).unwrap();
        assert!(!limiter.is_idle(199));
        assert!(limiter.is_idle(200));
        assert_eq!(limiter.peek(i64::MAX).remaining, 5);
        assert_eq!((0..50).filter(|_| limiter.check(1_000_000).is_ok()).count(), 5);
    }

    #[test]
    fn merged_limiters_stand_where_the_further_one_stood() {
        let mut unused = Gcra::new(Quota::per_minute(60, 3));
        let mut used = unused;
        (0..3).for_each(|_| {
            used.check(1_000).unwrap();
        });
        unused.merge(&used);
        assert_eq!(unused.check(1_000), used.check(1_000));
        used.merge(&Gcra::new(Quota::per_minute(60, 3)));
        assert_eq!(used.check(1_000).unwrap_err().retry_after_ms, 1_000);
    }

    #[test]
    fn clock_that_jumps_back_blocks_for_one_burst_at_most() {
        let mut limiter = Gcra::new(Quota::per_minute(60, 10));
        limiter.check(10_000_000).unwrap();
        let refused = limiter.check(0).unwrap_err();
        assert_eq!(refused.retry_after_ms, 1_000);
    }

    #[test]
    fn headers_follow_the_draft() {
        let quota = Quota::per_minute(60, 10);
        let mut limiter = Gcra::new(quota);
        assert_eq!(quota.policy_header("actions"), "\"actions\";q=60;w=60");
        assert_eq!(limiter.check(0).unwrap().header("actions"), "\"actions\";r=9;t=1");
        let refused = RetryAfter {
            limit: 60,
            retry_after_ms: 16_001,
        };
        assert_eq!(refused.header("actions"), "\"actions\";r=0;t=17");
    }

    proptest! {
        #[test]
        fn any_window_lets_at_most_limit_plus_burst_pass(
            limit in 1_u32..120,
            window_ms in 1_u32..120_000,
            burst in 1_u32..30,
            gaps in proptest::collection::vec(0_i64..3_000, 1..600),
        ) {
            let mut limiter = Gcra::new(Quota::new(limit, window_ms, burst));
            let mut now = 1_700_000_000_000_i64;
            let mut passed: Vec<i64> = Vec::new();
            for gap in gaps {
                now += gap / i64::from(limit);
                if limiter.check(now).is_ok() {
                    passed.push(now);
                }
            }
            prop_assert!(!passed.is_empty());
            let most = usize::try_from(limit + burst).unwrap();
            for (index, start) in passed.iter().enumerate() {
                let end = start + i64::from(window_ms);
                let inside = passed[index..].iter().take_while(|at| **at <= end).count();
                prop_assert!(inside <= most, "{inside} calls in a window of {window_ms} ms");
            }
        }

        #[test]
        fn limiter_is_idle_from_the_told_moment_on(limit in 1_u32..200, window_ms in 1_u32..100_000, calls in 0_u32..10, now in 0_i64..2_000_000_000_000) {
            let mut limiter = Gcra::new(Quota::new(limit, window_ms, 10));
            for _ in 0..calls {
                prop_assert!(limiter.check(now).is_ok());
            }
            let at = limiter.idle_at_ms();
            prop_assert!(limiter.is_idle(at));
            prop_assert!(calls == 0 || !limiter.is_idle(at - 1));
        }

        #[test]
        fn call_passes_exactly_when_it_was_told_to_come_back(limit in 1_u32..200, window_ms in 1_u32..100_000, burst in 1_u32..10, now in 0_i64..2_000_000_000_000) {
            let mut limiter = Gcra::new(Quota::new(limit, window_ms, burst));
            for _ in 0..burst {
                prop_assert!(limiter.check(now).is_ok());
            }
            let wait = i64::try_from(limiter.check(now).unwrap_err().retry_after_ms).unwrap();
            let mut early = limiter;
            prop_assert!(early.check(now + wait - 1).is_err());
            prop_assert!(limiter.check(now + wait).is_ok());
        }
    }
}
