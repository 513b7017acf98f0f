//! The timers of `system.timer.*`: which there are, when each is due and what its tick tells. All in UTC.

use crate::base::time::Timestamp;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, SecondsFormat, Timelike, Utc};
use serde::Serialize;

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// The first of January 1970 was a Thursday.
const FIRST_WEEKDAY: i64 = 4;

const WEEKDAYS: [(i64, &str); 7] = [
    (0, "sunday"),
    (1, "monday"),
    (2, "tuesday"),
    (3, "wednesday"),
    (4, "thursday"),
    (5, "friday"),
    (6, "saturday"),
];
const MONTHS: [(u32, &str); 12] = [
    (1, "january"),
    (2, "february"),
    (3, "march"),
    (4, "april"),
    (5, "may"),
    (6, "june"),
    (7, "july"),
    (8, "august"),
    (9, "september"),
    (10, "october"),
    (11, "november"),
    (12, "december"),
];

/// A timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// At every second.
    Second,
    /// At every minute.
    Minute,
    /// At every hour.
    Hour,
    /// At midnight.
    Day,
    /// At the midnight that a weekday begins with: its number from Sunday, which is 0, and its name.
    Week(i64, &'static str),
    /// At the midnight that a month begins with: its number from January, which is 1, and its name.
    Monthly(u32, &'static str),
    /// At the midnight that a year begins with.
    Yearly,
}

/// What a tick tells. Its time is when it was due, so that it is the same whoever tells it and however late.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimerTick {
    timestamp: String,
    unix: i64,
    year: i32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    iso: String,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    day_of_week: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    day_name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    month_name: Option<&'static str>,
}

impl Timer {
    /// Every timer.
    pub fn all() -> impl Iterator<Item = Self> {
        let week = WEEKDAYS.into_iter().map(|(day, name)| Self::Week(day, name));
        let monthly = MONTHS.into_iter().map(|(month, name)| Self::Monthly(month, name));
        [Self::Second, Self::Minute, Self::Hour, Self::Day]
            .into_iter()
            .chain(week)
            .chain(monthly)
            .chain([Self::Yearly])
    }

    /// Its channel.
    pub fn channel(self) -> String {
        let (event, name) = (self.event(), self.name());
        match name {
            Some(name) => format!("system.timer.{event}.{name}"),
            None => format!("system.timer.{event}"),
        }
    }

    /// When it was due last, now included. None: beyond the calendar.
    pub fn due_at(self, now: Timestamp) -> Option<Timestamp> {
        let floor = |period_ms: i64| now.0.checked_sub(now.0.rem_euclid(period_ms));
        let due = match self {
            Self::Second => floor(SECOND_MS),
            Self::Minute => floor(MINUTE_MS),
            Self::Hour => floor(HOUR_MS),
            Self::Day => floor(DAY_MS),
            Self::Week(day, _) => {
                let today = now.0.div_euclid(DAY_MS).saturating_add(FIRST_WEEKDAY);
                let days_ago = today.saturating_sub(day).rem_euclid(7);
                floor(DAY_MS)?.checked_sub(days_ago.saturating_mul(DAY_MS))
            }
            Self::Monthly(month, _) => first_of(month, now),
            Self::Yearly => first_of(1, now),
        };
        due.map(Timestamp)
    }

    /// What its tick tells that was due then. None: beyond the calendar.
    pub fn tick(self, due: Timestamp) -> Option<TimerTick> {
        let at = time_of(due)?;
        let iso = at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let (day_of_week, day_name) = match self {
            Self::Week(day, name) => (Some(day), Some(name)),
            Self::Second | Self::Minute | Self::Hour | Self::Day | Self::Monthly(..) | Self::Yearly => {
                (None, None)
            }
        };
        Some(TimerTick {
            timestamp: iso.clone(),
            unix: due.0,
            year: at.year(),
            month: at.month(),
            day: at.day(),
            hour: at.hour(),
            minute: at.minute(),
            second: at.second(),
            iso,
            event: self.event(),
            day_of_week,
            day_name,
            month_name: self.name().filter(|_| matches!(self, Self::Monthly(..))),
        })
    }

    fn event(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week(..) => "week",
            Self::Monthly(..) => "monthly",
            Self::Yearly => "yearly",
        }
    }

    fn name(self) -> Option<&'static str> {
        match self {
            Self::Week(_, name) | Self::Monthly(_, name) => Some(name),
            Self::Second | Self::Minute | Self::Hour | Self::Day | Self::Yearly => None,
        }
    }
}

fn time_of(at: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(at.0)
}

