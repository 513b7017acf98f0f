//! A set of small numbers: which members of an audience are meant.

use smallvec::SmallVec;

/// Seats of an audience, counted from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seats(SmallVec<[u64; 1]>);

impl Seats {
    /// Puts a seat in; whether it was not there before.
    pub fn insert(&mut self, seat: usize) -> bool {
        let (word, bit) = place(seat);
        if self.0.len() <= word {
            self.0.resize(word.saturating_add(1), 0);
        }
        let is_new = !self.contains(seat);
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= bit;
        }
        is_new
    }

    /// Takes a seat out; whether it was there.
    pub fn remove(&mut self, seat: usize) -> bool {
        let (word, bit) = place(seat);
        let was_there = self.contains(seat);
        if let Some(bits) = self.0.get_mut(word) {
            *bits &= !bit;
        }
        was_there
    }

    /// Whether a seat is in.
    pub fn contains(&self, seat: usize) -> bool {
        let (word, bit) = place(seat);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// How many seats are in.
    pub fn len(&self) -> u64 {
        self.0.iter().map(|bits| u64::from(bits.count_ones())).sum()
    }

    /// How many seats are in both.
    pub fn common(&self, other: &Self) -> u64 {
        let both = self.0.iter().zip(&other.0);
        both.map(|(mine, others)| u64::from((mine & others).count_ones()))
            .sum()
    }

    /// Whether no seat is in.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|bits| *bits == 0)
    }
}

/// The word of a seat and its bit there.
fn place(seat: usize) -> (usize, u64) {
    (seat / 64, 1 << (seat % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_behave_as_a_set_across_words() {
        let mut seats = Seats::default();
        assert!(seats.is_empty());
        assert!([0, 63, 64, 999].into_iter().all(|seat| seats.insert(seat)));
        assert!(!seats.insert(64) && seats.contains(999) && !seats.contains(998));
        assert_eq!(seats.len(), 4);
        let mut others = Seats::default();
        assert!([0, 1, 64].into_iter().all(|seat| others.insert(seat)));
        assert_eq!((seats.common(&others), others.common(&seats)), (2, 2));
        assert!(seats.remove(64) && !seats.remove(64) && !seats.remove(5_000));
        assert_eq!(seats.len(), 3);
    }
}
