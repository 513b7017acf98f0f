//! The ticks of `system.timer.*`. Each timer has one leader: the home of its channel, and no node is that without a proven lease.
//!
//! Invariant: a tick is published at most once. A node that becomes a timer's home leaves what was due until then, and for a moment
//! after it, to the one before: that one's clock may have been ahead. So a tick that is due while the home moves may be left out.

use super::desk::Draft;
use super::home::{Home, Way, way};
use super::{publish, wrap};
use crate::actors::node::Node;
use crate::base::time::Timestamp;
use crate::domain::timer::Timer;
use std::sync::Arc;
use std::time::Duration;

/// Clocks of nodes are apart by less than this. Units: milliseconds.
const CLOCKS_APART_MS: i64 = 1_000;
/// Whom a tick comes from.
const SENDER: &str = "system";

/// The timers of a node.
pub struct Timers(Vec<Led>);

struct Led {
    timer: Timer,
    channel: String,
    /// None while another node leads.
    since: Option<Since>,
}

/// How a node leads a timer.
#[derive(Clone, Copy)]
struct Since {
    home: Option<Home>,
    /// What was due until then is published, or was another's.
    done: Timestamp,
}

impl Default for Timers {
    fn default() -> Self {
        let led = |timer: Timer| Led {
            timer,
            channel: timer.channel(),
            since: None,
        };
        Self(Timer::all().map(led).collect())
    }
}

impl Timers {
    /// Publishes what was due since the last look: of each timer the latest tick, and none of before this node led it.
    pub fn look(&mut self, node: &Node) {
        // Goes on steadily when the clock is set back; when it is set forward, what lies between is left out.
        let now = node.now();
        for led in &mut self.0 {
            led.look(node, now);
        }
    }
}

impl Led {
    fn look(&mut self, node: &Node, now: Timestamp) {
        let Ok(Way::Here(home)) = way(node, &self.channel) else {
            self.since = None;
            return;
        };
        let Some(since) = self.since.filter(|since| since.home == home) else {
            let apart_ms = if home.is_some() { CLOCKS_APART_MS } else { 0 };
            let done = now.plus_ms(apart_ms);
            self.since = Some(Since { home, done });
            return;
        };
        let Some(due) = self.timer.due_at(now).filter(|due| *due > since.done) else {
            return;
        };
        self.since = Some(Since { home, done: due });
        let Some(payload) = self
            .timer
            .tick(due)
            .and_then(|tick| serde_json::to_vec(&tick).ok())
        else {
            return;
        };
        let draft = Draft {
            data: wrap(SENDER, now.0, &payload),
            publisher: None,
            key: SENDER.to_owned(),
            is_kept: false,
        };
        if let Err(refusal) = publish(node, &self.channel, home, draft) {
            tracing::warn!("a tick of {} was not published: {refusal}", self.channel);
        }
    }
}

/// Looks at every second, for as long as the node runs.
pub async fn keep_timing(node: Arc<Node>) {
    let mut timers = Timers::default();
    loop {
        timers.look(&node);
        let left_ms = 1_000_i64.saturating_sub(node.now().0.rem_euclid(1_000));
        node.clock
            .sleep(Duration::from_millis(u64::try_from(left_ms).unwrap_or(1_000)))
            .await;
    }
}