/// When a month began last. Units: milliseconds since 1970.
fn first_of(month: u32, now: Timestamp) -> Option<i64> {
    let today = time_of(now)?;
    let years_ago = i32::from(today.month() < month);
    let first = NaiveDate::from_ymd_opt(today.year().checked_sub(years_ago)?, month, 1)?;
    Some(first.and_time(NaiveTime::MIN).and_utc().timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeSet;

    fn at(text: &str) -> Timestamp {
        Timestamp(DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
    }

    /// The timers that were due after one time and not after another, by what follows `system.timer.`.
    fn due(after: &str, until: &str) -> BTreeSet<String> {
        let (after, until) = (at(after), at(until));
        let is_due = |timer: &Timer| timer.due_at(until).unwrap() > after;
        let name = |timer: Timer| timer.channel().replacen("system.timer.", "", 1);
        Timer::all().filter(is_due).map(name).collect()
    }

    fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
        names.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn there_are_the_timers_of_claw_events() {
        let channels: Vec<String> = Timer::all().map(Timer::channel).collect();
        assert_eq!(channels.len(), 4 + 7 + 12 + 1);
        for channel in [
            "second",
            "week.monday",
            "week.sunday",
            "monthly.december",
            "yearly",
        ] {
            assert!(channels.contains(&format!("system.timer.{channel}")), "{channel}");
        }
    }

    #[test]
    fn timers_are_due_by_the_calendar() {
        let second = names(["second"]);
        assert_eq!(due("2026-03-04T05:06:07.999Z", "2026-03-04T05:06:08Z"), second);
        assert_eq!(due("2026-03-04T05:06:08Z", "2026-03-04T05:06:08.999Z"), names([]));
        let hour = names(["second", "minute", "hour"]);
        assert_eq!(due("2026-03-04T05:59:59.500Z", "2026-03-04T06:00:00.001Z"), hour);
        let midnight = |more: &[&str]| {
            let all = ["second", "minute", "hour", "day"].iter().chain(more);
            all.map(|name| (*name).to_owned()).collect::<BTreeSet<String>>()
        };
        for (day, before, more) in [
            ("2026-03-09", "2026-03-08", &["week.monday"][..]),
            ("2024-02-29", "2024-02-28", &["week.thursday"]),
            ("2024-03-01", "2024-02-29", &["week.friday", "monthly.march"]),
            ("2025-03-01", "2025-02-28", &["week.saturday", "monthly.march"]),
            (
                "2027-01-01",
                "2026-12-31",
                &["week.friday", "monthly.january", "yearly"],
            ),
        ] {
            let found = due(&format!("{before}T23:59:59.900Z"), &format!("{day}T00:00:00Z"));
            assert_eq!(found, midnight(more), "{day}");
        }
    }

    #[test]
    fn a_jump_over_several_days_leaves_each_timer_due_once_at_its_own_time() {
        let found = due("2026-03-04T05:00:00Z", "2026-03-06T05:00:00Z");
        let expected = names(["second", "minute", "hour", "day", "week.thursday", "week.friday"]);
        assert_eq!(found, expected);
        let thursday = Timer::Week(4, "thursday");
        assert_eq!(
            thursday.due_at(at("2026-03-06T05:00:00Z")),
            Some(at("2026-03-05T00:00:00Z"))
        );
        assert_eq!(
            Timer::Yearly.due_at(at("2026-12-31T23:59:59Z")),
            Some(at("2026-01-01T00:00:00Z"))
        );
        let february = Timer::Monthly(2, "february").due_at(at("2026-01-31T12:00:00Z"));
        assert_eq!(february, Some(at("2025-02-01T00:00:00Z")));
        assert_eq!(Timer::Second.due_at(Timestamp(-1)), Some(Timestamp(-1_000)));
    }

    #[test]
    fn a_tick_tells_when_it_was_due() {
        let told = |timer: Timer, due| serde_json::to_value(timer.tick(at(due)).unwrap()).unwrap();
        let second = json!({
            "timestamp": "2026-03-04T05:06:07.000Z", "unix": 1_772_600_767_000_i64, "year": 2026, "month": 3, "day": 4,
            "hour": 5, "minute": 6, "second": 7, "iso": "2026-03-04T05:06:07.000Z", "event": "second"
        });
        assert_eq!(told(Timer::Second, "2026-03-04T05:06:07Z"), second);
        let monday = told(Timer::Week(1, "monday"), "2026-03-09T00:00:00Z");
        assert_eq!(
            (
                &monday["event"],
                &monday["dayOfWeek"],
                &monday["dayName"],
                &monday["monthName"]
            ),
            (&json!("week"), &json!(1), &json!("monday"), &json!(null))
        );
        let may = told(Timer::Monthly(5, "may"), "2026-05-01T00:00:00Z");
        assert_eq!(
            (&may["event"], &may["month"], &may["monthName"], &may["dayName"]),
            (&json!("monthly"), &json!(5), &json!("may"), &json!(null))
        );
    }
}
