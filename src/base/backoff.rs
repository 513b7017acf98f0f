//! How long to wait before trying again.

/// Exponential backoff with full jitter: each delay is drawn evenly from zero to a growing ceiling, so that
/// many clients that failed together do not come back together.
///
/// Source: the "full jitter" scheme of the AWS architecture blog; the same as Centrifuge's SDKs use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base_ms: u64,
    max_ms: u64,
}

impl Backoff {
    /// A backoff whose ceiling starts at `base_ms` and doubles with every attempt up to `max_ms`.
    #[must_use]
    pub const fn new(base_ms: u64, max_ms: u64) -> Self {
        Self { base_ms, max_ms }
    }

    /// The largest delay of an attempt, counted from 0. Units: milliseconds.
    #[must_use]
    pub fn ceiling_ms(&self, attempt: u32) -> u64 {
        let factor = 1_u64.checked_shl(attempt).unwrap_or(u64::MAX);
        self.base_ms.saturating_mul(factor).min(self.max_ms)
    }

    /// The delay before the attempt, counted from 0, chosen by the random number. Units: milliseconds.
    #[must_use]
    pub fn delay_ms(&self, attempt: u32, random: u64) -> u64 {
        match self.ceiling_ms(attempt).checked_add(1) {
            Some(choices) => random % choices,
            None => random,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ceiling_doubles_until_the_maximum() {
        let backoff = Backoff::new(100, 1_000);
        let ceilings: Vec<u64> = (0..6).map(|attempt| backoff.ceiling_ms(attempt)).collect();
        assert_eq!(ceilings, [100, 200, 400, 800, 1_000, 1_000]);
        assert_eq!(backoff.ceiling_ms(u32::MAX), 1_000);
    }

    #[test]
    fn both_ends_of_the_range_are_reachable() {
        let backoff = Backoff::new(100, 1_000);
        assert_eq!(backoff.delay_ms(0, 0), 0);
        assert_eq!(backoff.delay_ms(0, 100), 100);
    }

    proptest! {
        #[test]
        fn delay_never_exceeds_its_ceiling(base in 0_u64.., max in 0_u64.., attempt in 0_u32..200, random: u64) {
            let backoff = Backoff::new(base, max);
            prop_assert!(backoff.delay_ms(attempt, random) <= backoff.ceiling_ms(attempt));
            prop_assert!(backoff.ceiling_ms(attempt) <= max);
        }
    }
}
