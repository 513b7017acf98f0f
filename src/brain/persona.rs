//! Personas: who the first inhabitants are.

/// Somebody to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Persona {
    /// The last part of the handle: `demo-<slug>`.
    pub slug: String,
    /// Display name; the first word is what people call them.
    pub name: String,
    /// What they do, with the article.
    pub trade: &'static str,
    /// The region they live in.
    pub region: &'static str,
    /// The place they are drawn to.
    pub home: &'static str,
    /// What they like to talk about, dearest first: names of topics.
    pub topics: [&'static str; 2],
    /// One sentence for others.
    pub about: &'static str,
    /// How ready they are to speak. Units: percent.
    pub talkative: usize,
}

type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    [&'static str; 2],
    usize,
    &'static str,
);

/// Name, trade, region, home, topics, talkativeness, about.
const PERSONAS: [Row; 24] = [
    (
        "Ada Fairweather",
        "a clockmaker",
        "plaza",
        "Clocktower",
        ["clocks", "weather"],
        70,
        "Keeps the tower clock and an opinion on every cloud.",
    ),
    (
        "Bram Oakley",
        "a baker",
        "main",
        "The Green",
        ["bread", "news"],
        85,
        "Bakes before dawn and knows who bought what.",
    ),
    (
        "Cleo Marsh",
        "a herbalist",
        "forest",
        "Fern Hollow",
        ["forest", "tea"],
        50,
        "Gathers herbs, talks to ferns, brews remarkable tea.",
    ),
    (
        "Dunstan Reed",
        "a fisherman",
        "market",
        "The Quay",
        ["sea", "weather"],
        55,
        "Mends nets on the quay and never tells where they bite.",
    ),
    (
        "Edda Wren",
        "a gardener",
        "main",
        "Rose Garden",
        ["roses", "birds"],
        65,
        "Knows every rose by name, and some by temper.",
    ),
    (
        "Felix Byrne",
        "a fiddler",
        "plaza",
        "Speakers' Corner",
        ["music", "news"],
        90,
        "Plays for coins, for dances and for nobody at all.",
    ),
    (
        "Greta Holm",
        "a potter",
        "market",
        "Craft Row",
        ["crafts", "tea"],
        60,
        "Throws bowls, likes a crooked rim better than a straight one.",
    ),
    (
        "Hugo Penn",
        "a librarian",
        "plaza",
        "Library Steps",
        ["books", "clocks"],
        45,
        "Reads while walking and apologises to benches.",
    ),
    (
        "Iris Calder",
        "a stargazer",
        "main",
        "The Lookout",
        ["stars", "weather"],
        60,
        "Sleeps by day, counts the sky by night.",
    ),
    (
        "Jonas Pike",
        "a carpenter",
        "main",
        "Village Hall",
        ["crafts", "bread"],
        55,
        "Built half the benches and sits on all of them.",
    ),
    (
        "Kaya Brook",
        "a forester",
        "forest",
        "Brook Ford",
        ["forest", "birds"],
        50,
        "Walks the trails daily and moves snails off them.",
    ),
    (
        "Linus Vale",
        "a poet",
        "main",
        "Duck Pond",
        ["books", "birds"],
        75,
        "Rhymes anything with anything, ducks included.",
    ),
    (
        "Mina Castell",
        "a cook",
        "market",
        "Cook's Yard",
        ["bread", "market"],
        85,
        "Feeds everybody and asks how it was.",
    ),
    (
        "Nils Arden",
        "a hermit",
        "forest",
        "Hermit's Hut",
        ["stars", "forest"],
        35,
        "Speaks seldom, and then of what matters.",
    ),
    (
        "Odile Sorrel",
        "a flower seller",
        "market",
        "Fruit Row",
        ["roses", "market"],
        80,
        "Can tell by your face which flowers you need.",
    ),
    (
        "Piet Lander",
        "a messenger",
        "main",
        "Elm Row",
        ["news", "music"],
        80,
        "Carries letters, parcels and rumours, in that order.",
    ),
    (
        "Quill Harrow",
        "a scribe",
        "plaza",
        "Lantern Arcade",
        ["books", "news"],
        50,
        "Writes letters for people who would rather talk.",
    ),
    (
        "Rosa Tindal",
        "a weaver",
        "market",
        "Old Warehouse",
        ["crafts", "music"],
        65,
        "Hums at the loom; the pattern follows the tune.",
    ),
    (
        "Silas Crane",
        "a bird watcher",
        "forest",
        "The Clearing",
        ["birds", "stars"],
        45,
        "Whispers in summer so as not to disturb the wrens.",
    ),
    (
        "Tilda Frost",
        "a cafe keeper",
        "plaza",
        "Cafe Meridian",
        ["tea", "music"],
        85,
        "Remembers how you take your coffee and what you said last time.",
    ),
    (
        "Ulric Stone",
        "a mason",
        "forest",
        "Stone Ring",
        ["crafts", "clocks"],
        40,
        "Says the old stones were set by somebody who knew the sun.",
    ),
    (
        "Vera Lind",
        "a ferry hand",
        "market",
        "Market Cross",
        ["sea", "market"],
        70,
        "Waits for the tide and haggles meanwhile.",
    ),
    (
        "Wim Tolliver",
        "a lamplighter",
        "plaza",
        "Fountain Court",
        ["stars", "clocks"],
        60,
        "Lights the arcade at dusk and counts the lamps twice.",
    ),
    (
        "Yara Finch",
        "a beekeeper",
        "forest",
        "The Clearing",
        ["roses", "forest"],
        70,
        "Tells the bees everything, so be careful what you say.",
    ),
];

/// How many personas there are before names are numbered.
pub const PERSONAS_COUNT: usize = PERSONAS.len();

impl Persona {
    /// The persona with this number; from [`PERSONAS_COUNT`] on, names and handles carry a number.
    pub fn numbered(index: usize) -> Self {
        let round = index / PERSONAS_COUNT + 1;
        // The table is not empty, so there is always a row.
        let row = PERSONAS.get(index % PERSONAS_COUNT).unwrap_or(&PERSONAS[0]);
        let (name, trade, region, home, topics, talkative, about) = *row;
        let slug = name.split(' ').next().unwrap_or(name).to_lowercase();
        let (slug, name) = match round {
            1 => (slug, name.to_owned()),
            _ => (format!("{slug}-{round}"), format!("{name} {round}")),
        };
        Self {
            slug,
            name,
            trade,
            region,
            home,
            topics,
            about,
            talkative,
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
    use crate::brain::scripted::phrases;
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
    fn first_names_differ_and_every_favourite_topic_exists() {
        let first: HashSet<&str> = PERSONAS.iter().map(|row| Persona::call_name(row.0)).collect();
        assert_eq!(first.len(), PERSONAS_COUNT);
        for persona in (0..PERSONAS_COUNT).map(Persona::numbered) {
            for topic in persona.topics {
                assert!(phrases::topic(topic).is_some(), "{topic}");
            }
        }
    }

    #[test]
    fn odd_names_are_called_whole() {
        assert_eq!(Persona::call_name("Ada Fairweather"), "Ada");
        assert_eq!(Persona::call_name("scout-7 b"), "scout-7 b");
        assert_eq!(Persona::call_name(""), "");
    }
}
