//! The count of deliveries: each thing sent must reach everybody it is meant for, and counts once for each of them.

use super::seats::Seats;
use std::collections::VecDeque;
use std::time::Duration;

/// Something sent that somebody has not received yet.
#[derive(Debug)]
struct Sent {
    /// What tells it from everything else of its sender.
    key: u64,
    at: Duration,
    /// Who must still get it.
    due: Seats,
    /// Who of them got something later of the same sender in its place.
    passed: Seats,
    is_measured: bool,
}

/// Totals of what was sent in the measured time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Things sent.
    pub sent: u64,
    /// Deliveries that had to happen.
    pub expected: u64,
    /// Deliveries that did.
    pub received: u64,
    /// Deliveries that did not happen, though something later of the same sender came: two walks within one tick of the
    /// server are told as one.
    pub superseded: u64,
    /// Things sent that did not reach all.
    pub incomplete: u64,
}

impl Totals {
    /// Deliveries that did not happen.
    pub fn missing(&self) -> u64 {
        self.expected.saturating_sub(self.received)
    }
}

/// A first delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// When it was sent.
    pub sent_at: Duration,
    /// Whether it was sent in the measured time.
    pub is_measured: bool,
}

/// What is on its way, by sender.
#[derive(Debug, Default)]
pub struct Ledger {
    senders: Vec<VecDeque<Sent>>,
    totals: Totals,
}

impl Ledger {
    /// An empty ledger for so many senders.
    pub fn new(senders: usize) -> Self {
        Self {
            senders: std::iter::repeat_with(VecDeque::new).take(senders).collect(),
            totals: Totals::default(),
        }
    }

    /// Notes that a sender sent something to an audience.
    pub fn sent(&mut self, sender: usize, key: u64, at: Duration, audience: Seats, is_measured: bool) {
        if is_measured {
            self.totals.sent = self.totals.sent.saturating_add(1);
            self.totals.expected = self.totals.expected.saturating_add(audience.len());
        }
        let Some(underway) = self.senders.get_mut(sender).filter(|_| !audience.is_empty()) else {
            return;
        };
        underway.push_back(Sent {
            key,
            at,
            due: audience,
            passed: Seats::default(),
            is_measured,
        });
    }

    /// Whether something of a sender with this key is on its way.
    pub fn is_underway(&self, sender: usize, key: u64) -> bool {
        let underway = self.senders.get(sender).into_iter().flatten();
        underway.into_iter().any(|sent| sent.key == key)
    }

    /// Notes that somebody received something. `None` when it was received before, or not meant for this seat.
    pub fn received(&mut self, sender: usize, key: u64, seat: usize) -> Option<Delivery> {
        let underway = self.senders.get_mut(sender)?;
        let index = underway.iter().position(|sent| sent.key == key)?;
        let sent = underway.get_mut(index)?;
        if !sent.due.remove(seat) {
            return None;
        }
        let delivery = Delivery {
            sent_at: sent.at,
            is_measured: sent.is_measured,
        };
        for earlier in underway.iter_mut().take(index) {
            if earlier.due.contains(seat) {
                earlier.passed.insert(seat);
            }
        }
        if underway.get(index).is_some_and(|sent| sent.due.is_empty()) {
            underway.remove(index);
        }
        if delivery.is_measured {
            self.totals.received = self.totals.received.saturating_add(1);
        }
        Some(delivery)
    }

    /// The server refused it: nobody has to receive it. What was received all the same stays counted.
    pub fn refused(&mut self, sender: usize, key: u64) {
        let Some(underway) = self.senders.get_mut(sender) else {
            return;
        };
        let Some(index) = underway.iter().position(|sent| sent.key == key) else {
            return;
        };
        if let Some(sent) = underway.remove(index).filter(|sent| sent.is_measured) {
            self.totals.sent = self.totals.sent.saturating_sub(1);
            self.totals.expected = self.totals.expected.saturating_sub(sent.due.len());
        }
    }

    /// Somebody's socket is gone: nothing of these senders has to reach this seat any more.
    pub fn gone(&mut self, senders: impl IntoIterator<Item = usize>, seat: usize) {
        for sender in senders {
            let Some(underway) = self.senders.get_mut(sender) else {
                continue;
            };
            for sent in underway.iter_mut() {
                if sent.due.remove(seat) && sent.is_measured {
                    self.totals.expected = self.totals.expected.saturating_sub(1);
                }
            }
            underway.retain(|sent| !sent.due.is_empty());
        }
    }

