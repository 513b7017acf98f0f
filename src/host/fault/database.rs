//! What a simulation does to the databases of its thread: their clock, and the connections and commits that get lost. A
//! simulation has many nodes in one thread, and SQLite for the server that they share.

use super::CommitFault;
use std::cell::RefCell;

/// The faults of the databases of a thread, drawn one by one.
pub trait DatabaseFaults {
    /// The server's own clock, by which leases are judged. Units: milliseconds since 1970.
    fn now_ms(&mut self) -> i64;
    /// Whether a new connection is taken.
    fn is_reachable(&mut self) -> bool;
    /// Whether a connection is lost before its transaction begins.
    fn is_cut(&mut self) -> bool;
    /// What becomes of the next COMMIT.
    fn commit(&mut self) -> CommitFault;
    /// Whether the process ends at a point of the code.
    fn is_end(&mut self, point: &str) -> bool;
    /// Somebody waits before another attempt; no time passes elsewhere.
    fn pause(&mut self);
}

thread_local! {
    static FAULTS: RefCell<Option<Box<dyn DatabaseFaults>>> = const { RefCell::new(None) };
}

/// What a process that ends unwinds with; nobody is told of it.
#[derive(Debug)]
pub struct Ended;

/// Lets these faults befall the databases of this thread from now on; none for no faults.
pub fn befall(faults: Option<Box<dyn DatabaseFaults>>) {
    FAULTS.set(faults);
}

/// Asks the faults of this thread; none when there are none.
fn ask<T>(question: impl FnOnce(&mut dyn DatabaseFaults) -> T) -> Option<T> {
    FAULTS.with_borrow_mut(|faults| faults.as_mut().map(|faults| question(faults.as_mut())))
}

pub(super) fn now_ms() -> Option<i64> {
    ask(|faults| faults.now_ms())
}

pub(super) fn is_reachable() -> bool {
    ask(|faults| faults.is_reachable()).unwrap_or(true)
}

pub(super) fn is_cut() -> bool {
    ask(|faults| faults.is_cut()).unwrap_or(false)
}

pub(super) fn commit() -> CommitFault {
    ask(|faults| faults.commit()).unwrap_or(CommitFault::None)
}

pub(super) fn end_if(point: &str) {
    if ask(|faults| faults.is_end(point)).unwrap_or(false) {
        std::panic::resume_unwind(Box::new(Ended));
    }
}

pub(super) fn pause() -> bool {
    ask(|faults| faults.pause()).is_some()
}
