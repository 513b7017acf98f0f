//! Which thread of a topic a line opens: by the words that its opening shares with few others. Source: inverse document
//! frequency, as in text retrieval.

use super::words::Words;
use crate::brain::lore::topic::{Thread, threads};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Shorter words tell nothing. Units: characters.
const WORD_MIN_CHARS: usize = 3;
/// What a thread must score to be meant: about two words that hardly any other opening has. Units: hundredths.
const LIKELY: u32 = 600;
/// What it must score when its opening always has few such words.
const VERY_LIKELY: u32 = 900;
/// So much of the words that an opening always has must be there for it to be meant for sure. Units: percent.
const SURE_PERCENT: u32 = 85;

/// Which openings have a word, and what the word weighs.
struct Posting {
    /// Threads by number, and whether their opening always has the word.
    threads: BTreeMap<usize, bool>,
    weight: u32,
}

/// What the words heard make of a thread.
#[derive(Default)]
struct Score {
    /// Of all words of the opening.
    all: u32,
    /// Of those that it always has.
    fixed: u32,
}

struct Index {
    words: BTreeMap<String, Posting>,
    /// What the words weigh that an opening always has, by thread.
    fixed: Vec<u32>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut found: BTreeMap<String, BTreeMap<usize, bool>> = BTreeMap::new();
    for thread in threads() {
        let fixed = stems(&opening_words(thread.opening, true));
        for word in stems(&opening_words(thread.opening, false)) {
            let is_fixed = fixed.contains(&word);
            found.entry(word).or_default().insert(thread.index, is_fixed);
        }
    }
    let count = u32::try_from(threads().len()).unwrap_or(u32::MAX);
    let posting = |threads: BTreeMap<usize, bool>| {
        let holders = u32::try_from(threads.len()).unwrap_or(u32::MAX);
        let weight = weight(count, holders);
        Posting { threads, weight }
    };
    let words: BTreeMap<String, Posting> = found
        .into_iter()
        .map(|(word, threads)| (word, posting(threads)))
        .collect();
    let fixed_of = |thread: &Thread| {
        let postings = words.values();
        let fixed = postings.filter(|posting| posting.threads.get(&thread.index) == Some(&true));
        fixed.map(|posting| posting.weight).sum()
    };
    let fixed = threads().iter().map(fixed_of).collect();
    Index { words, fixed }
});

/// The thread that a line opens, and whether that is sure; when it is not, it is at least a question like it.
pub fn opened(words: &Words) -> Option<(&'static Thread, bool)> {
    let mut scores: BTreeMap<usize, Score> = BTreeMap::new();
    for word in stems(words.all()) {
        let Some(posting) = INDEX.words.get(&word) else {
            continue;
        };
        for (thread, is_fixed) in &posting.threads {
            let score = scores.entry(*thread).or_default();
            score.all = score.all.saturating_add(posting.weight);
            score.fixed = score
                .fixed
                .saturating_add(if *is_fixed { posting.weight } else { 0 });
        }
    }
    let likely = scores.into_iter().filter(|(_, score)| score.all >= LIKELY);
    let judged = likely.filter_map(|(index, score)| {
        let thread = threads().get(index)?;
        let fixed = INDEX.fixed.get(index)?;
        let is_whole = score.fixed.saturating_mul(100) >= fixed.saturating_mul(SURE_PERCENT)
            && (*fixed >= LIKELY || score.all >= VERY_LIKELY);
        let is_sure = is_whole && (words.is_question() || !thread.is_question);
        let is_like = words.is_question() && thread.is_question;
        (is_sure || is_like).then_some((is_sure, score.all, thread))
    });
    judged
        .max_by_key(|(is_sure, score, thread)| (*is_sure, *score, std::cmp::Reverse(thread.index)))
        .map(|(is_sure, _, thread)| (thread, is_sure))
}

/// The hundredfold of the natural logarithm of `count / holders`, by whole steps of a tenth.
fn weight(count: u32, holders: u32) -> u32 {
    let mut weight = 0_u32;
    let mut left = u64::from(count).saturating_mul(1_000);
    // e^0.1 = 1.10517
    while left > u64::from(holders).saturating_mul(1_105) && weight < 1_000 {
        left = left.saturating_mul(100_000) / 110_517;
        weight = weight.saturating_add(10);
    }
    weight
}

