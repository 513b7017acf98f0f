//! What the inhabitants know and may talk about, read from the texts beside this file: who they are, what is sold where,
//! topics, songs. The texts are part of the program; a line that makes no sense is left out, and a test counts them.

pub mod people;
pub mod shop;
pub mod topic;

pub use shop::{Shop, Ware};
pub use topic::{Thread, Topic};

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// All lists of words that phrases choose from, by name.
static LISTS: LazyLock<BTreeMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    let lines = lines(include_str!("text/lists.txt"));
    lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, words)| (name, words.split('|').map(str::trim).collect()))
        .collect()
});

/// What is sung and recited, as kind and phrase.
static SONGS: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    lines(include_str!("text/songs.txt"))
        .filter_map(|line| line.split_once(' '))
        .collect()
});

/// The words of a list; none when there is no such list.
pub fn list(name: &str) -> &'static [&'static str] {
    LISTS.get(name).map_or(&[], Vec::as_slice)
}

/// What performers of a kind (`songs`, `verses`) perform.
pub fn repertoire(kind: &str) -> Vec<&'static str> {
    SONGS
        .iter()
        .filter(|row| row.0 == kind)
        .map(|row| row.1)
        .collect()
}

/// The lines of a text that say something.
fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_texts_is_understood() {
        assert_eq!(LISTS.len(), 12);
        assert!(LISTS.values().all(|words| words.len() >= 7));
        assert_eq!(SONGS.len(), 18);
        assert!(repertoire("songs").len() >= 8 && repertoire("verses").len() >= 8);
        assert!(list("nothing").is_empty());
    }
}
