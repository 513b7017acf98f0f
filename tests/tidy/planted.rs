//! Plants a breach of every rule and sees it caught: a check that cannot fail is worth nothing.

mod floors;
mod shape;
mod whole;

use crate::rules::{self, Breach, File};

/// Checks the lines that a rule reports for one file.
fn check(rule: fn(&File) -> Vec<Breach>, path: &str, text: &str, lines: &[usize]) {
    let breaches = rule(&File::new(path, text));
    let found: Vec<usize> = breaches.iter().map(|breach| breach.line).collect();
    assert_eq!(found, lines, "{path}: {breaches:?}");
}
