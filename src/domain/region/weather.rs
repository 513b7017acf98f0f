//! Weather and the time of day: pure functions of the world's seed and the time.

use crate::base::hash::fnv_1a;
use crate::base::time::{Timestamp, world_minute};
use serde_json::{Value, json};

/// The twelve kinds of weather with their temperature by day. Units: degrees Celsius.
const KINDS: [(&str, i64); 12] = [
    ("clear", 22),
    ("sunny", 25),
    ("partly_cloudy", 20),
    ("cloudy", 17),
    ("overcast", 15),
    ("light_rain", 14),
    ("rain", 13),
    ("thunderstorm", 16),
    ("fog", 11),
    ("windy", 16),
    ("drizzle", 14),
    ("snow", -1),
];

/// How long a weather lasts. Units: milliseconds; three world hours.
const SPELL_MS: i64 = 450_000;

/// The weather of a region.
/// Shape: `{type, temperature_c, wind_m_s}`.
pub fn weather_at(seed: u64, region: &str, fixed: Option<&str>, now: Timestamp) -> Value {
    let spell = now.0.div_euclid(SPELL_MS);
    let roll = mix(seed, region, spell);
    let kind = fixed
        .and_then(|name| KINDS.iter().find(|kind| kind.0 == name))
        .or_else(|| KINDS.get(usize::try_from(roll % 12).unwrap_or(0)))
        .copied()
        .unwrap_or(("clear", 20));
    let is_night = !(360..1200).contains(&world_minute(now));
    let temperature_c = kind.1 - if is_night { 6 } else { 0 } + i64::try_from(roll / 12 % 5).unwrap_or(0) - 2;
    json!({"type": kind.0, "temperature_c": temperature_c, "wind_m_s": roll / 60 % 12})
}

/// The number of the weather spell that `now` falls in: the weather changes when it does.
pub fn spell_at(now: Timestamp) -> i64 {
    now.0.div_euclid(SPELL_MS)
}

/// The time of day in the world. Shape: `{hour, minute, day_part, is_day}`.
pub fn time_at(now: Timestamp) -> Value {
    let minutes = world_minute(now);
    let day_part = match minutes / 60 {
        5..=6 => "dawn",
        7..=10 => "morning",
        11..=13 => "noon",
        14..=17 => "afternoon",
        18..=19 => "dusk",
        20..=22 => "evening",
        _ => "night",
    };
    json!({"hour": minutes / 60, "minute": minutes % 60, "day_part": day_part, "is_day": (360..1200).contains(&minutes)})
}

/// A number that is the same on every node and in every release.
fn mix(seed: u64, text: &str, number: i64) -> u64 {
    let hash = fnv_1a(seed, text.bytes().chain(number.to_le_bytes()));
    hash ^ (hash >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weather_holds_for_a_spell_and_then_may_change() {
        let at = |ms| weather_at(7, "main", None, Timestamp(ms))["type"].clone();
        assert_eq!(at(0), at(SPELL_MS - 1));
        let kinds: std::collections::HashSet<String> =
            (0..200).map(|i| at(i * SPELL_MS).to_string()).collect();
        assert!(kinds.len() >= 8, "{kinds:?}");
        assert_eq!(weather_at(7, "main", Some("snow"), Timestamp(0))["type"], "snow");
    }

    #[test]
    fn weather_is_the_same_in_every_release() {
        let kinds: Vec<_> = (0..3)
            .map(|spell| weather_at(7, "main", None, Timestamp(spell * SPELL_MS))["type"].clone())
            .collect();
        assert_eq!(kinds, ["fog", "sunny", "partly_cloudy"]);
    }

    #[test]
    fn the_day_has_seven_parts() {
        let parts: std::collections::HashSet<String> = (0..24)
            .map(|h| time_at(Timestamp(h * 150_000))["day_part"].to_string())
            .collect();
        assert_eq!(parts.len(), 7);
    }
}