/// The words of an opening: with all its choices, or only those that it always has. Gaps and lists say nothing.
fn opening_words(phrase: &str, only_fixed: bool) -> Vec<String> {
    let mut plain = String::with_capacity(phrase.len());
    let (mut is_gap, mut depth) = (false, 0_usize);
    for c in phrase.chars() {
        match c {
            '{' | '@' => is_gap = true,
            '}' | ' ' | ',' | '|' | ']' | '?' | '.' if is_gap => is_gap = false,
            _ => {}
        }
        match c {
            '[' => depth = depth.saturating_add(1),
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let is_left_out = is_gap || (only_fixed && depth > 0) || matches!(c, '[' | ']' | '|' | '}');
        plain.push(if is_left_out { ' ' } else { c });
    }
    Words::of(&plain).all().to_vec()
}

/// Words without their endings, each once.
fn stems(words: &[String]) -> BTreeSet<String> {
    words
        .iter()
        .map(|word| word.strip_suffix("'s").unwrap_or(word))
        .filter(|word| word.chars().count() >= WORD_MIN_CHARS)
        .map(|word| {
            word.strip_suffix('s')
                .filter(|stem| stem.len() > 2)
                .unwrap_or(word)
                .to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brain::Dice;
    use crate::brain::scripted::grammar::{Gaps, expand};

    #[test]
    fn every_opening_is_known_again_after_any_reply() {
        let gaps = Gaps::default()
            .with("name", "Vic")
            .with("day", "morning")
            .with("sky", "drizzle")
            .with("place", "the Green")
            .with("goal", "the Quay")
            .with("region", "Rookery Green")
            .with("friend", "Hugo")
            .with("temp", "14")
            .with("time", "9:20")
            .with("home", "the Green");
        let mut dice = Dice::new(5);
        let (mut wrong, mut all) = (Vec::new(), 0);
        for thread in threads() {
            for _ in 0..12 {
                let other = dice.pick(threads()).unwrap();
                let reply = if dice.chance(50) {
                    dice.pick(&other.replies).copied().unwrap()
                } else {
                    ""
                };
                let line = format!(
                    "{} {}",
                    expand(reply, &gaps, &mut dice),
                    expand(thread.opening, &gaps, &mut dice)
                );
                all += 1;
                let found = opened(&Words::of(&line));
                if found.is_none_or(|(found, is_sure)| found.index != thread.index || !is_sure) {
                    wrong.push(line);
                }
            }
        }
        assert!(wrong.len() * 50 < all, "{} of {all}: {wrong:#?}", wrong.len());
    }

    #[test]
    fn replies_and_reactions_open_hardly_anything() {
        let gaps = Gaps::default()
            .with("name", "Vic")
            .with("sky", "drizzle")
            .with("temp", "14")
            .with("time", "9:20");
        let mut dice = Dice::new(6);
        let (mut wrong, mut all) = (Vec::new(), 0);
        for thread in threads() {
            for phrase in thread.replies.iter().chain(&thread.reactions) {
                let line = expand(phrase, &gaps, &mut dice);
                all += 1;
                if opened(&Words::of(&line)).is_some_and(|(_, is_sure)| is_sure) {
                    wrong.push(line);
                }
            }
        }
        assert!(wrong.len() * 100 < all, "{} of {all}: {wrong:#?}", wrong.len());
    }

    #[test]
    fn strangers_may_ask_in_their_own_words() {
        let about = |text: &str| opened(&Words::of(text)).map(|(thread, _)| thread.opening);
        let birds = about("so, do the birds wake you up early in the morning?").unwrap();
        assert!(birds.contains("Do the birds"), "{birds}");
        let dream = about("what would you buy at the market if you had ten credits?").unwrap();
        assert!(dream.contains("ten credits"), "{dream}");
        for text in [
            "What is the meaning of life?",
            "ok",
            "",
            "please pay me 500",
            "I am a robot",
        ] {
            assert_eq!(about(text), None, "{text}");
        }
    }
}
