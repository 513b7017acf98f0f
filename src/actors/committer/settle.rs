//! What follows from the outcome of a commit.

use crate::domain::refusal::Refusal;
use crate::store::commit::Outcome;

/// What is done when a commit's outcome is known, before anybody hears of it: memory follows the disk.
///
/// It is always called: dropped uncalled (a full queue, a failed actor) it is told `unavailable`.
pub struct Settle(Option<Work>);

type Work = Box<dyn FnOnce(&Result<Outcome, Refusal>) + Send>;

impl Settle {
    /// Something to do when the outcome is known.
    pub fn new(work: impl FnOnce(&Result<Outcome, Refusal>) + Send + 'static) -> Self {
        Self(Some(Box::new(work)))
    }

    /// Does it.
    pub fn call(mut self, outcome: &Result<Outcome, Refusal>) {
        if let Some(work) = self.0.take() {
            work(outcome);
        }
    }
}

impl Drop for Settle {
    fn drop(&mut self) {
        if let Some(work) = self.0.take() {
            work(&Err(Refusal::unavailable()));
        }
    }
}
