//! What is silenced, skipped or left to do.

use super::{Breach, File};
use crate::source::Source;

/// Lints are not silenced and tests not skipped.
pub fn silenced(file: &File) -> Vec<Breach> {
    if !file.is_rust() {
        return Vec::new();
    }
    let code = Source::parse(&file.text).code;
    let mut breaches = Vec::new();
    for (start, _) in code.match_indices('#') {
        let inner = code.split_at(start + 1).1.trim_start_matches('!').trim_start();
        let Some(attribute) = inner.strip_prefix('[') else {
            continue;
        };
        let attribute: String = attribute
            .chars()
            .take_while(|char| *char != ']')
            .filter(|char| !char.is_whitespace())
            .collect();
        let line = code.split_at(start).0.matches('\n').count() + 1;
        if attribute.starts_with("allow(")
            || (attribute.starts_with("cfg_attr(") && attribute.contains(",allow("))
        {
            breaches.push(file.breach(line, "expect(lint, reason = ..) instead of allow"));
        }
        let is_skipped = |text: &str| text == "ignore" || text.starts_with("ignore=");
        if is_skipped(&attribute)
            || attribute
                .strip_prefix("cfg_attr(")
                .is_some_and(|rest| rest.contains(",ignore"))
        {
            breaches.push(file.breach(line, "a test is not skipped: make it pass or take it out"));
        }
    }
    breaches
}

const CODE_ENDINGS: &[&str] = &[
    "rs",
    "ts",
    "js",
    "mjs",
    "py",
    "sh",
    "sql",
    "toml",
    "html",
    "css",
    "yaml",
    "yml",
    "Makefile",
    "Dockerfile",
    "run",
];

/// What is left to do is an issue, and its number stands beside the mark.
pub fn unfinished(file: &File) -> Vec<Breach> {
    let ending = file.path.rsplit(['.', '/']).next().unwrap_or_default();
    if !CODE_ENDINGS.contains(&ending) {
        return Vec::new();
    }
    // Marks in Rust strings are data; other languages are read as they stand.
    let text = if file.is_rust() {
        Source::parse(&file.text).comments
    } else {
        file.text.clone()
    };
    let is_mark = |word: &str| matches!(word, "TODO" | "FIXME" | "XXX");
    let has_issue = |line: &str| {
        line.match_indices('#').any(|(at, _)| {
            line.split_at(at + 1)
                .1
                .starts_with(|char: char| char.is_ascii_digit())
        })
    };
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| line.split(|char: char| !char.is_alphanumeric()).any(is_mark) && !has_issue(line))
        .map(|(index, _)| file.breach(index + 1, "unfinished without an issue number (#12)"))
        .collect()
}
