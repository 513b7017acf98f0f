//! Percentiles of measured times.

use std::time::Duration;

/// The value that a share of all lie below. Units of `share`: per mille.
pub fn percentile(times: &mut [Duration], share: usize) -> Duration {
    times.sort_unstable();
    let index = (times.len() * share / 1_000).min(times.len().saturating_sub(1));
    times.get(index).copied().unwrap_or_default()
}

/// As milliseconds with two digits.
pub fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
