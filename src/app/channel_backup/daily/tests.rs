use super::super::check;
use super::*;
use crate::store::migrate;
use tempfile::TempDir;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// 2026-03-01, midnight.
const MIDNIGHT: i64 = 1_772_323_200_000;

struct Stage {
    daily: Daily,
    schedule: Schedule,
    place: TempDir,
}

impl Stage {
    /// A node that starts at midnight.
    fn new() -> Self {
        let (place, clock) = (tempfile::tempdir().unwrap(), Clock::manual(MIDNIGHT));
        let target = Target::Sqlite(place.path().join("world.db"));
        migrate(&target, Timestamp(MIDNIGHT)).unwrap();
        let daily = Daily {
            folder: place.path().join("of/backups"),
            at: DayTime::from_minutes(120),
            keep_days: 3,
            secret: Secret::new("of the tests"),
            target,
            clock,
            entropy: Entropy::seeded(1),
        };
        let schedule = Schedule::default();
        Self {
            daily,
            schedule,
            place,
        }
    }

    /// One look, as the node does it. Gives the day whose backup was made, or that it could not be.
    fn look(&mut self) -> Option<Result<String, String>> {
        let (daily, clock) = (&self.daily, &self.daily.clock);
        let day = self.schedule.due(daily.at, clock)?;
        let made = daily.make(day);
        self.schedule.note(day, made.is_ok(), clock);
        match made {
            Ok(made) => made.map(|_| Ok(day.to_string())),
            Err(error) => Some(Err(format!("{error:#}"))),
        }
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.daily.folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn put(&self, name: &str) {
        fs::write(self.daily.folder.join(name), "x").unwrap();
    }
}

#[test]
fn a_backup_is_made_once_a_day_at_its_hour() {
    let mut stage = Stage::new();
    let clock = stage.daily.clock.clone();
    // It is not known when the one of yesterday was missed: it is made up for.
    assert_eq!(stage.look(), Some(Ok("2026-02-28".to_owned())));
    let mut made = Vec::new();
    for _ in 0..2 * 24 * 60 {
        clock.advance(60_000);
        let minute = (clock.now_ms() - MIDNIGHT) / 60_000;
        made.extend(stage.look().map(|made| (minute, made.unwrap())));
    }
    assert_eq!(
        made,
        [(120, "2026-03-01".to_owned()), (1_560, "2026-03-02".to_owned())]
    );
    for name in stage.files() {
        check(&stage.daily.folder.join(name), &stage.daily.secret).unwrap();
    }
}

#[test]
fn a_node_that_was_down_makes_up_for_the_last_one_and_for_none_that_is_there() {
    let mut stage = Stage::new();
    stage.daily.clock.advance(10 * HOUR_MS);
    assert_eq!(stage.look(), Some(Ok("2026-03-01".to_owned())));
    // After a restart.
    stage.schedule = Schedule::default();
    assert_eq!(stage.look(), None);
    stage.schedule = Schedule::default();
    stage.daily.clock.advance(5 * DAY_MS);
    assert_eq!(stage.look(), Some(Ok("2026-03-06".to_owned())));
    assert_eq!(stage.look(), None);
}

#[test]
fn what_fails_is_tried_again_a_minute_later() {
    let mut stage = Stage::new();
    let clock = stage.daily.clock.clone();
    let obstacle = stage.place.path().join("of");
    fs::write(&obstacle, "no folder").unwrap();
    let failed = stage.look().unwrap().unwrap_err();
    assert!(failed.contains("of/backups"), "{failed}");
    fs::remove_file(obstacle).unwrap();
    clock.advance(59_999);
    assert_eq!(stage.look(), None);
    clock.advance(1);
    assert_eq!(stage.look(), Some(Ok("2026-02-28".to_owned())));
    assert_eq!(stage.files(), ["backup-2026-02-28.enc"]);
}

#[test]
fn only_backups_whose_time_is_over_are_removed() {
    let mut stage = Stage::new();
    stage.daily.clock.advance(3 * HOUR_MS);
    fs::create_dir_all(&stage.daily.folder).unwrap();
    let kept = [
        "backup-2026-02-26.enc",
        "backup-2026-02-27.enc",
        "backup-2020-01-01.enc.old",
        "backup-2020-1-1.enc",
        "backup-2020-02-30.enc",
        "my-backup-2020-01-01.enc",
        "backup-.enc",
        ".backup-2020-01-01.enc.part",
        ".backup-2020-01-01.enc.a b.part",
        ".backup-2026-03-01.enc.k3Jd9sQ1.part",
        "notes",
    ];
    let removed = [
        "backup-2026-02-25.enc",
        "backup-2020-01-01.enc",
        ".backup-2026-02-28.enc.k3Jd9sQ1.part",
    ];
    kept.iter().chain(&removed).for_each(|name| stage.put(name));
    assert_eq!(stage.look(), Some(Ok("2026-03-01".to_owned())));
    let mut expected: Vec<&str> = kept.iter().copied().chain(["backup-2026-03-01.enc"]).collect();
    expected.sort_unstable();
    assert_eq!(stage.files(), expected);
}

#[test]
fn a_clock_that_is_wrong_once_takes_no_backups_along_and_holds_up_none() {
    let mut stage = Stage::new();
    let clock = stage.daily.clock.clone();
    for _ in 0..3 {
        clock.advance(DAY_MS);
        stage.look().unwrap().unwrap();
    }
    let real = stage.files();
    assert_eq!(real.len(), 3);
    let day = i64::try_from(DAY_MS).unwrap();
    clock.set_by(100 * day);
    stage.look().unwrap().unwrap();
    assert_eq!(stage.files()[..2], real[1..], "as many as days are kept");
    clock.set_by(-99 * day);
    assert!(matches!(stage.look(), Some(Ok(_))), "the next day's");
}

#[test]
fn what_cannot_be_removed_fails_no_backup() {
    let mut stage = Stage::new();
    let folder = stage.daily.folder.join("backup-2020-01-01.enc");
    fs::create_dir_all(folder.join("full")).unwrap();
    for day in 25..=27 {
        stage.put(&format!("backup-2026-02-{day}.enc"));
    }
    assert_eq!(stage.look(), Some(Ok("2026-02-28".to_owned())));
    assert!(folder.exists());
}
