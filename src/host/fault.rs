//! Planted faults: lets a test make a handler panic at a named point or never answer, or the node believe that it falls behind;
//! and planted defects, to see that the tests find them.
//!
//! Without the feature `faults` this is compiled to nothing.

#[cfg(feature = "faults")]
mod database;

#[cfg(feature = "faults")]
pub use database::{DatabaseFaults, Ended, befall};

/// The variable that plants faults: `point=text;point=text`. Instead of a text, `every 100` plants it in each hundredth pass.
#[cfg(feature = "faults")]
pub const VARIABLE: &str = "ROOKERY_FAULT";

/// What the cache of the defect `dedupe_in_redis_only` knows: like Redis, it may be emptied, here by the end of its process.
#[cfg(feature = "faults")]
static CACHED: std::sync::Mutex<std::collections::BTreeSet<String>> =
    std::sync::Mutex::new(std::collections::BTreeSet::new());

/// What becomes of a COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitFault {
    /// It is done and answered.
    None,
    /// It never arrives, and the connection is lost.
    NeverDone,
    /// It is done, and its answer is lost with the connection.
    Unanswered,
}

/// The database's own clock, when a simulation sets it. Units: milliseconds since 1970.
#[inline(always)]
pub fn database_ms() -> Option<i64> {
    #[cfg(feature = "faults")]
    return database::now_ms();
    #[cfg(not(feature = "faults"))]
    None
}

/// Whether a database takes a new connection, as far as faults go.
#[inline(always)]
pub fn is_reachable() -> bool {
    #[cfg(feature = "faults")]
    return database::is_reachable();
    #[cfg(not(feature = "faults"))]
    true
}

/// Whether a connection is lost before its transaction begins.
#[inline(always)]
pub fn is_cut() -> bool {
    #[cfg(feature = "faults")]
    return database::is_cut();
    #[cfg(not(feature = "faults"))]
    false
}

/// What becomes of the next COMMIT.
#[inline(always)]
pub fn commit() -> CommitFault {
    #[cfg(feature = "faults")]
    return database::commit();
    #[cfg(not(feature = "faults"))]
    CommitFault::None
}

/// Whether a pause before another attempt is over at once: in a simulation nobody else goes on meanwhile.
#[inline(always)]
pub fn is_paused_for() -> bool {
    #[cfg(feature = "faults")]
    return database::pause();
    #[cfg(not(feature = "faults"))]
    false
}

/// Whether that is in the cache.
#[cfg(feature = "faults")]
pub fn is_cached(what: &str) -> bool {
    let cached = CACHED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    cached.contains(what)
}

/// Puts it there.
#[cfg(feature = "faults")]
pub fn cache(what: String) {
    let mut cached = CACHED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    cached.insert(what);
}

/// No: defects are not part of this build.
#[cfg(not(feature = "faults"))]
pub fn is_cached(_what: &str) -> bool {
    false
}

/// Empties it.
#[cfg(feature = "faults")]
pub fn forget_cached() {
    let mut cached = CACHED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    cached.clear();
}

/// Does nothing: defects are not part of this build.
#[cfg(not(feature = "faults"))]
pub fn cache(_what: String) {}

/// Panics when `ROOKERY_FAULT` names this point and its text occurs in what is worked on, or this pass is one of every so many.
#[cfg(feature = "faults")]
#[expect(clippy::panic, reason = "panicking is what a planted fault is for")]
pub fn panic_if(point: &str, text: impl FnOnce() -> String) {
    database::end_if(point);
    if spec().is_empty() {
        return;
    }
    if is_planted(spec(), point, &text()) || is_due(spec(), point) {
        panic!("planted fault at {point}");
    }
}

/// Whether `ROOKERY_FAULT` names this point, whatever is worked on: `point=`.
#[cfg(feature = "faults")]
pub fn is_at(point: &str) -> bool {
    is_planted(spec(), point, "")
}

/// No: faults are not part of this build.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn is_at(_point: &str) -> bool {
    false
}

/// Counts a pass of a point whose fault comes every so many passes, and says whether it comes now.
#[cfg(feature = "faults")]
fn is_due(spec: &str, point: &str) -> bool {
    static PASSES: std::sync::Mutex<std::collections::BTreeMap<String, u64>> =
        std::sync::Mutex::new(std::collections::BTreeMap::new());
    let Some(every) = period(spec, point) else {
        return false;
    };
    let mut passes = PASSES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let pass = passes.entry(point.to_owned()).or_default();
    *pass = pass.wrapping_add(1);
    pass.is_multiple_of(every.get())
}

/// Every how many passes a fault comes at this point; none when it is not planted so.
#[cfg(any(feature = "faults", test))]
fn period(spec: &str, point: &str) -> Option<std::num::NonZeroU64> {
    let mut faults = spec.split(';').filter_map(|fault| fault.split_once('='));
    faults.find_map(|(at, part)| {
        part.strip_prefix("every ")
            .filter(|_| at.trim() == point)?
            .parse()
            .ok()
    })
}

#[cfg(feature = "faults")]
fn spec() -> &'static str {
    static SPEC: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    SPEC.get_or_init(|| std::env::var(VARIABLE).unwrap_or_default())
}

/// Whether `ROOKERY_MUTANT` names this defect: one that a test must find. All are listed in `docs/PROMISES.md`.
#[cfg(feature = "faults")]
pub fn is_mutant(defect: &str) -> bool {
    static CHOSEN: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    CHOSEN.get_or_init(|| std::env::var("ROOKERY_MUTANT").unwrap_or_default()) == defect
}

/// No: defects are not part of this build.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn is_mutant(_defect: &str) -> bool {
    false
}

/// Does nothing: faults are not part of this build.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn panic_if(_point: &str, _text: impl FnOnce() -> String) {}

#[cfg(any(feature = "faults", test))]
fn is_planted(spec: &str, point: &str, text: &str) -> bool {
    let mut faults = spec.split(';').filter_map(|fault| fault.split_once('='));
    faults.any(|(at, part)| at.trim() == point && text.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_needs_its_point_and_its_text() {
        let spec = "region.act=boom; commit=";
        assert!(is_planted(spec, "region.act", "say boom now"));
        assert!(!is_planted(spec, "region.act", "say hello"));
        assert!(!is_planted(spec, "agent.act", "boom"));
        assert!(is_planted(spec, "commit", "anything"));
        assert!(!is_planted("", "commit", ""));
        assert!(!is_planted("commit", "commit", ""));
    }

    #[test]
    fn fault_may_come_every_so_many_passes() {
        let spec = "region.act=every 3; store.commit=every 0;agent.act=every";
        assert_eq!(period(spec, "region.act").map(std::num::NonZeroU64::get), Some(3));
        for point in ["store.commit", "agent.act", "nowhere"] {
            assert_eq!(period(spec, point), None, "{point}");
        }
        assert!(!is_planted(spec, "region.act", "say hello"));
    }

    #[test]
    fn without_a_planted_fault_nothing_happens() {
        panic_if("nowhere", || "nothing".to_owned());
    }
}
