//! The hands of a manual clock: how far it was advanced, and who sleeps by it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{oneshot, watch};

/// The hands of a manual clock.
#[derive(Debug, Default)]
pub(super) struct Hands {
    face: Mutex<Face>,
    /// How many sleep.
    asleep: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Face {
    elapsed_ms: u64,
    /// How far the wall time was set apart from that.
    set_by_ms: i64,
    /// Who sleeps, by when to wake and a number of its own.
    sleepers: BTreeMap<(u64, u64), oneshot::Sender<()>>,
    next: u64,
}

/// Takes its sleeper off the clock, however the sleep ends.
struct Bed<'a>(&'a Hands, (u64, u64));

impl Hands {
    pub(super) fn elapsed_ms(&self) -> u64 {
        self.face().elapsed_ms
    }

    pub(super) fn set_by_ms(&self) -> i64 {
        self.face().set_by_ms
    }

    pub(super) fn set_by(&self, ms: i64) {
        let mut face = self.face();
        face.set_by_ms = face.set_by_ms.saturating_add(ms);
    }

    /// Advances and wakes who is due: from now on they count as awake.
    pub(super) fn advance(&self, ms: u64) {
        let mut face = self.face();
        face.elapsed_ms = face.elapsed_ms.saturating_add(ms);
        let first_to_come = (face.elapsed_ms.saturating_add(1), 0);
        let to_come = face.sleepers.split_off(&first_to_come);
        let due = std::mem::replace(&mut face.sleepers, to_come);
        self.asleep.send_replace(face.sleepers.len());
        drop(face);
        for sleeper in due.into_values() {
            // Nobody listens to the alarm of a sleep that was given up.
            let _ = sleeper.send(());
        }
    }

    pub(super) async fn sleep_until(&self, until_ms: u64) {
        let (alarm, ring) = oneshot::channel();
        let _bed = {
            let mut face = self.face();
            if until_ms <= face.elapsed_ms {
                return;
            }
            let key = (until_ms, face.next);
            face.next = face.next.wrapping_add(1);
            face.sleepers.insert(key, alarm);
            self.asleep.send_replace(face.sleepers.len());
            Bed(self, key)
        };
        // The alarm is kept until it rings.
        let _ = ring.await;
    }

    pub(super) async fn all_asleep(&self, sleepers: usize) {
        // The sender lives as long as these hands.
        let _ = self
            .asleep
            .subscribe()
            .wait_for(|asleep| *asleep >= sleepers)
            .await;
    }

    fn face(&self) -> MutexGuard<'_, Face> {
        self.face.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Bed<'_> {
    fn drop(&mut self) {
        let mut face = self.0.face();
        face.sleepers.remove(&self.1);
        self.0.asleep.send_replace(face.sleepers.len());
    }
}
