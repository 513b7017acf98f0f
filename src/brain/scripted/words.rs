//! A text as words: who is called in it, and which names it mentions.

use super::spoken::bare;
use crate::brain::Persona;
use crate::brain::lore::people;
use crate::domain::region::RegionPlan;

/// Most characters of a text that are looked at.
const LOOK_CHARS: usize = 400;
/// Longest word that is repeated to its speaker.
const WORD_MAX_CHARS: usize = 20;

/// A text as words.
pub struct Words {
    lower: String,
    words: Vec<String>,
    /// Which of the words call somebody, as `Bram` does in `Well, Bram?` and not in `Ask Bram.`
    calls: Vec<usize>,
    /// Where the last sentence begins.
    last_sentence: usize,
    is_question: bool,
}

impl Words {
    /// Splits a text; looks at its first 400 characters only.
    pub fn of(text: &str) -> Self {
        let cut: String = text.chars().take(LOOK_CHARS).collect();
        let lower = cut.to_lowercase().replace('\u{2019}', "'");
        let (mut words, mut breaks) = (Vec::new(), vec![true]);
        let (mut last_sentence, mut has_ended) = (0, false);
        for piece in lower.split_inclusive(|c: char| !is_letter(c)) {
            let word = piece.trim_end_matches(|c: char| !is_letter(c));
            if !word.is_empty() {
                if std::mem::take(&mut has_ended) {
                    last_sentence = words.len();
                }
                words.push(word.to_owned());
                breaks.push(false);
            }
            if piece.ends_with([',', '.', '!', '?', ':', ';'])
                && let Some(last) = breaks.last_mut()
            {
                *last = true;
            }
            has_ended |= piece.ends_with(['.', '!', '?']);
        }
        if let Some(last) = breaks.last_mut() {
            *last = true;
        }
        let is_question = lower.contains('?') || begins_a_question(&words);
        let is_break = |index: usize| breaks.get(index).copied().unwrap_or(true);
        let is_call = |index: usize| {
            let before = index.checked_sub(1).and_then(|index| words.get(index));
            (is_break(index) && is_break(index.saturating_add(1)))
                || before.is_some_and(|word| is_in(HAILING, word))
                || (index == 0 && is_question)
        };
        let calls = (0..words.len()).filter(|index| is_call(*index)).collect();
        Self {
            lower,
            words,
            calls,
            last_sentence,
            is_question,
        }
    }

    /// Whether one of these words occurs. `wanted`: words between spaces.
    pub fn any(&self, wanted: &str) -> bool {
        self.words.iter().any(|word| is_in(wanted, word))
    }

    /// Whether one of these phrases occurs. `wanted`: phrases between bars.
    pub fn phrase(&self, wanted: &str) -> bool {
        contains_phrase(&self.words, wanted)
    }

    /// Whether one of these phrases occurs in the last sentence. `wanted`: phrases between bars.
    pub fn ends_with_phrase(&self, wanted: &str) -> bool {
        contains_phrase(self.words.get(self.last_sentence..).unwrap_or(&[]), wanted)
    }

    /// The text in lower case.
    pub fn lower(&self) -> &str {
        &self.lower
    }

    /// The words in lower case, in their order.
    pub fn all(&self) -> &[String] {
        &self.words
    }

    /// Whether a price is named: `1.50`.
    pub fn has_price(&self) -> bool {
        let is_price = |window: &[u8]| match window {
            [unit, b'.', tenth, hundredth] => [unit, tenth, hundredth]
                .iter()
                .all(|digit| digit.is_ascii_digit()),
            _ => false,
        };
        self.lower.as_bytes().windows(4).any(is_price)
    }

    /// Whether it asks.
    pub fn is_question(&self) -> bool {
        self.is_question
    }

    /// Whether somebody of this name is called.
    pub fn calls(&self, name: &str, handle: &str) -> bool {
        let call = Persona::call_name(name).to_lowercase();
        let mut called = self.calls.iter().filter_map(|index| self.words.get(*index));
        called.any(|word| *word == call)
            || self.words.iter().any(|word| word == handle)
            || (call.contains(|c: char| !is_letter(c)) && !call.is_empty() && self.lower.contains(&call))
    }

    /// Whether somebody of this name is called or spoken of.
    pub fn mentions(&self, name: &str, handle: &str) -> bool {
        let call = Persona::call_name(name).to_lowercase();
        let is_named = |word: &String| *word == call || word.strip_suffix("'s") == Some(call.as_str());
        self.calls(name, handle) || self.words.iter().any(is_named)
    }

