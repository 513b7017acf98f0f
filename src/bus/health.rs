//! Whether Redis answers.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use super::{BusStatus, count};
use crate::base::time::Timestamp;
use crate::host::clock::Clock;

/// How long making or finding a connection may take.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Redis did not do what it was asked. What is known about it is in the log and in the status.
#[derive(Debug)]
pub(super) struct Failed;

/// What is known about Redis: the link hears, the commands speak.
pub(super) struct Health {
    is_link_up: AtomicBool,
    /// Whether the log says why there is no link.
    is_explained: AtomicBool,
    do_commands_work: AtomicBool,
    last_error_ms: AtomicI64,
    clock: Clock,
}

impl Health {
    pub fn new(clock: Clock) -> Self {
        Self {
            is_link_up: AtomicBool::new(false),
            is_explained: AtomicBool::new(false),
            // The link tells first whether Redis is there; commands are believed in until one fails.
            do_commands_work: AtomicBool::new(true),
            last_error_ms: AtomicI64::new(i64::MIN),
            clock,
        }
    }

    pub fn link(&self, is_up: bool) {
        self.note(is_up);
        let was_up = self.is_link_up.swap(is_up, Ordering::SeqCst);
        if is_up && !was_up {
            self.is_explained.store(false, Ordering::SeqCst);
            tracing::info!("bus hears redis");
        } else if was_up && !is_up {
            tracing::warn!("bus hears redis no longer, trying again");
        }
        count::is_up(self.is_up());
    }

    /// Says why there is no link, once until there is one.
    pub fn unheard(&self, reason: &str) {
        if !self.is_explained.swap(true, Ordering::SeqCst) {
            tracing::warn!(reason, "bus does not reach redis, trying again: {reason}");
        }
    }

    pub fn commands(&self, outcome: Result<(), &str>) {
        self.note(outcome.is_ok());
        let did_work = self.do_commands_work.swap(outcome.is_ok(), Ordering::SeqCst);
        match outcome {
            Ok(()) if !did_work => tracing::info!("redis takes commands again"),
            Err(reason) if did_work => tracing::warn!(reason, "redis does not take commands: {reason}"),
            Ok(()) | Err(_) => {}
        }
        count::is_up(self.is_up());
    }

    pub fn do_commands_work(&self) -> bool {
        self.do_commands_work.load(Ordering::SeqCst)
    }

    pub fn status(&self) -> BusStatus {
        // Read before the time of the error: whoever is degraded has one.
        let is_degraded = !self.is_up();
        let last_error_ms = self.last_error_ms.load(Ordering::SeqCst);
        BusStatus {
            kind: "redis",
            is_degraded,
            last_error_at: (last_error_ms != i64::MIN).then_some(Timestamp(last_error_ms)),
        }
    }

    fn is_up(&self) -> bool {
        self.is_link_up.load(Ordering::SeqCst) && self.do_commands_work()
    }

    /// Notes the time of an error, before anybody sees that there is one.
    fn note(&self, is_well: bool) {
        if !is_well {
            self.last_error_ms.store(self.clock.now_ms(), Ordering::SeqCst);
        }
    }
}
