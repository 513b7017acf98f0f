//! What a run counts and times.

use hdrhistogram::Histogram;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Longest time that is told apart. Units: microseconds.
const LONGEST_US: u64 = 120_000_000;
/// Significant digits of a time.
const DIGITS: u8 = 3;

/// Times of one kind.
#[derive(Clone, Debug, Default)]
pub struct Timing(Option<Histogram<u64>>);

/// Where times of one kind lie. Units: milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Percentiles {
    /// How many.
    pub count: u64,
    /// Half of them are at most this.
    pub p50_ms: f64,
    /// 95 of 100.
    pub p95_ms: f64,
    /// 99 of 100.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Timing {
    /// Adds a time. Times beyond two minutes count as two minutes.
    pub fn record(&mut self, time: Duration) {
        if self.0.is_none() {
            self.0 = Histogram::new_with_bounds(1, LONGEST_US, DIGITS).ok();
        }
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        }
    }

    /// Adds all times of another.
    pub fn add(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            // The bounds are the same, so it cannot fail.
            (Some(mine), Some(theirs)) => mine.add(theirs).unwrap_or(()),
            (None, Some(theirs)) => self.0 = Some(theirs.clone()),
            (_, None) => {}
        }
    }

    /// Where the times lie; all zero when there is none.
    pub fn percentiles(&self) -> Percentiles {
        let Some(histogram) = &self.0 else {
            return Percentiles::default();
        };
        let at = |quantile: f64| to_f64(histogram.value_at_quantile(quantile)) / 1_000.0;
        Percentiles {
            count: histogram.len(),
            p50_ms: at(0.5),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            max_ms: to_f64(histogram.max()) / 1_000.0,
        }
    }
}

/// A count as a number to calculate with.
#[expect(
    clippy::as_conversions,
    reason = "counts stay below 2^53, where a double is exact"
)]
pub fn to_f64(count: u64) -> f64 {
    count as f64
}

/// Frames of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frames {
    /// How many.
    pub count: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
}

impl Frames {
    /// Adds a frame.
    pub fn add(&mut self, bytes: usize) {
        self.count = self.count.saturating_add(1);
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// Length of a frame on average. Units: bytes.
    pub fn mean_bytes(&self) -> f64 {
        to_f64(self.bytes) / to_f64(self.count.max(1))
    }
}

/// How often something happened, by its name.
pub type Counts = BTreeMap<String, u64>;

/// Counts one more of a name.
pub fn count(counts: &mut Counts, name: &str) {
    match counts.get_mut(name) {
        Some(count) => *count = count.saturating_add(1),
        None => {
            counts.insert(name.to_owned(), 1);
        }
    }
}

/// What a run counts and times. What happens only sometimes is named by the server's code for it.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// From opening a socket to the first snapshot.
    pub join: Timing,
    /// What the server refused to those who joined; they tried again.
    pub join_refused: Counts,
    /// Members that gave up joining, by the last refusal.
    pub failed: Counts,
    /// Members that lost their sockets after they had joined.
    pub dropped: Counts,
    /// From sending to the answer, by action.
    pub answers: BTreeMap<&'static str, Timing>,
    /// Actions that the server refused.
    pub refused: Counts,
    /// Actions that were due while too many of the same member waited for answers.
    pub skipped: u64,
    /// From sending to each first receipt.
    pub staleness: Timing,
    /// From saying something to each first hearing of it.
    pub speech: Timing,
    /// How late this program acted.
    pub lag: Timing,
    /// First receipts in the measured time.
    pub deliveries: u64,
    /// Bytes received in the measured time.
    pub bytes: u64,
    /// Frames with news in the measured time.
    pub news: Frames,
    /// Frames with nothing but answers in the measured time.
    pub answers_alone: Frames,
    /// Commands sent in the measured time.
    pub commands: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_all_times_added() {
        let (mut one, mut other) = (Timing::default(), Timing::default());
        assert_eq!(one.percentiles(), Percentiles::default());
        for ms in 1..=50 {
            one.record(Duration::from_millis(ms));
            other.record(Duration::from_millis(50 + ms));
        }
        one.add(&other);
        one.add(&Timing::default());
        let found = one.percentiles();
        assert_eq!(found.count, 100);
        let near = |value: f64, ms: f64| (value - ms).abs() <= ms / 900.0;
        assert!(
            near(found.p50_ms, 50.0) && near(found.p99_ms, 99.0) && near(found.max_ms, 100.0),
            "{found:?}"
        );
    }

    #[test]
    fn a_time_beyond_all_bounds_is_kept_at_the_bound() {
        let mut timing = Timing::default();
        timing.record(Duration::from_secs(100_000));
        assert!((timing.percentiles().max_ms - 120_000.0).abs() < 200.0);
    }
}
