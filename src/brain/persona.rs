//! Personas: who the first inhabitants are.

use super::lore::people::people;

/// Somebody to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Persona {
    /// The last part of the handle: `demo-<slug>`.
    pub slug: String,
    /// Display name; the first word is what people call them.
    pub name: String,
    /// What they do, with the article.
    pub trade: &'static str,
    /// The region and the place where they sleep.
    pub home: (&'static str, &'static str),
    /// The region and the place where they work.
    pub work: (&'static str, &'static str),
    /// When they get up. Units: hours of the world day.
    pub up_hour: i64,
    /// When they go to bed. Units: hours of the world day.
    pub bed_hour: i64,
    /// What they like to talk about, dearest first: names of topics.
    pub topics: [&'static str; 2],
    /// One sentence for others.
    pub about: &'static str,
    /// How ready they are to speak. Units: percent.
    pub talkative: usize,
    /// What they perform on squares, if anything: a repertoire.
    pub plays: Option<&'static str>,
    /// Phrases that nobody else says.
    pub says: Vec<&'static str>,
}

impl Persona {
    /// The persona with this number; when there are no more, the first ones come again, with numbers in names and handles.
    pub fn numbered(index: usize) -> Self {
        let all = people();
        let round = index.checked_div(all.len()).unwrap_or(0).saturating_add(1);
        let first = index.checked_rem(all.len()).and_then(|index| all.get(index));
        let mut persona = first.cloned().unwrap_or_else(Self::nobody);
        if round > 1 {
            persona.slug = format!("{}-{round}", persona.slug);
            persona.name = format!("{} {round}", persona.name);
        }
        persona
    }

    /// Stands in where there is no text to read personas from.
    fn nobody() -> Self {
        Self {
            slug: "nobody".to_owned(),
            name: "Nobody".to_owned(),
            trade: "a passer-by",
            home: ("main", ""),
            work: ("main", ""),
            up_hour: 6,
            bed_hour: 22,
            topics: ["weather", "news"],
            about: "Passes by.",
            talkative: 50,
            plays: None,
            says: Vec::new(),
        }
    }

    /// The public handle.
    pub fn handle(&self) -> String {
        format!("demo-{}", self.slug)
    }

    /// Whether a handle is that of an inhabitant.
    pub fn is_handle(handle: &str) -> bool {
        handle.starts_with("demo-")
    }

    /// What people call somebody of this display name: the first word, when it is a word.
    pub fn call_name(name: &str) -> &str {
        let first = name.split_whitespace().next().unwrap_or(name);
        if first.chars().count() >= 2 && first.chars().all(char::is_alphabetic) {
            first
        } else {
            name
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::agent::{Handle, Name};
    use std::collections::HashSet;

    #[test]
    fn a_hundred_inhabitants_have_a_hundred_valid_names_and_handles() {
        let all: Vec<Persona> = (0..100).map(Persona::numbered).collect();
        let names: HashSet<String> = all
            .iter()
            .map(|p| Name::new(&p.name).unwrap().skeleton().to_owned())
            .collect();
        let handles: HashSet<Handle> = all.iter().map(|p| Handle::new(&p.handle()).unwrap()).collect();
        assert_eq!((names.len(), handles.len()), (100, 100));
        assert_eq!(all[24].name, "Ada Fairweather 2");
    }

    #[test]
    fn odd_names_are_called_whole() {
        assert_eq!(Persona::call_name("Ada Fairweather"), "Ada");
        assert_eq!(Persona::call_name("scout-7 b"), "scout-7 b");
        assert_eq!(Persona::call_name(""), "");
    }
}
