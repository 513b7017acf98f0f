//! What a seed draws for a run: how many nodes, and how much goes wrong.

use crate::dice::Dice;
use crate::faults::Odds;

/// How a run is.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// Nodes at a time.
    pub nodes: usize,
    /// How long things go wrong. Units: milliseconds.
    pub length_ms: u64,
    /// Between two troubles. Units: milliseconds.
    pub trouble_every_ms: u64,
    /// What befalls commits.
    pub odds: Odds,
    /// Batches between nodes that get lost, come twice, come late. Units: of ten thousand.
    pub lost: u64,
    pub doubled: u64,
    pub late: u64,
    /// The longest that a commit is on its way to the database, and its answer back. Units: milliseconds.
    pub commit_delay_ms: u64,
    /// One commit in so many hangs for longer than a lease.
    pub hanging_one_in: u64,
}

impl Profile {
    pub fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 1);
        // In a third of the runs a kind of fault does not occur, so that others come to the fore.
        let mut odds = |most: u64| if dice.below(3) == 0 { 0 } else { dice.below(most) };
        let commits = Odds {
            cut: odds(300),
            never_done: odds(800),
            unanswered: odds(800),
            away_after: odds(4_000),
            end_before: odds(150),
            end_after: odds(150),
        };
        let (lost, doubled, late) = (odds(1_500), odds(1_000), odds(1_500));
        Self {
            nodes: 2 + dice.index(3),
            length_ms: 20_000 + dice.below(20_000),
            trouble_every_ms: 1_500 + dice.below(6_000),
            odds: commits,
            lost,
            doubled,
            late,
            commit_delay_ms: 2 + dice.below(60),
            hanging_one_in: 30 + dice.below(200),
        }
    }
}
