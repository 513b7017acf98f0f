//! How often an agent did what in the running minute, for outside tools. Nothing here limits anything.

use crate::base::time::Timestamp;
use crate::bus::mirror::MirrorRate;
use crate::domain::agent::Handle;
use std::collections::BTreeMap;

/// The window of a counter. Units: milliseconds. Source: features.md CB-20.
const WINDOW_MS: i64 = 60_000;

/// Counters by action. As many as the table has actions at the most.
#[derive(Debug, Default)]
pub(super) struct Rates {
    since: Option<Timestamp>,
    counts: BTreeMap<&'static str, u64>,
    is_changed: bool,
}

impl Rates {
    /// Counts an action.
    pub(super) fn note(&mut self, action: &'static str, now: Timestamp) {
        if self.is_over(now) {
            self.counts.clear();
            self.since = Some(now);
        }
        let count = self.counts.entry(action).or_default();
        *count = count.saturating_add(1);
        self.is_changed = true;
    }

    /// The counters of the running minute, when one changed since the last time.
    pub(super) fn take(&mut self, agent: &Handle, now: Timestamp) -> Vec<MirrorRate> {
        if !std::mem::take(&mut self.is_changed) || self.is_over(now) {
            return Vec::new();
        }
        let rate = |(action, count): (&&'static str, &u64)| MirrorRate {
            agent_id: agent.to_string(),
            action: (*action).to_owned(),
            count: *count,
        };
        self.counts.iter().map(rate).collect()
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.since.is_none_or(|since| now.since_ms(since) >= WINDOW_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_given_when_they_changed_and_begin_again_each_minute() {
        let agent = Handle::new("alice").unwrap();
        let mut rates = Rates::default();
        assert!(rates.take(&agent, Timestamp(0)).is_empty());
        rates.note("say", Timestamp(1_000));
        rates.note("say", Timestamp(2_000));
        let taken = rates.take(&agent, Timestamp(2_500));
        assert_eq!(
            (taken.len(), taken[0].action.as_str(), taken[0].count),
            (1, "say", 2)
        );
        assert!(rates.take(&agent, Timestamp(3_000)).is_empty());
        rates.note("pay", Timestamp(61_000));
        assert_eq!(
            rates
                .take(&agent, Timestamp(62_000))
                .iter()
                .map(|rate| rate.action.as_str())
                .collect::<Vec<_>>(),
            ["pay"]
        );
        rates.note("say", Timestamp(120_000));
        assert!(
            rates.take(&agent, Timestamp(121_000)).is_empty(),
            "of a minute that is over"
        );
    }
}
