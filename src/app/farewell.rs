//! How sockets hear that their node stops. Where other nodes go on, not all come to them at the same moment.

use crate::actors::hub::{HubMessage, Whom};
use crate::actors::node::Node;
use crate::wire::Disconnect;
use std::time::Duration;

/// Between two sockets that are told, on average.
const APART: Duration = Duration::from_millis(2);
/// From the first to the last, at most. Source: durability.md §2.6.
const SPREAD_MAX: Duration = Duration::from_secs(5);
/// Between two slices of the sockets.
const STEP: Duration = Duration::from_millis(50);

/// Tells all sockets to come back (3001). `sockets`: about how many there are; `left`: what is left of the stop's grace.
pub async fn tell(node: &Node, sockets: u64, left: Duration) {
    let slices = if node.peers.all().is_empty() {
        // Nobody else takes them in: they try again until a node is there, each at its own pace.
        1
    } else {
        slices(sockets, left)
    };
    for number in 1..slices {
        order(node, &Whom::Slice(number, slices));
        tokio::time::sleep(STEP).await;
    }
    // The last slice, whoever came meanwhile, and whoever still comes.
    order(node, &Whom::All);
}

/// Into how many slices so many sockets are divided: not more at a time than others take in easily, and done with half of the
/// grace, since sockets need some of it to end.
fn slices(sockets: u64, left: Duration) -> u32 {
    let sockets = u32::try_from(sockets).unwrap_or(u32::MAX);
    let spread = APART.saturating_mul(sockets).min(SPREAD_MAX).min(left / 2);
    u32::try_from(spread.as_millis() / STEP.as_millis()).map_or(1, |slices| slices.max(1))
}

fn order(node: &Node, whom: &Whom) {
    for hub in node.directory.hubs().iter() {
        // Past the bound: a hub that is behind must hear of it too.
        hub.seat
            .order(HubMessage::Close(whom.clone(), Disconnect::SHUTDOWN));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_told_over_seconds_and_few_at_once() {
        let grace = Duration::from_secs(10);
        assert_eq!(slices(0, grace), 1);
        assert_eq!(slices(40, grace), 1);
        assert_eq!(slices(500, grace), 20);
        assert_eq!(slices(u64::MAX, grace), 100);
        // Little is left of the grace.
        assert_eq!(slices(50_000, Duration::from_secs(1)), 10);
        assert_eq!(slices(50_000, Duration::ZERO), 1);
    }
}
