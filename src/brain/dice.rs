//! Chance for a brain: a small repeatable generator, seeded by whoever owns the brain. Never for secrets.

/// A repeatable source of chance. Source: SplitMix64.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Chance that starts from a seed: the same seed gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to `count - 1`; 0 when `count` is 0.
    pub fn below(&mut self, count: usize) -> usize {
        let count = u64::try_from(count).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % count).unwrap_or(0)
    }

    /// True in `percent` of 100 cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// A fraction from 0 to 1.
    pub fn fraction(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap_or(0)) / f64::from(u32::MAX)
    }

    /// A number between two, evenly.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.fraction()
    }

    /// A whole number from `low` to `high`, both included.
    pub fn whole(&mut self, low: i64, high: i64) -> i64 {
        let span = usize::try_from(high.saturating_sub(low).saturating_add(1)).unwrap_or(1);
        low.saturating_add(i64::try_from(self.below(span)).unwrap_or(0))
    }

    /// A place in a list of weights, the more often the heavier; 0 when all are 0.
    pub fn weighted(&mut self, weights: &[usize]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (index, weight) in weights.iter().enumerate() {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return index,
            }
        }
        0
    }

    /// One of a list.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let index = self.below(list.len());
        list.get(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_within_their_bounds_and_repeat_by_seed() {
        let (mut one, mut two) = (Dice::new(7), Dice::new(7));
        for _ in 0..1_000 {
            assert!(one.below(6) < 6);
            assert!((0.0..=1.0).contains(&one.fraction()));
            assert!((3..=5).contains(&one.whole(3, 5)));
        }
        assert!((0..100).all(|_| matches!(one.weighted(&[0, 3, 0, 1]), 1 | 3)));
        assert_eq!((one.weighted(&[]), one.weighted(&[0, 0])), (0, 0));
        assert_eq!((one.below(0), one.pick::<u8>(&[])), (0, None));
        assert_eq!(
            (two.below(6), two.chance(0), two.chance(100)),
            (Dice::new(7).below(6), false, true)
        );
    }
}
