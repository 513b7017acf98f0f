//! What befalls the database, and whoever speaks with it: drawn from the run's seed.

use crate::dice::Dice;
use rookery::host::fault::{CommitFault, DatabaseFaults};
use std::cell::RefCell;
use std::rc::Rc;

/// How often what happens while a node speaks with the database. Units: of ten thousand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Odds {
    /// A connection is lost before a transaction.
    pub cut: u64,
    /// A COMMIT never arrives.
    pub never_done: u64,
    /// A COMMIT is done, and its answer lost.
    pub unanswered: u64,
    /// After either, the database is away for a while.
    pub away_after: u64,
    /// The process ends when all is written and nothing committed.
    pub end_before: u64,
    /// The process ends when all is committed and nobody told.
    pub end_after: u64,
}

/// What was injected.
#[derive(Clone, Copy, Debug, Default)]
pub struct Injected {
    pub cuts: u64,
    pub never_done: u64,
    pub unanswered: u64,
    pub ends_before: u64,
    pub ends_after: u64,
    pub pauses: u64,
}

/// The database's side of a run.
pub struct Weather {
    /// The true time, by which the database goes. Units: milliseconds since 1970.
    pub now_ms: i64,
    /// What may happen now; nothing while nobody but the witness asks.
    pub odds: Odds,
    /// Nobody reaches the database: for who speaks with it now, or until a time.
    pub is_partitioned: bool,
    away_for: u64,
    /// Commits that were asked for: without a new one there is nothing new to see.
    pub commits: u64,
    dice: Dice,
    /// What happened so far.
    pub injected: Injected,
}

/// The faults as the store meets them, and as the world sets them.
#[derive(Clone)]
pub struct Faults(Rc<RefCell<Weather>>);

impl Faults {
    pub fn new(seed: u64, now_ms: i64) -> Self {
        Self(Rc::new(RefCell::new(Weather {
            now_ms,
            odds: Odds::default(),
            is_partitioned: false,
            away_for: 0,
            commits: 0,
            dice: Dice::new(seed, 11),
            injected: Injected::default(),
        })))
    }

    /// Looks at what befalls, or sets it.
    pub fn with<T>(&self, look: impl FnOnce(&mut Weather) -> T) -> T {
        look(&mut self.0.borrow_mut())
    }

    /// Runs a body while these odds hold, then none.
    pub fn during<T>(&self, odds: Odds, is_partitioned: bool, body: impl FnOnce() -> T) -> T {
        self.with(|weather| {
            (weather.odds, weather.is_partitioned, weather.away_for) = (odds, is_partitioned, 0);
        });
        let done = body();
        self.calm();
        done
    }

    /// Nothing happens any more.
    pub fn calm(&self) {
        self.with(|weather| {
            (weather.odds, weather.is_partitioned, weather.away_for) = (Odds::default(), false, 0);
        });
    }
}

impl Weather {
    fn falls(&mut self, odds: u64) -> bool {
        odds > 0 && self.dice.below(10_000) < odds
    }

    /// A connection was lost in the middle: perhaps it does not come back at once.
    fn go_away(&mut self) {
        if self.falls(self.odds.away_after) {
            self.away_for = 1 + self.dice.below(90);
        }
    }
}

impl DatabaseFaults for Faults {
    fn now_ms(&mut self) -> i64 {
        self.with(|weather| weather.now_ms)
    }

    fn is_reachable(&mut self) -> bool {
        self.with(|weather| !weather.is_partitioned && weather.away_for == 0)
    }

    fn is_cut(&mut self) -> bool {
        self.with(|weather| {
            let is_cut = weather.falls(weather.odds.cut);
            if is_cut {
                weather.injected.cuts += 1;
                weather.go_away();
            }
            is_cut
        })
    }

    fn commit(&mut self) -> CommitFault {
        self.with(|weather| {
            weather.commits += 1;
            if weather.falls(weather.odds.never_done) {
                weather.injected.never_done += 1;
                weather.go_away();
                CommitFault::NeverDone
            } else if weather.falls(weather.odds.unanswered) {
                weather.injected.unanswered += 1;
                weather.go_away();
                CommitFault::Unanswered
            } else {
                CommitFault::None
            }
        })
    }

    fn is_end(&mut self, point: &str) -> bool {
        self.with(|weather| match point {
            "store.commit" if weather.falls(weather.odds.end_before) => {
                weather.injected.ends_before += 1;
                true
            }
            "store.committed" if weather.falls(weather.odds.end_after) => {
                weather.injected.ends_after += 1;
                true
            }
            _ => false,
        })
    }

    // The one who waits keeps its thread; the database's clock goes on.
    fn pause(&mut self) {
        self.with(|weather| {
            weather.now_ms += 25;
            weather.injected.pauses += 1;
            weather.away_for = weather.away_for.saturating_sub(1);
        });
    }
}
