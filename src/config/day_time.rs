//! Times of the day as texts.

use std::fmt;

use super::setting::{Kind, Setting};

/// A time of each day, to the minute, written as `02:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct DayTime {
    minutes: u32,
}

impl DayTime {
    /// So many minutes after midnight; a day's last minute at the most.
    #[must_use]
    pub const fn from_minutes(minutes: u32) -> Self {
        let minutes = if minutes < 1_440 { minutes } else { 1_439 };
        Self { minutes }
    }

    /// Minutes after midnight, 0 to 1439.
    #[must_use]
    pub fn minutes(self) -> u32 {
        self.minutes
    }
}

impl TryFrom<String> for DayTime {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number = |part: &str, below: u32| {
            let is_number = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            let number: u32 = is_number.then(|| part.parse().ok())??;
            (number < below).then_some(number)
        };
        let parts = text.split_once(':');
        let time = parts.and_then(|(hours, minutes)| Some((number(hours, 24)?, number(minutes, 60)?)));
        time.map(|(hours, minutes)| Self::from_minutes(hours * 60 + minutes))
            .ok_or_else(|| format!("must be a time of the day such as \"02:00\", not {text:?}"))
    }
}

impl fmt::Display for DayTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl Setting for DayTime {
    const KIND: Kind = Kind::Text;
    fn to_toml(&self) -> Option<String> {
        Some(format!("\"{self}\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_the_day_is_read_and_written() {
        for (text, minutes) in [("00:00", 0), ("02:00", 120), ("13:07", 787), ("23:59", 1_439)] {
            let time = DayTime::try_from(text.to_owned()).unwrap();
            assert_eq!((time.minutes(), time.to_string().as_str()), (minutes, text));
        }
        for text in [
            "", "2:00", "02", "24:00", "12:60", "-1:00", "+1:00", "02:00:00", "02:00 ", "am:pm",
        ] {
            let refusal = DayTime::try_from(text.to_owned()).unwrap_err();
            assert!(refusal.contains(&format!("{text:?}")), "{refusal}");
        }
    }
}
