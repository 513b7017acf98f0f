//! What somebody meant, as far as words tell.

use super::phrases::{TOPICS, Topic};
use crate::brain::Persona;
use crate::domain::object::ItemKind;
use crate::domain::region::RegionPlan;

/// Most characters of a text that are looked at.
const LOOK_CHARS: usize = 400;
/// Longest word that is repeated to its speaker.
const WORD_MAX_CHARS: usize = 20;

/// What somebody meant.
#[derive(Clone, Debug)]
pub enum Cue {
    /// A greeting and nothing else.
    Greeting,
    /// A farewell.
    Farewell,
    /// Thanks.
    Thanks,
    /// How are you.
    HowAreYou,
    /// Who are you.
    Who,
    /// What do you do.
    Work,
    /// Where do you live.
    Home,
    /// What time is it.
    Time,
    /// What is the weather like.
    Weather,
    /// What does something cost.
    Price(Option<ItemKind>),
    /// Where is a place of the region, by its index.
    Where(usize),
    /// Come along.
    Invitation,
    /// What do you like.
    Liking,
    /// Praise.
    Praise,
    /// A question about a topic.
    AskedAbout(&'static Topic),
    /// A remark about a topic.
    ToldAbout(&'static Topic),
    /// A question about something unknown; the word that it is about.
    Question(Option<String>),
    /// Anything else.
    Remark,
}

/// A text as words.
pub struct Words {
    lower: String,
    words: Vec<String>,
    is_question: bool,
}

impl Words {
    /// Splits a text; looks at its first 400 characters only.
    pub fn of(text: &str) -> Self {
        let lower: String = text
            .chars()
            .take(LOOK_CHARS)
            .collect::<String>()
            .to_lowercase()
            .replace('\u{2019}', "'");
        let words = lower.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '-' && c != '_');
        let words: Vec<String> = words.filter(|word| !word.is_empty()).map(str::to_owned).collect();
        let is_question = lower.contains('?')
            || words
                .first()
                .is_some_and(|first| ASKING.contains(&first.as_str()));
        Self {
            lower,
            words,
            is_question,
        }
    }

    /// Whether one of these words occurs.
    fn any(&self, wanted: &[&str]) -> bool {
        self.words.iter().any(|word| wanted.contains(&word.as_str()))
    }

    /// Whether one of these phrases occurs.
    fn phrase(&self, wanted: &[&str]) -> bool {
        let padded = format!(" {} ", self.words.join(" "));
        wanted
            .iter()
            .any(|phrase| padded.contains(&format!(" {phrase} ")))
    }

    /// Whether it asks.
    pub fn is_question(&self) -> bool {
        self.is_question
    }

    /// Whether somebody of this name is named.
    pub fn names(&self, name: &str, handle: &str) -> bool {
        let call = Persona::call_name(name).to_lowercase();
        let is_word = self
            .words
            .iter()
            .any(|word| *word == call || word == handle || word.strip_suffix("'s") == Some(&call));
        is_word || (call.contains(' ') && self.lower.contains(&call))
    }

    /// The place of the region that is named, by its index; the longest name counts.
    pub fn place(&self, region: &RegionPlan) -> Option<usize> {
        let named = region.places.iter().enumerate().filter(|(_, place)| {
            let name = place.name.to_lowercase();
            let bare = name.strip_prefix("the ").unwrap_or(&name);
            bare.chars().count() >= 3 && self.lower.contains(bare)
        });
        named
            .max_by_key(|(_, place)| place.name.len())
            .map(|(index, _)| index)
    }

    /// The region that is named: neither by accident nor the word "main".
    pub fn region<'a>(&self, regions: &'a [RegionPlan]) -> Option<&'a RegionPlan> {
        regions.iter().find(|region| {
            let display = region.display_name.to_lowercase();
            (region.name != "main" && self.words.contains(&region.name))
                || (!display.is_empty() && self.lower.contains(&display))
        })
    }

    fn item(&self) -> Option<ItemKind> {
        ItemKind::ALL
            .into_iter()
            .find(|item| self.any(&[item.name(), &format!("{}s", item.name())]))
    }

    /// The longest word that is worth repeating.
    fn subject(&self) -> Option<String> {
        let is_subject = |word: &&String| {
            let length = word.chars().count();
            (4..=WORD_MAX_CHARS).contains(&length)
                && word.chars().all(char::is_alphabetic)
                && !DULL.contains(&word.as_str())
        };
        self.words
            .iter()
            .filter(is_subject)
            .max_by_key(|word| word.chars().count())
            .cloned()
    }

    fn topic(&self) -> Option<&'static Topic> {
        let score = |topic: &Topic| {
            self.words
                .iter()
                .filter(|word| topic.words.contains(&word.as_str()))
                .count()
        };
        TOPICS
            .iter()
            .rev()
            .max_by_key(|topic| score(topic))
            .filter(|topic| score(topic) > 0)
    }

    /// What was meant. The more definite meaning counts: a greeting with a question is a question.
    pub fn cue(&self, region: &RegionPlan) -> Cue {
        if self.phrase(INVITING) {
            return Cue::Invitation;
        }
        if self.is_question
            && let Some(cue) = self.question(region)
        {
            return cue;
        }
        let is_see_you = self.phrase(&["see you"]) && !self.phrase(&["to see you"]);
        if is_see_you
            || self.any(&["goodbye", "bye", "farewell"])
            || self.phrase(&["take care", "until next time", "good night", "go well"])
        {
            return Cue::Farewell;
        }
        if self.words.len() <= 8 && self.any(&["thanks", "thank", "thx", "grateful"]) {
            return Cue::Thanks;
        }
        if self.phrase(&[
            "well done",
            "good work",
            "you are kind",
            "i like you",
            "how nice",
            "you are great",
            "beautiful work",
        ]) {
            return Cue::Praise;
        }
        let is_greeting = self.any(&["hello", "hi", "hey", "greetings", "welcome", "howdy", "likewise"])
            || self.phrase(&[
                "good morning",
                "good day",
                "good dawn",
                "good noon",
                "good afternoon",
                "good evening",
                "good dusk",
                "well met",
                "good to see you",
                "there you are",
                "and to you",
            ]);
        match self.topic() {
            _ if is_greeting && self.words.len() <= 12 => Cue::Greeting,
            Some(topic) if self.is_question => Cue::AskedAbout(topic),
            Some(topic) => Cue::ToldAbout(topic),
            None if is_greeting => Cue::Greeting,
            None if self.is_question => Cue::Question(self.subject()),
            None => Cue::Remark,
        }
    }

    fn question(&self, region: &RegionPlan) -> Option<Cue> {
        if self.any(&["price", "prices", "cost", "costs", "expensive", "cheap"]) || self.phrase(&["how much"])
        {
            return Some(Cue::Price(self.item()));
        }
        if self.phrase(&[
            "where is",
            "where's",
            "where are",
            "way to",
            "get to",
            "how far",
            "find the",
            "directions to",
        ]) && let Some(place) = self.place(region)
        {
            return Some(Cue::Where(place));
        }
        let cues: [(&[&str], Cue); 7] = [
            (
                &[
                    "your name",
                    "who are you",
                    "who you are",
                    "what are you called",
                    "call you",
                ],
                Cue::Who,
            ),
            (
                &[
                    "what do you do",
                    "your work",
                    "your job",
                    "your trade",
                    "your profession",
                    "for a living",
                ],
                Cue::Work,
            ),
            (
                &[
                    "where do you live",
                    "where are you from",
                    "your home",
                    "where you live",
                    "do you live",
                ],
                Cue::Home,
            ),
            (&["what time", "the time", "how late", "what hour"], Cue::Time),
            (
                &[
                    "how are you",
                    "how do you do",
                    "how goes",
                    "how is it going",
                    "how's it going",
                    "how do you feel",
                    "on your way to somewhere",
                    "how is your",
                ],
                Cue::HowAreYou,
            ),
            (
                &[
                    "the weather like",
                    "how is the weather",
                    "how's the weather",
                    "what's the weather",
                    "what is the weather",
                    "weather today",
                    "is it raining",
                    "temperature",
                ],
                Cue::Weather,
            ),
            (
                &[
                    "what do you like",
                    "do you like to",
                    "your favourite",
                    "your favorite",
                    "your hobby",
                    "your hobbies",
                    "what interests you",
                ],
                Cue::Liking,
            ),
        ];
        cues.into_iter()
            .find(|(phrases, _)| self.phrase(phrases))
            .map(|(_, cue)| cue)
    }
}

