//! A bounded history with positions.

use std::collections::VecDeque;

/// The newest items of a stream, each with a dense offset that starts at 1 and never goes back.
///
/// Invariant: the held offsets are exactly `newest - len + 1 ..= newest`. Offset 0 means "before the first".
#[derive(Clone, Debug)]
pub struct Ring<T> {
    items: VecDeque<T>,
    capacity: usize,
    newest: u64,
}

impl<T> Ring<T> {
    /// An empty ring that holds at most `capacity` items (at least one).
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self::resume(capacity, 0)
    }

    /// An empty ring that goes on after the offset `newest`, for a stream whose earlier part is elsewhere.
    #[must_use]
    pub fn resume(capacity: usize, newest: u64) -> Self {
        Self {
            items: VecDeque::new(),
            capacity: capacity.max(1),
            newest,
        }
    }

    /// Appends an item, dropping the oldest one when full, and returns its offset.
    pub fn push(&mut self, item: T) -> u64 {
        if self.items.len() >= self.capacity {
            self.items.pop_front();
        }
        self.items.push_back(item);
        self.newest = self.newest.saturating_add(1);
        self.newest
    }

    /// The items after `offset`, oldest first, each with its own offset.
    ///
    /// Errors: `None` when something after `offset` was already dropped, or when the offset was never given out:
    /// then the reader cannot be continued without a gap.
    #[must_use]
    pub fn since(&self, offset: u64) -> Option<impl DoubleEndedIterator<Item = (u64, &T)>> {
        let wanted = usize::try_from(self.newest.checked_sub(offset)?).ok()?;
        let skip = self.items.len().checked_sub(wanted)?;
        Some(
            self.items
                .iter()
                .skip(skip)
                .enumerate()
                .map(move |(index, item)| {
                    let step = u64::try_from(index).unwrap_or(u64::MAX).saturating_add(1);
                    (offset.saturating_add(step), item)
                }),
        )
    }

    /// The offset of the oldest item that is still held; `None` when empty.
    #[must_use]
    pub fn oldest_offset(&self) -> Option<u64> {
        let held = u64::try_from(self.items.len()).ok()?;
        (held > 0).then(|| self.newest.saturating_sub(held).saturating_add(1))
    }

    /// The offset of the newest item ever pushed, 0 when there was none.
    #[must_use]
    pub fn newest_offset(&self) -> u64 {
        self.newest
    }

    /// How many items are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The oldest item that is still held.
    #[must_use]
    pub fn oldest(&self) -> Option<&T> {
        self.items.front()
    }

    /// Drops the oldest item and keeps the position, so that readers notice the gap.
    pub fn drop_oldest(&mut self) -> Option<T> {
        self.items.pop_front()
    }

    /// Drops the items and keeps the position, so that readers notice the gap.
    pub fn clear(&mut self) {
        self.items.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn held(ring: &Ring<u64>, offset: u64) -> Option<Vec<(u64, u64)>> {
        ring.since(offset)
            .map(|items| items.map(|(offset, item)| (offset, *item)).collect())
    }

    #[test]
    fn full_ring_drops_its_oldest_item() {
        let mut ring = Ring::new(2);
        assert_eq!((ring.oldest_offset(), ring.newest_offset()), (None, 0));
        for item in [10, 20, 30] {
            ring.push(item);
        }
        assert_eq!(
            (ring.oldest_offset(), ring.newest_offset(), ring.len()),
            (Some(2), 3, 2)
        );
        assert_eq!(held(&ring, 1), Some(vec![(2, 20), (3, 30)]));
        assert_eq!(held(&ring, 0), None, "offset 1 is gone");
        assert_eq!(held(&ring, 3), Some(vec![]));
        assert_eq!(held(&ring, 4), None, "offset 4 was never given out");
    }

    #[test]
    fn resumed_ring_goes_on_after_the_given_offset() {
        let mut ring = Ring::resume(4, 41);
        assert_eq!(ring.push(1), 42);
        assert_eq!(held(&ring, 41), Some(vec![(42, 1)]));
        assert_eq!(held(&ring, 40), None);
    }

    #[test]
    fn cleared_ring_shows_the_gap() {
        let mut ring = Ring::new(4);
        ring.push(1);
        ring.clear();
        assert!(ring.is_empty());
        assert_eq!(held(&ring, 0), None);
        assert_eq!(held(&ring, 1), Some(vec![]));
    }

    proptest! {
        #[test]
        fn reader_that_keeps_up_sees_every_item_once(capacity in 1_usize..20, steps in proptest::collection::vec(0_usize..8, 1..60)) {
            let mut ring = Ring::new(capacity);
            let (mut next, mut position) = (1_u64, 0_u64);
            for pushes in steps {
                for _ in 0..pushes {
                    ring.push(next);
                    next += 1;
                }
                match held(&ring, position) {
                    Some(items) => {
                        prop_assert!(pushes <= capacity);
                        let expected: Vec<(u64, u64)> = (position + 1..next).map(|n| (n, n)).collect();
                        prop_assert_eq!(items, expected);
                    }
                    None => prop_assert!(pushes > capacity),
                }
                position = ring.newest_offset();
                prop_assert!(ring.len() <= capacity);
            }
        }
    }
}