    /// Whether anybody may be called at all: saves asking for each of those around.
    pub fn has_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    /// An inhabitant who is spoken of and not called.
    pub fn person(&self) -> Option<&'static Persona> {
        let spoken_of = self.words.iter().enumerate();
        spoken_of
            .filter(|(index, _)| !self.calls.contains(index))
            .find_map(|(_, word)| people::named(word.strip_suffix("'s").unwrap_or(word)))
    }

    /// The place that is named, by the indices of its region and its own; here before elsewhere, the longest name counts.
    pub fn place(&self, regions: &[RegionPlan], here: &str) -> Option<(usize, usize)> {
        let all = regions.iter().enumerate().flat_map(|(r, region)| {
            let places = region.places.iter().enumerate();
            places.map(move |(p, place)| (r, p, region.name == here, bare(&place.name).to_lowercase()))
        });
        all.filter(|(_, _, _, name)| name.chars().count() >= 3 && self.lower.contains(name.as_str()))
            .max_by_key(|(_, _, is_here, name)| (*is_here, name.len()))
            .map(|(region, place, _, _)| (region, place))
    }

    /// The region that is named: neither by accident nor the word "main".
    pub fn region<'a>(&self, regions: &'a [RegionPlan]) -> Option<&'a RegionPlan> {
        regions.iter().find(|region| {
            let display = region.display_name.to_lowercase();
            (region.name != "main" && self.words.contains(&region.name))
                || (!display.is_empty() && self.lower.contains(&display))
        })
    }

    /// The longest word that is worth repeating.
    pub fn subject(&self) -> Option<&str> {
        let is_subject = |(index, word): &(usize, &String)| {
            let length = word.chars().count();
            (4..=WORD_MAX_CHARS).contains(&length)
                && word.chars().all(char::is_alphabetic)
                && !is_in(DULL, word)
                && !self.calls.contains(index)
        };
        let subjects = self.words.iter().enumerate().filter(is_subject);
        subjects
            .max_by_key(|(_, word)| word.chars().count())
            .map(|(_, word)| word.as_str())
    }
}

/// Whether words ask without a mark: they begin with a word that asks, or with a name or a greeting before it.
fn begins_a_question(words: &[String]) -> bool {
    let is_asking = |index: usize| words.get(index).is_some_and(|word| is_in(ASKING, word));
    let is_hailing = |index: usize| {
        let word = words.get(index);
        word.is_some_and(|word| is_in(HAILING, word) || people::named(word).is_some())
    };
    // `Do not` forbids, and asks nothing.
    let is_ban = words.get(1).is_some_and(|word| word == "not");
    (is_asking(0) && !is_ban) || (is_hailing(0) && (is_asking(1) || (is_hailing(1) && is_asking(2))))
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\'' | '-' | '_')
}

fn is_in(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known == word)
}

fn contains_phrase(words: &[String], wanted: &str) -> bool {
    wanted.split('|').any(|phrase| {
        let length = phrase.split(' ').count();
        let is_phrase = |window: &[String]| window.iter().map(String::as_str).eq(phrase.split(' '));
        words.windows(length).any(is_phrase)
    })
}

/// Words that begin a question, with or without its mark.
const ASKING: &str =
    "who what what's where where's when why how how's which whose do does are can could would";

/// Words after which a name is a call.
const HAILING: &str =
    "hello hi hey morning evening afternoon ah goodbye bye farewell thanks dear greetings welcome";

/// Long words that questions are never about.
const DULL: &str = "about would could should there their where which what when with have your think know please hello \
    good today really anything something somebody anybody does this that these those from here will \
    shall been more much many some tell want like ever they them morning evening afternoon thing \
    things mean yours into than then just maybe because believe opinion people never always make need";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brain::scripted::tests::world;

    #[test]
    fn who_is_called_and_who_is_only_spoken_of() {
        let calls = |text: &str| Words::of(text).calls("Bram Oakley", "demo-bram");
        for text in [
            "Bram, how are you?",
            "Hello Bram",
            "Good morning, Bram!",
            "What do you say, Bram?",
            "Ah, Bram. There you are.",
            "hey bram how much is bread",
            "bram what is that",
            "ask demo-bram something",
        ] {
            assert!(calls(text), "{text}");
        }
        for text in [
            "Have you seen Bram today, Ada?",
            "Ask Bram.",
            "Bram burned a loaf.",
            "Bramble, perhaps",
        ] {
            assert!(!calls(text), "{text}");
        }
        let words = Words::of("Have you seen Bram's hat, Ada?");
        assert!(words.mentions("Bram Oakley", "demo-bram") && words.calls("Ada Fairweather", "demo-ada"));
        assert_eq!(words.person().map(|person| person.slug.as_str()), Some("bram"));
        assert!(Words::of("well, scout-7 x, hello").calls("scout-7 x", "s7"));
        assert!(!Words::of("Well, well.").calls("", "s7"));
    }

    #[test]
    fn places_of_all_regions_are_found_and_those_here_first() {
        let world = world();
        let place = |text: &str, here: &str| {
            let (region, place) = Words::of(text).place(&world.regions, here)?;
            Some(world.regions[region].places[place].name.clone())
        };
        assert_eq!(
            place("where is the duck pond?", "main").as_deref(),
            Some("Duck Pond")
        );
        assert_eq!(place("and the clocktower", "main").as_deref(), Some("Clocktower"));
        assert_eq!(place("the moon", "main"), None);
    }

    #[test]
    fn the_subject_of_a_question_is_its_longest_telling_word() {
        assert_eq!(
            Words::of("Do you believe in lighthouses?").subject(),
            Some("lighthouses")
        );
        assert_eq!(Words::of("Really?").subject(), None);
        assert!(
            Words::of("Do you count the stars").is_question() && !Words::of("Do not spoil it.").is_question()
        );
        assert!(Words::of("One. And you, Ada?").ends_with_phrase("and you"));
        assert!(!Words::of("And you? No.").ends_with_phrase("and you"));
    }
}
