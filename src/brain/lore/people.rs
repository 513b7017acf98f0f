//! Reads who the inhabitants are.

use crate::brain::Persona;
use std::sync::LazyLock;

static PEOPLE: LazyLock<Vec<Persona>> = LazyLock::new(|| {
    let blocks = include_str!("text/personas.txt").split("\n\n");
    blocks.filter_map(read).collect()
});

/// Everybody there is, in the order in which they come.
pub fn people() -> &'static [Persona] {
    &PEOPLE
}

/// Somebody by slug or by first name, in any case.
pub fn named(name: &str) -> Option<&'static Persona> {
    PEOPLE
        .iter()
        .find(|person| person.slug.eq_ignore_ascii_case(name))
}

fn read(block: &'static str) -> Option<Persona> {
    let lines = || super::lines(block).filter_map(|line| line.split_once(' '));
    let value = |key: &str| lines().find(|row| row.0 == key).map(|row| row.1);
    let name = value("name")?;
    let (up, bed) = value("awake")?.split_once('-')?;
    let (first, second) = value("likes")?.split_once(", ")?;
    Some(Persona {
        slug: name.split(' ').next()?.to_lowercase(),
        name: name.to_owned(),
        trade: value("trade")?,
        home: value("home")?.split_once('/')?,
        work: value("work")?.split_once('/')?,
        up_hour: up.parse().ok()?,
        bed_hour: bed.parse().ok()?,
        talkative: value("talks")?.parse().ok()?,
        topics: [first, second],
        about: value("about")?,
        plays: value("plays"),
        says: lines().filter(|row| row.0 == "says").map(|row| row.1).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brain::lore::topic;
    use std::collections::HashSet;

    #[test]
    fn there_are_twenty_four_people_with_names_of_their_own_and_things_to_say() {
        let slugs: HashSet<&str> = people().iter().map(|person| person.slug.as_str()).collect();
        assert_eq!((people().len(), slugs.len()), (24, 24));
        for person in people() {
            assert!(person.says.len() >= 3, "{}", person.name);
            assert!((0..24).contains(&person.up_hour) && (0..24).contains(&person.bed_hour));
            for name in person.topics {
                assert!(topic::named(name).is_some(), "{name}");
            }
        }
        assert_eq!(named("HUGO").map(|person| person.trade), Some("a librarian"));
        assert!(named("nobody").is_none());
    }
}
