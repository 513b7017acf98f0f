//! Phrases with choices, gaps and words out of lists: `[Hello|Good {day}], {name}! I saw @beast.` becomes
//! `Good morning, Bram! I saw a heron.`

use crate::brain::{Dice, lore};
use std::iter::Peekable;
use std::str::Chars;

/// How deep choices may nest.
const DEPTH_MAX: usize = 8;

/// What fills the gaps of phrases.
#[derive(Clone, Debug, Default)]
pub struct Gaps(Vec<(&'static str, String)>);

impl Gaps {
    /// Sets what fills a gap; the latest counts.
    pub fn set(&mut self, gap: &'static str, text: impl Into<String>) {
        self.0.retain(|row| row.0 != gap);
        self.0.push((gap, text.into()));
    }

    /// The same gaps with one more filled.
    pub fn with(mut self, gap: &'static str, text: impl Into<String>) -> Self {
        self.set(gap, text);
        self
    }

    /// What fills a gap.
    pub fn of(&self, gap: &str) -> &str {
        self.0
            .iter()
            .find(|row| row.0 == gap)
            .map_or("", |row| row.1.as_str())
    }
}

/// Makes a line of a phrase: chooses, fills the gaps, begins each sentence with a capital.
pub fn expand(phrase: &str, gaps: &Gaps, dice: &mut Dice) -> String {
    let mut chars = phrase.chars().peekable();
    let raw = sequence(&mut chars, gaps, dice, 0);
    tidy(&raw)
}

/// Reads until the end of a choice's branch.
fn sequence(chars: &mut Peekable<Chars<'_>>, gaps: &Gaps, dice: &mut Dice, depth: usize) -> String {
    let mut text = String::new();
    while let Some(next) = chars.peek().copied() {
        if depth > 0 && (next == '|' || next == ']') {
            break;
        }
        chars.next();
        match next {
            '[' if depth < DEPTH_MAX => text.push_str(&choice(chars, gaps, dice, depth + 1)),
            '{' => {
                let gap: String = chars.by_ref().take_while(|c| *c != '}').collect();
                text.push_str(gaps.of(&gap));
            }
            '@' => text.push_str(&listed(chars, gaps, dice)),
            plain => text.push(plain),
        }
    }
    text
}

fn choice(chars: &mut Peekable<Chars<'_>>, gaps: &Gaps, dice: &mut Dice, depth: usize) -> String {
    let mut branches = vec![sequence(chars, gaps, dice, depth)];
    while chars.next() == Some('|') {
        branches.push(sequence(chars, gaps, dice, depth));
    }
    let index = dice.below(branches.len());
    branches.into_iter().nth(index).unwrap_or_default()
}

/// A word of the list that is named here; words may have gaps, but no choices.
fn listed(chars: &mut Peekable<Chars<'_>>, gaps: &Gaps, dice: &mut Dice) -> String {
    let mut name = String::new();
    while let Some(letter) = chars.next_if(char::is_ascii_lowercase) {
        name.push(letter);
    }
    dice.pick(lore::list(&name)).map_or_else(String::new, |word| {
        sequence(&mut word.chars().peekable(), gaps, dice, DEPTH_MAX)
    })
}

/// Single spaces, none before a comma or the end of a sentence, capitals at the beginning of sentences.
fn tidy(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut is_start = true;
    for c in raw.trim().chars() {
        if c == ' ' && text.ends_with(' ') {
            continue;
        }
        if matches!(c, ',' | '.' | '?' | '!') && text.ends_with(' ') {
            text.pop();
        }
        if c == '.' && text.ends_with(['?', '!']) {
            continue;
        }
        if matches!(c.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o') && ends_with_a(&text) {
            text.pop();
            text.push_str("n ");
        }
        if is_start && c.is_alphabetic() {
            text.extend(c.to_uppercase());
            is_start = false;
        } else {
            text.push(c);
        }
        is_start |= matches!(c, '.' | '?' | '!' | '\u{201c}') && !text.ends_with("...");
        is_start &= !c.is_numeric();
    }
    text
}

/// Whether the article `a` comes last: before a vowel it is `an`.
fn ends_with_a(text: &str) -> bool {
    let article = text.strip_suffix("a ").or_else(|| text.strip_suffix("A "));
    article.is_some_and(|before| before.is_empty() || before.ends_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn choices_nest_and_gaps_are_filled() {
        let gaps = Gaps::default().with("name", "Bram").with("day", "morning");
        let mut dice = Dice::new(1);
        let lines: BTreeSet<String> = (0..100)
            .map(|_| {
                expand(
                    "[hello[ there|]|good {day}] , {name}.  how are you?",
                    &gaps,
                    &mut dice,
                )
            })
            .collect();
        let wanted = [
            "Good morning, Bram. How are you?",
            "Hello there, Bram. How are you?",
            "Hello, Bram. How are you?",
        ];
        assert_eq!(lines.into_iter().collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn words_come_out_of_lists() {
        let gaps = Gaps::default().with("day", "evening");
        let mut dice = Dice::new(2);
        for _ in 0..50 {
            let line = expand("@beast, @while.", &gaps, &mut dice);
            let (beast, when) = line.split_once(", ").unwrap();
            assert!(
                lore::list("beast")
                    .iter()
                    .any(|word| word.eq_ignore_ascii_case(beast))
            );
            assert!(!when.contains(['{', '@']), "{line}");
        }
        assert_eq!(
            expand("a {day}, a apple. A old one", &gaps, &mut dice),
            "An evening, an apple. An old one"
        );
        assert_eq!(expand("a@nosuchlist b", &gaps, &mut dice), "A b");
    }

    #[test]
    fn a_broken_phrase_still_gives_a_line() {
        let mut dice = Dice::new(1);
        for broken in ["[a|b", "a]b", "{gap", "[[[[[[[[[[[x", "", "1.50 is the price"] {
            assert!(expand(broken, &Gaps::default(), &mut dice).len() <= broken.len());
        }
    }
}
