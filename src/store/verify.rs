//! The invariants of the database. Source: durability.md §3.6.

use super::{Reader, Result};

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// `I1` to `I9`.
    pub invariant: &'static str,
    /// What was found.
    pub detail: String,
}

impl Reader {
    /// Checks the invariants on one consistent snapshot. Empty: all hold.
    pub fn verify(&mut self) -> Result<Vec<Violation>> {
        todo!()
    }
}
