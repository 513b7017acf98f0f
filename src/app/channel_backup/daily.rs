//! The daily backup, made by the node that holds the world's first shard.

use super::make;
use crate::actors::node::Node;
use crate::actors::rights::holds_first_shard;
use crate::base::time::Timestamp;
use crate::config::{Backup, DayTime, Secret};
use crate::host::clock::Clock;
use crate::host::entropy::Entropy;
use crate::store::Target;
use crate::store::channel::Tally;
use crate::telemetry::metric;
use anyhow::{Context, anyhow};
use chrono::{DateTime, Days, NaiveDate};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// How often it is looked whether one is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After a failure it is tried again so much later. Units: milliseconds.
const AGAIN_AFTER_MS: i64 = 60_000;
/// How many files of a folder are looked at.
const FILES_MAX: usize = 100_000;

/// Where daily backups go, and how.
#[derive(Clone, Debug)]
pub struct Daily {
    folder: PathBuf,
    at: DayTime,
    keep_days: u32,
    secret: Secret,
    target: Target,
    clock: Clock,
    entropy: Entropy,
}

impl Daily {
    /// As the settings say; none when they name no folder.
    pub fn of(settings: &Backup, target: &Target, clock: &Clock, entropy: &Entropy) -> Option<Self> {
        Some(Self {
            folder: settings.channels.clone()?,
            at: settings.at,
            keep_days: settings.keep_days,
            secret: settings.secret.clone()?,
            target: target.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
        })
    }

    /// Makes the backup of a day, unless it is there, and removes those whose time is over. **Blocks.** None: it is there.
    fn make(&self, day: NaiveDate) -> anyhow::Result<Option<Tally>> {
        let file = self.folder.join(name_of(day));
        let mut folder = DirBuilder::new();
        let made = folder.recursive(true).mode(0o700).create(&self.folder);
        made.with_context(|| format!("could not make {}", self.folder.display()))?;
        let made = match file.try_exists()? {
            true => None,
            false => Some(make(
                &self.target,
                &file,
                &self.secret,
                &self.clock,
                &self.entropy,
            )?),
        };
        // The backup is there, whatever comes of this.
        if let Err(error) = self.clear(day) {
            tracing::warn!("could not clear {}: {error}", self.folder.display());
        }
        Ok(made)
    }

    /// Removes backups whose time is over and what was left unfinished before this day; nothing of another name. As many as are kept
    /// of days stay in any case: a clock that was wrong once takes none of them along.
    fn clear(&self, day: NaiveDate) -> io::Result<()> {
        let oldest = day.checked_sub_days(Days::new(self.keep_days.into()));
        let (mut made, mut unfinished) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(&self.folder)?.take(FILES_MAX) {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                continue;
            };
            if let Some(made_on) = day_of(name) {
                made.push((made_on, entry.path()));
            } else if day_of_unfinished(name).is_some_and(|begun| begun < day) {
                unfinished.push(entry.path());
            }
        }
        made.sort_unstable_by(|one, other| other.cmp(one));
        let spared = usize::try_from(self.keep_days).unwrap_or(usize::MAX);
        let old = made
            .into_iter()
            .skip(spared)
            .filter(|(made_on, _)| oldest.is_some_and(|oldest| *made_on < oldest));
        for path in old.map(|(_, path)| path).chain(unfinished) {
            match fs::remove_file(&path) {
                Ok(()) => {}
                // Another node on the same folder was sooner.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => tracing::warn!("could not remove {}: {error}", path.display()),
            }
        }
        Ok(())
    }
}

/// The day whose backup is the last that was due: at any time of the day before the hour, that of the day before.
fn day_due(at: DayTime, now: Timestamp) -> Option<NaiveDate> {
    let since_ms = now.0.checked_sub(i64::from(at.minutes()) * 60_000)?;
    Some(DateTime::from_timestamp_millis(since_ms)?.date_naive())
}

fn name_of(day: NaiveDate) -> String {
    format!("backup-{}.enc", day.format("%Y-%m-%d"))
}

/// The day of a backup, by its name; none of a file that is called otherwise.
fn day_of(name: &str) -> Option<NaiveDate> {
    let date = name.strip_prefix("backup-")?.strip_suffix(".enc")?;
    let day = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    // The parser takes `2026-1-5` as well.
    (name_of(day) == name).then_some(day)
}

/// The same of one that was not finished: `.backup-2026-01-31.enc.k3Jd9sQ1.part`.
fn day_of_unfinished(name: &str) -> Option<NaiveDate> {
    let (backup, unique) = name.strip_prefix('.')?.strip_suffix(".part")?.rsplit_once('.')?;
    let is_unique = unique.bytes().all(|byte| byte.is_ascii_alphanumeric());
    day_of(backup).filter(|_| is_unique)
}

/// What is done, and when it is tried again.
#[derive(Debug, Default)]
struct Schedule {
    /// The day whose backup is there: the last that was due, however the clock went.
    done: Option<NaiveDate>,
    /// Units: milliseconds, monotonic.
    not_before_ms: i64,
}

impl Schedule {
    /// The day whose backup is to be made now.
    fn due(&self, at: DayTime, clock: &Clock) -> Option<NaiveDate> {
        let day = day_due(at, Timestamp(clock.now_ms()))?;
        let is_due = self.done != Some(day) && clock.monotonic_ms() >= self.not_before_ms;
        is_due.then_some(day)
    }

    /// Takes in what came of a day's.
    fn note(&mut self, day: NaiveDate, is_there: bool, clock: &Clock) {
        match is_there {
            true => self.done = Some(day),
            false => self.not_before_ms = clock.monotonic_ms().saturating_add(AGAIN_AFTER_MS),
        }
    }
}

/// Makes the daily backups of this node for as long as it runs.
pub async fn keep_daily(node: Arc<Node>, daily: Daily) {
    let mut schedule = Schedule::default();
    loop {
        if holds_first_shard(&node)
            && let Some(day) = schedule.due(daily.at, &daily.clock)
        {
            let made = on_a_thread(daily.clone(), day).await;
            schedule.note(day, made.is_ok(), &daily.clock);
            match made {
                Ok(Some(tally)) => {
                    metric::channel_backups("made").increment(1);
                    tracing::info!("the backup of channels of {day} was made: {tally}");
                }
                Ok(None) => tracing::debug!("the backup of channels of {day} is there"),
                Err(error) => {
                    metric::channel_backups("failed").increment(1);
                    tracing::error!("the backup of channels of {day} could not be made: {error:#}");
                }
            }
        }
        daily.clock.sleep(LOOK_EVERY).await;
    }
}

/// On a thread of its own: it waits for the database and the disk.
async fn on_a_thread(daily: Daily, day: NaiveDate) -> anyhow::Result<Option<Tally>> {
    let (reply, answer) = oneshot::channel();
    let work = move || {
        // Who asked is gone only with the whole node.
        let _ = reply.send(daily.make(day));
    };
    std::thread::Builder::new()
        .name("backup".to_owned())
        .spawn(work)?;
    answer.await.map_err(|_gone| anyhow!("its thread ended"))?
}

#[cfg(test)]
mod tests;
