//! Putting back what owners decided about channels, portion by portion, beside a running world.
//!
//! Invariant: what is put back is for the same ones who decided it. A name that is another agent's by now, or an app that is another
//! one of its name, gets nothing.

mod put;
mod sweep;

use super::record::{Record, Tally};
use super::{hold_head, note_changes};
use crate::base::time::Timestamp;
use crate::store::{Result, Store};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

/// How something is put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// What is there stays as it is.
    Merge,
    /// What is there goes, unless it is in the backup. Names of users stay.
    Replace,
}

/// What came of it so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// What was written.
    pub written: Tally,
    /// What the backup holds and was there already.
    pub unchanged: u64,
    /// What was left out: it is about somebody who is not there, or is somebody else by now.
    pub left_out: u64,
    /// What was there and is not in the backup.
    pub removed: u64,
}

/// A backup that is being put back.
pub struct Restoring {
    manner: Manner,
    /// Until when keys stay revoked of apps that go.
    revoked_until: Timestamp,
    /// Who is who it was: handles, and `app:<app>`.
    admitted: HashSet<String>,
    /// Of the apps among them, when each was made: it may go meanwhile, and another one have its name. Units: milliseconds since 1970.
    apps: HashMap<String, i64>,
    /// What the backup holds, by hashes, for `Replace`.
    kept: HashSet<Mark>,
    /// What came of it so far.
    pub restored: Restored,
}

/// What stands for a row, whatever its length.
type Mark = [u8; 16];

/// What one transaction did; it counts when that is committed.
#[derive(Default)]
struct Step {
    admitted: HashSet<String>,
    apps: Vec<(String, i64)>,
    kept: Vec<Mark>,
    restored: Restored,
    /// Channels whose rules or adverts changed.
    channels: Vec<String>,
}

impl Restoring {
    /// Nothing is put back yet.
    pub fn new(manner: Manner, revoked_until: Timestamp) -> Self {
        Self {
            manner,
            revoked_until,
            admitted: HashSet::new(),
            apps: HashMap::new(),
            kept: HashSet::new(),
            restored: Restored::default(),
        }
    }

    /// Takes in what was committed.
    fn settle(&mut self, step: Step) {
        self.admitted.extend(step.admitted);
        self.apps.extend(step.apps);
        self.kept.extend(step.kept);
        let (sum, more) = (&mut self.restored, &step.restored);
        sum.written.extend(&more.written);
        sum.unchanged = sum.unchanged.saturating_add(more.unchanged);
        sum.left_out = sum.left_out.saturating_add(more.left_out);
        sum.removed = sum.removed.saturating_add(more.removed);
    }
}

impl Store {
    /// Puts a portion back, in one transaction; portions in the order of the backup. Running nodes hear of it as of every change.
    pub fn restore_channels(
        &mut self,
        restoring: &mut Restoring,
        records: &[Record],
        now: Timestamp,
    ) -> Result<()> {
        let step = self.write("restore channels", |conn| {
            // First, as everybody does who decides about channels: else two could wait for one another.
            hold_head(conn)?;
            let mut step = Step::default();
            put::names(conn, &mut step, records)?;
            put::apps(conn, restoring, &mut step, records, now)?;
            put::rest(conn, restoring, &mut step, records)?;
            tell(conn, &mut step, now)?;
            Ok(step)
        })?;
        restoring.settle(step);
        Ok(())
    }

    /// The end of `Replace`, after all portions: removes what the backup does not hold. Of `Merge` there is nothing to do.
    pub fn sweep_channels(&mut self, restoring: &mut Restoring, now: Timestamp) -> Result<()> {
        match restoring.manner {
            Manner::Merge => Ok(()),
            Manner::Replace => sweep::sweep(self, restoring, now),
        }
    }
}

/// Lets nodes know of what changed.
fn tell(conn: &mut super::Conn, step: &mut Step, now: Timestamp) -> diesel::QueryResult<()> {
    step.channels.sort_unstable();
    step.channels.dedup();
    if step.channels.is_empty() {
        return Ok(());
    }
    note_changes(conn, &step.channels, now)
}

/// A row's mark: the table and the key.
fn mark(table: &str, first: &str, second: &str) -> Mark {
    let mut hash = Sha256::new();
    for part in [table, first, second] {
        hash.update(part.as_bytes());
        // No text of the database holds it.
        hash.update([0]);
    }
    let mut mark = Mark::default();
    mark.iter_mut()
        .zip(hash.finalize())
        .for_each(|(to, from)| *to = from);
    mark
}
