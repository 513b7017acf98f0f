//! What the hours of the day are for.

use crate::brain::Persona;

/// Minutes of an hour and of a day.
const HOUR: i64 = 60;
const DAY: i64 = 1_440;

/// What a part of the day is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// In bed.
    Sleep,
    /// At home, just up or about to go to bed.
    Home,
    /// At work.
    Work,
    /// At table.
    Meal,
    /// Wherever people are.
    Leisure,
}

/// Where people gather, by the first hour of it: region and place. Everybody knows.
const GATHERINGS: [(i64, (&str, &str)); 8] = [
    (0, ("plaza", "Cafe Meridian")),
    (5, ("main", "The Green")),
    (9, ("market", "Market Cross")),
    (12, ("market", "Cook's Yard")),
    (14, ("main", "Duck Pond")),
    (17, ("plaza", "Fountain Court")),
    (20, ("plaza", "Speakers' Corner")),
    (22, ("plaza", "Cafe Meridian")),
];

/// What a minute of the world day, 0 to 1439, is for somebody.
pub fn part(persona: &Persona, minute: i64) -> Part {
    let awake = (persona.bed_hour - persona.up_hour).rem_euclid(24) * HOUR;
    let since = (minute - persona.up_hour * HOUR).rem_euclid(DAY);
    if since >= awake {
        return Part::Sleep;
    }
    match since * 100 / awake.max(1) {
        0..6 => Part::Home,
        6..38 | 46..66 => Part::Work,
        38..46 => Part::Meal,
        66..95 => Part::Leisure,
        _ => Part::Home,
    }
}

/// Where people gather at a minute of the world day: region and place.
pub fn gathering(minute: i64) -> (&'static str, &'static str) {
    let hour = minute.div_euclid(HOUR);
    let begun = GATHERINGS.iter().rev().find(|(first, _)| *first <= hour);
    begun.map_or(("plaza", "Cafe Meridian"), |(_, place)| *place)
}

/// Where somebody is to be at a minute of the world day: region and place.
pub fn spot(persona: &Persona, minute: i64) -> (&'static str, &'static str) {
    match part(persona, minute) {
        Part::Sleep | Part::Home => persona.home,
        Part::Work => persona.work,
        Part::Meal => match persona.work.0 {
            "main" => ("main", "The Green"),
            "plaza" => ("plaza", "Cafe Meridian"),
            _ => ("market", "Cook's Yard"),
        },
        Part::Leisure => gathering(minute),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brain::lore::people::people;
    use crate::brain::scripted::tests::world;
    use std::collections::HashSet;

    #[test]
    fn some_are_awake_at_any_hour_and_everybody_sleeps_at_some() {
        let awake = |minute| {
            people()
                .iter()
                .filter(move |p| part(p, minute) != Part::Sleep)
                .count()
        };
        let counts: Vec<usize> = (0..24).map(|hour| awake(hour * HOUR)).collect();
        assert!(counts.iter().all(|count| *count >= 6), "{counts:?}");
        assert!(counts[12] >= 18 && counts[2] <= 10, "{counts:?}");
        for person in people() {
            let parts: HashSet<String> = (0..DAY).map(|m| format!("{:?}", part(person, m))).collect();
            assert_eq!(parts.len(), 5, "{}", person.name);
        }
    }

    #[test]
    fn every_spot_is_a_place_of_the_world() {
        let world = world();
        for person in people() {
            for minute in 0..DAY {
                let (region, place) = spot(person, minute);
                let region = world.region(region).unwrap();
                assert!(region.places.iter().any(|other| other.name == place), "{place}");
            }
        }
    }
}
