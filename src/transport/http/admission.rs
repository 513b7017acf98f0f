//! Admission: while the node falls behind, sockets open one after the other, so that a herd does not keep it down.

use crate::actors::node::Node;
use crate::base::limit::{OVERLOAD_HANDSHAKE_WAIT_MAX_MS, OVERLOAD_HANDSHAKES_PER_S};
use crate::domain::refusal::{Code, Refusal};
use crate::telemetry::metric;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Time between two turns. Units: milliseconds.
const INTERVAL_MS: i64 = 1_000 / OVERLOAD_HANDSHAKES_PER_S;
/// Soonest and latest return of who finds the line full; drawn, so that a herd comes back spread. The sooner it comes, the more
/// often it comes in vain: the line is no faster for it. Units: milliseconds.
const RETRY_MIN_MS: i64 = 5_000;
const RETRY_MAX_MS: i64 = 10_000;

/// The line of handshakes. It is one number, however many wait.
#[derive(Debug, Default)]
pub struct Admission {
    /// When the next turn is. Units: milliseconds of the monotonic clock.
    next_ms: AtomicI64,
}

impl Admission {
    /// Waits for the turn of a handshake; without overload it is now.
    /// Errors: `overloaded` when too many wait already.
    pub async fn turn(&self, node: &Node) -> Result<(), Refusal> {
        let now_ms = node.clock.monotonic_ms();
        if !node.overload.is_on(now_ms) {
            return Ok(());
        }
        let wait = self.queue(now_ms, node.entropy.u64()).inspect_err(|_refusal| {
            metric::handshakes_refused().increment(1);
        })?;
        if !wait.is_zero() {
            metric::handshakes_delayed().increment(1);
            node.clock.sleep(wait).await;
        }
        Ok(())
    }

    /// How long to wait for the turn that was taken. Errors: `overloaded`; then none was taken.
    fn queue(&self, now_ms: i64, random: u64) -> Result<Duration, Refusal> {
        let wait_ms = |next_ms: i64| next_ms.saturating_sub(now_ms).max(0);
        let take = |next_ms: i64| {
            (wait_ms(next_ms) <= OVERLOAD_HANDSHAKE_WAIT_MAX_MS)
                .then(|| next_ms.max(now_ms).saturating_add(INTERVAL_MS))
        };
        match self
            .next_ms
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
        {
            Ok(next_ms) => Ok(Duration::from_millis(
                u64::try_from(wait_ms(next_ms)).unwrap_or_default(),
            )),
            Err(_full) => {
                let spread = random % RETRY_MAX_MS.abs_diff(RETRY_MIN_MS).saturating_add(1);
                let refusal = Refusal::new(Code::Overloaded, "the server falls behind, come back later");
                Err(refusal.retry_after(RETRY_MIN_MS.saturating_add_unsigned(spread)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::clock::Clock;
    use crate::host::entropy::Entropy;

    const PLACES: i64 = OVERLOAD_HANDSHAKE_WAIT_MAX_MS / INTERVAL_MS + 1;

    #[test]
    fn a_herd_takes_turns_and_who_finds_the_line_full_is_sent_away_for_a_while() {
        let (admission, clock, entropy) = (Admission::default(), Clock::manual(0), Entropy::seeded(1));
        clock.advance(60_000);
        let ask = || admission.queue(clock.monotonic_ms(), entropy.u64());
        for place in 0..PLACES {
            let wait = u64::try_from(place * INTERVAL_MS).unwrap();
            assert_eq!(ask(), Ok(Duration::from_millis(wait)), "the first need not wait");
        }
        let pauses: Vec<i64> = (0..100)
            .map(|_| {
                let refusal = ask().unwrap_err();
                assert_eq!((refusal.code, refusal.code.status()), (Code::Overloaded, 503));
                refusal.retry_after_ms.unwrap()
            })
            .collect();
        assert!(
            pauses
                .iter()
                .all(|pause| (RETRY_MIN_MS..=RETRY_MAX_MS).contains(pause))
        );
        let seconds: std::collections::BTreeSet<i64> = pauses.iter().map(|pause| pause / 1_000).collect();
        assert!(seconds.len() >= 5, "the herd comes back spread: {seconds:?}");
        // Those who were sent away took nobody's turn.
        clock.advance(1_000);
        assert_eq!((0..1_000).filter(|_| ask().is_ok()).count(), 200);
    }

    #[test]
    fn everybody_of_a_herd_of_thousands_gets_in_by_coming_back_when_told() {
        let (admission, entropy) = (Admission::default(), Entropy::seeded(2));
        // 10,000 that come 400 a second: when each comes next, and how often it came.
        let mut herd: std::collections::BTreeSet<(i64, i32, i64)> =
            (0..10_000).map(|number| (number * 5 / 2, 0, number)).collect();
        let (mut tries_most, mut last_in_ms) = (0, 0);
        while let Some((now_ms, tries, number)) = herd.pop_first() {
            match admission.queue(now_ms, entropy.u64()) {
                Ok(wait) => {
                    last_in_ms = last_in_ms.max(now_ms + i64::try_from(wait.as_millis()).unwrap());
                    tries_most = tries_most.max(tries + 1);
                }
                Err(refusal) => {
                    herd.insert((now_ms + refusal.retry_after_ms.unwrap(), tries + 1, number));
                }
            }
        }
        // Two hundred a second, all the time.
        assert!(last_in_ms < 60_000, "the last came in after {last_in_ms} ms");
        // As often as the swarm's clients try.
        assert!(tries_most <= 10, "somebody tried {tries_most} times");
    }

    #[test]
    fn a_line_that_was_left_alone_owes_nobody_a_rush() {
        let admission = Admission::default();
        assert_eq!(admission.queue(1_000, 0), Ok(Duration::ZERO));
        assert_eq!(admission.queue(500_000, 0), Ok(Duration::ZERO));
        assert_eq!(admission.queue(500_000, 0), Ok(Duration::from_millis(5)));
    }
}
