//! Lengths of time as texts.

use std::fmt;
use std::time::Duration;

use super::setting::{Kind, Setting};

/// The units, longest first, in milliseconds.
const UNITS: [(&str, u64); 3] = [("m", 60_000), ("s", 1_000), ("ms", 1)];

/// A length of time, written as a whole number and its unit: `250ms`, `2s` or `5m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Period {
    ms: u64,
}

impl Period {
    /// A length of time. Units: milliseconds.
    #[must_use]
    pub const fn from_ms(ms: u64) -> Self {
        Self { ms }
    }

    /// Units: milliseconds.
    #[must_use]
    pub fn as_ms(self) -> u64 {
        self.ms
    }
}

impl From<Period> for Duration {
    fn from(period: Period) -> Self {
        Self::from_millis(period.ms)
    }
}

impl TryFrom<String> for Period {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
        let unit = text.strip_prefix(digits).unwrap_or_default();
        let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, ms)| *ms);
        // A sign would pass as a part of the number.
        let number = digits
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| digits.parse::<u64>().ok())
            .flatten();
        let ms = number
            .zip(factor)
            .and_then(|(number, factor)| number.checked_mul(factor));
        ms.map(Self::from_ms).ok_or_else(|| {
            format!("must be a number with ms, s or m behind it, such as \"100ms\", not {text:?}")
        })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_whole = |(_, ms): &&(&str, u64)| self.ms > 0 && self.ms.is_multiple_of(*ms);
        let (name, ms) = UNITS.iter().find(is_whole).unwrap_or(&("ms", 1));
        write!(f, "{}{name}", self.ms.div_euclid(*ms))
    }
}

impl Setting for Period {
    const KIND: Kind = Kind::Text;
    fn to_toml(&self) -> Option<String> {
        Some(format!("\"{self}\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_read_and_written_with_its_unit() {
        for (text, ms) in [
            ("100ms", 100),
            ("2s", 2_000),
            ("5m", 300_000),
            ("0ms", 0),
            ("1500ms", 1_500),
        ] {
            let period = Period::try_from(text.to_owned()).unwrap();
            assert_eq!((period.as_ms(), period.to_string().as_str()), (ms, text));
        }
        assert_eq!(Period::from_ms(60_000).to_string(), "1m");
        for text in [
            "",
            "100",
            "ms",
            "-1s",
            "+1s",
            "1.5s",
            "1 s",
            "1h",
            "99999999999999999999ms",
            "18446744073709551615m",
        ] {
            let refusal = Period::try_from(text.to_owned()).unwrap_err();
            assert!(refusal.contains(&format!("{text:?}")), "{refusal}");
        }
    }
}
