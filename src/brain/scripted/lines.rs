//! Lines said or heard lately, and how new another one would be.

use crate::base::time::Timestamp;
use smallvec::SmallVec;
use std::collections::VecDeque;

/// How long a line is not said again. Units: milliseconds.
pub const LINE_REST_MS: i64 = 300_000;
/// Most lines that are remembered.
const LINES_MAX: usize = 256;
/// Most characters of a line that are remembered.
const LINE_CHARS_MAX: usize = 400;
/// Shorter words are in every line. Units: bytes.
const WORD_MIN: usize = 4;

/// Lines said or heard lately.
#[derive(Debug, Default)]
pub struct Lines(VecDeque<Line>);

#[derive(Debug)]
struct Line {
    at: Timestamp,
    text: String,
    words: Prints,
}

/// The words of a line as sorted numbers.
type Prints = SmallVec<[u32; 24]>;

impl Lines {
    /// Notes a line that was said or heard.
    pub fn note(&mut self, line: &str, now: Timestamp) {
        while self
            .0
            .front()
            .is_some_and(|known| now.since_ms(known.at) >= LINE_REST_MS)
            || self.0.len() >= LINES_MAX
        {
            self.0.pop_front();
        }
        let text: String = line.chars().take(LINE_CHARS_MAX).collect();
        let words = prints(&text);
        self.0.push_back(Line { at: now, text, words });
    }

    /// How much of a line was in one that was said or heard lately: 0 nothing, 100 all its words, above 100 the line itself.
    pub fn likeness(&self, line: &str, now: Timestamp) -> u32 {
        let words = prints(line);
        let recent = self.0.iter().rev();
        recent
            .take_while(|known| now.since_ms(known.at) < LINE_REST_MS)
            .map(|known| {
                if !line.is_empty() && known.text.contains(line) {
                    return 101;
                }
                let common = words
                    .iter()
                    .filter(|word| known.words.binary_search(word).is_ok())
                    .count();
                let least = words.len().min(known.words.len()).max(3);
                u32::try_from(common * 100 / least).unwrap_or(100)
            })
            .max()
            .unwrap_or(0)
    }

    /// How many are remembered.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// The telling words of a text as sorted hashes. Source: FNV-1a.
fn prints(text: &str) -> Prints {
    let words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.len() >= WORD_MIN);
    let mut prints: Prints = words
        .map(|word| {
            word.bytes().fold(0x811c_9dc5, |hash, byte| {
                (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
            })
        })
        .collect();
    prints.sort_unstable();
    prints.dedup();
    prints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_rest_five_minutes() {
        let mut lines = Lines::default();
        lines.note("Good morning, Bram. The owl was late again.", Timestamp(0));
        let likeness = |line: &str, at| lines.likeness(line, Timestamp(at));
        assert_eq!(likeness("The owl was late again.", LINE_REST_MS - 1), 101);
        assert_eq!(likeness("Late again, the owl; good morning.", 1), 100);
        assert_eq!(likeness("The owl was late again.", LINE_REST_MS), 0);
        assert_eq!(likeness("Soup for everybody!", 1), 0);
        assert_eq!(likeness("", 1), 0);
    }

    #[test]
    fn only_so_many_lines_are_kept() {
        let mut lines = Lines::default();
        for number in 0..1_000 {
            lines.note(&format!("line {number}"), Timestamp(number));
        }
        assert_eq!(lines.count(), LINES_MAX);
        lines.note("late", Timestamp(10 * LINE_REST_MS));
        assert_eq!(lines.count(), 1);
    }
}