/// Words that begin a question, with or without its mark.
const ASKING: &[&str] = &[
    "who", "what", "what's", "where", "where's", "when", "why", "how", "how's", "which", "whose",
];

const INVITING: &[&str] = &[
    "walk with me",
    "come with me",
    "join me",
    "follow me",
    "come along",
];

/// Long words that questions are never about.
const DULL: &[&str] = &[
    "about",
    "would",
    "could",
    "should",
    "there",
    "their",
    "where",
    "which",
    "what",
    "when",
    "with",
    "have",
    "your",
    "think",
    "know",
    "please",
    "hello",
    "good",
    "today",
    "really",
    "anything",
    "something",
    "somebody",
    "anybody",
    "does",
    "this",
    "that",
    "these",
    "those",
    "from",
    "here",
    "will",
    "shall",
    "been",
    "more",
    "much",
    "many",
    "some",
    "tell",
    "want",
    "like",
    "ever",
    "they",
    "them",
    "morning",
    "evening",
    "afternoon",
    "thing",
    "things",
    "mean",
    "yours",
    "into",
    "than",
    "then",
    "just",
    "maybe",
    "because",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brain::Dice;
    use crate::brain::scripted::grammar::{Gaps, expand};
    use crate::brain::scripted::phrases;
    use crate::brain::scripted::tests::world;

    fn cue(text: &str) -> Cue {
        Words::of(text).cue(world().region("main").unwrap())
    }

    #[test]
    fn meanings_are_told_apart() {
        assert!(matches!(cue("Hello!"), Cue::Greeting));
        assert!(matches!(cue("Good morning, Ada."), Cue::Greeting));
        assert!(matches!(cue("hey Ada, how are you?"), Cue::HowAreYou));
        assert!(matches!(
            cue("How much is a lantern?"),
            Cue::Price(Some(ItemKind::Lantern))
        ));
        assert!(matches!(cue("What are the prices like"), Cue::Price(None)));
        assert!(matches!(cue("What's your name?"), Cue::Who));
        assert!(matches!(cue("How is the weather?"), Cue::Weather));
        assert!(matches!(cue("Where is the duck pond?"), Cue::Where(2)));
        assert!(matches!(cue("Thanks a lot, Bram"), Cue::Thanks));
        assert!(matches!(cue("See you, Bram!"), Cue::Farewell));
        assert!(
            matches!(cue("I found mushrooms on the trail"), Cue::ToldAbout(topic) if topic.name == "forest")
        );
        assert!(matches!(cue("Do you play the fiddle?"), Cue::AskedAbout(topic) if topic.name == "music"));
        assert!(
            matches!(cue("Do you believe in lighthouses?"), Cue::Question(Some(word)) if word == "lighthouses")
        );
        assert!(matches!(cue("Really?"), Cue::Question(None)));
        assert!(matches!(cue("Come with me to the hall"), Cue::Invitation));
        assert!(matches!(cue(""), Cue::Remark));
    }

    #[test]
    fn inhabitants_understand_each_other() {
        let gaps = Gaps::default()
            .with("name", "Bram")
            .with("day", "morning")
            .with("sky", "drizzle")
            .with("place", "The Green")
            .with("goal", "the mill");
        let mut dice = Dice::new(5);
        for _ in 0..30 {
            for topic in TOPICS {
                for phrase in topic.ask {
                    let line = expand(phrase, &gaps, &mut dice);
                    assert!(
                        matches!(cue(&line), Cue::AskedAbout(_)),
                        "{line} is {:?}",
                        cue(&line)
                    );
                }
            }
            for phrase in phrases::FAREWELL.iter().chain(phrases::FAREWELL_BACK) {
                let line = expand(phrase, &gaps, &mut dice);
                assert!(matches!(cue(&line), Cue::Farewell), "{line} is {:?}", cue(&line));
            }
            for phrase in phrases::INVITE {
                assert!(matches!(cue(&expand(phrase, &gaps, &mut dice)), Cue::Invitation));
            }
            for phrase in phrases::GREET.iter().chain(phrases::GREET_BACK) {
                let line = expand(phrase, &gaps, &mut dice);
                assert!(
                    matches!(cue(&line), Cue::Greeting | Cue::HowAreYou),
                    "{line} is {:?}",
                    cue(&line)
                );
            }
        }
    }

    #[test]
    fn names_are_heard_as_words_only() {
        let words = Words::of("Is Ada's clock slow, demo-bram?");
        assert!(words.names("Ada Fairweather", "demo-ada") && words.names("Bram Oakley", "demo-bram"));
        assert!(!words.names("Dad", "x") && !words.names("Slo", "y"));
        assert!(Words::of("scout 7 x, hello").names("scout 7 x", "s7"));
    }
}
