//! Runs: one a seed, on as many threads as there are processors; each is a world of its own.

use crate::world::{Tally, World};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Seeds that failed once: what they found is mended, and they are run ever after. These three: the transaction of an offer came
/// after the next node had loaded the agent from its row, and the agent was in two places for good.
pub const FIXED: &[u64] = &[17, 19, 102];

/// Failures that are told of.
const TOLD_MAX: usize = 40;

/// What a run came to.
pub struct Ran {
    pub tally: Tally,
    pub digest: u64,
    /// What must never be, with the last lines of the run.
    pub failure: Option<String>,
}

/// Runs a seed.
pub fn run(seed: u64) -> Ran {
    let mut world = World::new(seed);
    // Whatever ends it, its seed is told.
    let ended = catch_unwind(AssertUnwindSafe(|| world.run()));
    let failure = ended.unwrap_or_else(|panic| Err(text_of(&*panic))).err();
    let failure = failure.map(|why| format!("{}seed {seed} at {} ms: {why}", world.story(), world.now_ms));
    Ran {
        tally: world.tally,
        digest: world.digest,
        failure,
    }
}

/// What a panic said.
fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let said = text
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("something");
    format!("a panic: {said}")
}

/// Runs seeds; tells of the first that fails how to run it alone.
pub fn run_all(seeds: impl IntoIterator<Item = u64>) -> Tally {
    let seeds: Vec<u64> = seeds.into_iter().collect();
    let next = AtomicU64::new(0);
    let (total, failures) = (Mutex::new(Tally::default()), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).expect("it is small");
                    let Some(seed) = seeds.get(index) else { break };
                    let ran = run(*seed);
                    total.lock().expect("nobody panics").add(&ran.tally);
                    if let Some(failure) = ran.failure {
                        failures.lock().expect("nobody panics").push((*seed, failure));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("nobody panics");
    failures.sort();
    if let Some((seed, failure)) = failures.first() {
        let why = |failure: &String| failure.lines().next_back().unwrap_or_default().to_owned();
        let all: Vec<String> = failures
            .iter()
            .take(TOLD_MAX)
            .map(|(_, failure)| why(failure))
            .collect();
        panic!(
            "{failure}\n\n{}\n{} of {} seeds failed; alone: make sim SEED={seed}",
            all.join("\n"),
            failures.len(),
            seeds.len()
        );
    }
    total.into_inner().expect("nobody panics")
}