    /// Whether everything sent in the measured time reached everybody.
    pub fn is_complete(&self) -> bool {
        self.totals.missing() == 0
    }

    /// The totals of now.
    pub fn totals(&self) -> Totals {
        let mut totals = self.totals;
        for sent in self.senders.iter().flatten().filter(|sent| sent.is_measured) {
            // What came all the same, late, is due no more.
            let superseded = sent.passed.common(&sent.due);
            totals.incomplete = totals.incomplete.saturating_add(1);
            totals.superseded = totals.superseded.saturating_add(superseded);
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Duration = Duration::from_secs(1);

    fn seats(of: &[usize]) -> Seats {
        let mut seats = Seats::default();
        for seat in of {
            seats.insert(*seat);
        }
        seats
    }

    fn totals(sent: u64, expected: u64, received: u64, incomplete: u64) -> Totals {
        Totals {
            sent,
            expected,
            received,
            superseded: 0,
            incomplete,
        }
    }

    #[test]
    fn a_delivery_counts_once_however_often_it_comes() {
        let mut ledger = Ledger::new(2);
        ledger.sent(1, 7, AT, seats(&[0, 2]), true);
        let first = Delivery {
            sent_at: AT,
            is_measured: true,
        };
        assert_eq!(ledger.received(1, 7, 0), Some(first));
        assert_eq!(ledger.received(1, 7, 0), None, "the same again");
        assert_eq!(ledger.received(1, 7, 2), Some(first));
        assert_eq!(ledger.received(1, 7, 2), None, "again after it is complete");
        assert_eq!(ledger.totals(), totals(1, 2, 2, 0));
        assert!(ledger.is_complete());
    }

    #[test]
    fn what_does_not_come_is_missing_and_a_later_one_is_no_excuse() {
        let mut ledger = Ledger::new(1);
        ledger.sent(0, 1, AT, seats(&[1, 2]), true);
        ledger.sent(0, 2, AT * 2, seats(&[1, 2]), true);
        for seat in [1, 2] {
            assert!(ledger.received(0, 2, seat).is_some());
        }
        assert_eq!(ledger.totals().superseded, 2);
        assert!(ledger.received(0, 1, 1).is_some());
        assert_eq!(
            ledger.totals(),
            Totals {
                superseded: 1,
                ..totals(2, 4, 3, 1)
            }
        );
        assert_eq!(ledger.totals().missing(), 1);
        assert!(!ledger.is_complete() && ledger.is_underway(0, 1) && !ledger.is_underway(0, 2));
    }

    #[test]
    fn nobody_outside_the_audience_counts() {
        let mut ledger = Ledger::new(1);
        ledger.sent(0, 1, AT, seats(&[1]), true);
        assert_eq!(ledger.received(0, 1, 5), None);
        assert_eq!(ledger.received(0, 9, 1), None, "a key that was never sent");
        assert_eq!(ledger.received(3, 1, 1), None, "a sender that there is not");
        assert_eq!(ledger.totals().missing(), 1);
    }

    #[test]
    fn what_was_sent_outside_the_measured_time_is_delivered_but_not_counted() {
        let mut ledger = Ledger::new(1);
        ledger.sent(0, 1, AT, seats(&[1, 2]), false);
        assert!(
            ledger
                .received(0, 1, 1)
                .is_some_and(|delivery| !delivery.is_measured)
        );
        assert_eq!(ledger.totals(), Totals::default());
    }

    #[test]
    fn a_refusal_and_a_lost_socket_take_back_what_was_expected() {
        let mut ledger = Ledger::new(2);
        ledger.sent(0, 1, AT, seats(&[1, 2]), true);
        ledger.sent(1, 1, AT, seats(&[0, 2]), true);
        ledger.refused(0, 1);
        assert_eq!(ledger.totals(), totals(1, 2, 0, 1));
        ledger.gone([0, 1], 2);
        assert!(ledger.received(1, 1, 0).is_some());
        assert_eq!(ledger.totals(), totals(1, 1, 1, 0));
    }
}
