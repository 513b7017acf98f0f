//! How long files are, and how they are called.

use super::{Breach, File};
use crate::source::Source;

/// The most lines of a file in `src`, its tests module apart.
const MAX_LINES: usize = 500;
/// What half of the files stay within, once there are enough files to speak of a half.
const MAX_MEDIAN_LINES: usize = 150;
const MIN_FILES_FOR_MEDIAN: usize = 20;

/// No file is long, and most are short.
pub fn length(files: &[File]) -> Vec<Breach> {
    let sized: Vec<(&File, usize)> = files
        .iter()
        .filter(|file| file.is_product())
        .map(|file| (file, lines_without_tests(file)))
        .collect();
    let too_long = sized.iter().filter(|(_, lines)| *lines > MAX_LINES);
    let mut breaches: Vec<Breach> = too_long
        .map(|(file, lines)| file.breach(*lines, format!("longer than {MAX_LINES} lines without tests")))
        .collect();
    let mut lines: Vec<usize> = sized.iter().map(|(_, lines)| *lines).collect();
    lines.sort_unstable();
    let median = lines.get(lines.len() / 2).copied().unwrap_or_default();
    if lines.len() >= MIN_FILES_FOR_MEDIAN && median > MAX_MEDIAN_LINES {
        let rule = format!("the median file has {median} lines; aim at 120, at most {MAX_MEDIAN_LINES}");
        breaches.push(Breach {
            path: "src".to_owned(),
            line: 0,
            rule,
        });
    }
    breaches
}

/// The lines before the tests module; a `#[cfg(test)]` on anything but a module does not end the count.
fn lines_without_tests(file: &File) -> usize {
    if file.path.ends_with("/tests.rs") {
        return 0;
    }
    let code = Source::parse(&file.text).code;
    let lines: Vec<&str> = code.lines().map(str::trim).collect();
    let is_tests = |index: usize| {
        let item = lines[index + 1..]
            .iter()
            .find(|line| !line.is_empty() && !line.starts_with("#["));
        lines[index] == "#[cfg(test)]"
            && item.is_some_and(|line| line.starts_with("mod ") || line.starts_with("pub"))
    };
    (0..lines.len())
        .find(|index| is_tests(*index))
        .unwrap_or(lines.len())
}

const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "manager", "data"];

/// No file and no module has a name that says nothing.
pub fn names(file: &File) -> Vec<Breach> {
    if !file.is_rust() {
        return Vec::new();
    }
    let rule = |name: &str| format!("`{name}` says nothing: name the domain noun");
    let parts = file.path.split('/').map(|part| part.trim_end_matches(".rs"));
    let mut breaches: Vec<Breach> = parts
        .filter(|part| EMPTY_NAMES.contains(part))
        .map(|part| file.breach(0, rule(part)))
        .collect();
    for (index, line) in Source::parse(&file.text).code.lines().enumerate() {
        let words: Vec<&str> = line
            .split(|char: char| !char.is_alphanumeric() && char != '_')
            .collect();
        let modules = words
            .windows(2)
            .filter(|pair| pair[0] == "mod" && EMPTY_NAMES.contains(&pair[1]));
        breaches.extend(modules.map(|pair| file.breach(index + 1, rule(pair[1]))));
    }
    breaches
}
